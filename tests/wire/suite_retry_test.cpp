// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: retries and timeouts of rules.
#include <atomic>

#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

using std::chrono::milliseconds;

std::string rule(const std::string& path, const std::string& more, const std::string& backend = kV3) {
  return "    - matches: [{path: {type: PathPrefix, value: " + path + "}}]\n      " + more +
         "\n      backendRefs: [{name: " + backend + ", port: 8080}]\n";
}

/// Answers `failures` requests with `status`, the next with 200, and so on again.
ScriptedBackend::Script failing(int status, int failures, std::atomic<int>& tries) {
  return [=, &tries](BackendConnection& connection) {
    while (const auto request = connection.read_request()) {
      const bool fails = tries++ % (failures + 1) < failures;
      if (!connection.send(YamlRig::answer_of(fails ? status : 200, kV3, *request))) return;
    }
  };
}

/// Reads requests and answers none, until the gateway gives up or the test ends.
void silent(BackendConnection& connection) {
  while (connection.read_request()) continue;
}

}  // namespace

TEST_CASE("HTTPRouteRetry: listed codes are tried again, as often as attempts says") {
  struct Case {
    std::string path;
    int code;
    int failures;
    int status;
    int tries;
  };
  const auto row = GENERATE(values<Case>({
      {"/500x3", 500, 2, 200, 3},
      {"/500x3", 500, 4, 500, 4},
      {"/500x3", 503, 2, 503, 1},
      {"/all-x2", 500, 1, 200, 2},
      {"/all-x2", 500, 3, 500, 3},
      {"/all-x2", 502, 1, 200, 2},
      {"/all-x2", 502, 3, 502, 3},
      {"/all-x2", 503, 1, 200, 2},
      {"/all-x2", 503, 3, 503, 3},
      {"/all-x2", 504, 1, 200, 2},
      {"/all-x2", 504, 3, 504, 3},
      {"/all-x0", 500, 1, 500, 1},
      {"/all-x0", 502, 1, 502, 1},
      {"/all-x0", 503, 1, 503, 1},
      {"/all-x0", 504, 1, 504, 1},
  }));
  YamlRig rig(route("retries", "  rules:\n" + rule("/500x3", "retry: {codes: [500], attempts: 3}") +
                                   rule("/all-x2", "retry: {codes: [500, 502, 503, 504], attempts: 2}") +
                                   rule("/all-x0", "retry: {codes: [500, 502, 503, 504], attempts: 0}")));
  std::atomic<int> tries{0};
  rig.backend(kV3).set_script(failing(row.code, row.failures, tries));
  INFO(row.path << " " << row.code << " after " << row.failures);
  const auto answer = rig.ask({.target = row.path});
  CHECK(answer.status == row.status);
  CHECK(answer.backend == kV3);
  CHECK(tries == row.tries);
}

TEST_CASE("HTTPRouteRetryConnectionError: what one endpoint refuses another gets") {
  const auto refusing = [] {
    const auto listener = listen_on_loopback();
    ::close(listener.fd);
    return listener.address;
  }();
  YamlRig rig("");
  rig.publish(route("retries", "  rules: [{retry: {attempts: 100}, backendRefs: [{name: half, port: 80}]}]") +
              "---\napiVersion: v1\nkind: Service\nmetadata: {name: half, annotations: "
              "{gatehouse.dev/endpoints: \"" +
              refusing.to_string() + "," + rig.backend(kV1).address().to_string() +
              "\"}}\nspec: {ports: [{port: 80}]}\n");
  for (int i = 0; i < 10; ++i) CHECK(outcome_of(rig.ask({})) == "infra-backend-v1 200");
}

TEST_CASE("HTTPRouteRetryWithRequestTimeout: tries go on only within the request's time") {
  const std::string spec = "retry: {codes: [500], attempts: 5}\n      timeouts: {request: 500ms}";
  YamlRig rig(route("retries", "  rules:\n" + rule("/recovers", spec) + rule("/hangs", spec, kV2)));
  std::atomic<int> tries{0};
  rig.backend(kV3).set_script(failing(500, 1, tries));
  CHECK(rig.ask({.target = "/recovers"}).status == 200);
  CHECK(tries == 2);

  tries = 0;
  rig.backend(kV2).set_script([&tries](BackendConnection& connection) {
    while (const auto request = connection.read_request())
      if (tries++ == 0 && !connection.send(YamlRig::answer_of(500, kV2, *request))) return;
  });
  CHECK(rig.ask({.target = "/hangs"}).status == 504);
  CHECK(tries == 2);
}

TEST_CASE("HTTPRouteRetryWithBackendTimeout: each try has its own time, all of them the request's") {
  const std::string each =
      "retry: {codes: [500], attempts: 3}\n      timeouts: {backendRequest: 500ms, request: 15s}";
  const std::string all = "retry: {codes: [500], attempts: 5}\n      timeouts: {request: 500ms}";
  YamlRig rig(route("retries", "  rules:\n" + rule("/each", each) + rule("/all", all, kV2)));
  std::atomic<int> tries{0};
  rig.backend(kV3).set_script(failing(500, 2, tries));
  CHECK(rig.ask({.target = "/each"}).status == 200);
  CHECK(tries == 3);
  rig.backend(kV2).set_script(silent);
  CHECK(rig.ask({.target = "/all"}).status == 504);
}

TEST_CASE(
    "HTTPRouteTimeoutRequest, HTTPRouteTimeoutBackendRequest: 504 when it passes, none when it is zero") {
  const auto timeout = GENERATE(as<std::string>(), "request", "backendRequest");
  YamlRig rig(route("timeouts", "  rules:\n" + rule("/timeout", "timeouts: {" + timeout + ": 500ms}", kV1) +
                                    rule("/silent", "timeouts: {" + timeout + ": 500ms}", kV2) +
                                    rule("/disabled", "timeouts: {" + timeout + ": 0s}", kV3)));
  rig.backend(kV2).set_script(silent);
  CHECK(rig.ask({.target = "/timeout"}).status == 200);
  CHECK(rig.ask({.target = "/silent"}).status == 504);

  rig.backend(kV3).set_script([&rig](BackendConnection& connection) {
    const auto request = connection.read_request();
    if (!request || !connection.hold()) return;
    YamlRig::echo(connection, kV3, *request);
  });
  auto client = rig.connect();
  client.send("GET /disabled HTTP/1.1\r\nHost: a.test\r\n\r\n");
  CHECK_FALSE(client.is_closed(milliseconds(1000)));
  CHECK(client.rest().empty());
  rig.backend(kV3).release();
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
}

}  // namespace gatehouse::test
