// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: RequestMirror.
#include <cmath>

#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

std::string rule(const std::string& path, const std::string& mirrors) {
  return "    - matches: [{path: {type: PathPrefix, value: " + path + "}}]\n      filters: [" + mirrors +
         "]\n      backendRefs: [{name: infra-backend-v1, port: 8080}]\n";
}

std::string mirror(const std::string& backend, const std::string& share = "") {
  return "{type: RequestMirror, requestMirror: {backendRef: {name: " + backend + ", port: 8080}" +
         (share.empty() ? "" : ", " + share) + "}}";
}

const std::string kModifier =
    "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Set, value: new}], "
    "add: [{name: X-Add, value: more}], remove: [X-Remove]}}, ";

}  // namespace

TEST_CASE("HTTPRouteRequestMirror: a copy goes to the mirror, the answer comes from the backend") {
  YamlRig rig(route("mirror",
                    "  rules:\n" + rule("/mirror", mirror(kV2)) + rule("/headers", kModifier + mirror(kV2))));
  CHECK(outcome_of(rig.ask({.target = "/mirror?id=1"})) == "infra-backend-v1 200");
  REQUIRE(rig.backend(kV2).wait_for_requests(1));
  const auto copy = rig.backend(kV2).requests().front();
  CHECK(copy.start_line == "GET /mirror?id=1 HTTP/1.1");
  CHECK(copy.field("Host") == "a.test");

  const auto answer = rig.ask({.target = "/headers", .fields = {"X-Remove: 1", "X-Add: one"}});
  CHECK(answer.backend == kV1);
  CHECK(answer.request.field("X-Set") == "new");
  CHECK(answer.request.field("X-Add") == "one,more");
  CHECK_FALSE(answer.request.has("X-Remove"));
  CHECK(rig.backend(kV2).wait_for_requests(2));
}

TEST_CASE("HTTPRouteRequestMultipleMirrors: each mirror gets its copy") {
  YamlRig rig(route("mirror", "  rules:\n" + rule("/mirror", mirror(kV2) + ", " + mirror(kV3))));
  CHECK(outcome_of(rig.ask({.target = "/mirror"})) == "infra-backend-v1 200");
  CHECK(rig.backend(kV2).wait_for_requests(1));
  CHECK(rig.backend(kV3).wait_for_requests(1));
}

TEST_CASE("HTTPRouteRequestPercentageMirror: the share of copies is the configured one") {
  struct Share {
    std::string text;
    double part;
  };
  const auto share = GENERATE(values<Share>({{"percent: 20", 0.2},
                                             {"fraction: {numerator: 25, denominator: 50}", 0.5},
                                             {"percent: 35", 0.35},
                                             {"percent: 0", 0},
                                             {"percent: 100", 1}}));
  YamlRig rig(route("mirror", "  rules:\n" + rule("/mirror", mirror(kV2, share.text))));
  constexpr int kRequests = 500;
  for (int i = 0; i < kRequests; ++i) REQUIRE(rig.ask({.target = "/mirror"}).backend == kV1);
  rig.gateway().settle();
  REQUIRE(rig.backend(kV2).wait_until_caught_up());
  const double copies = static_cast<double>(rig.backend(kV2).requests().size());
  // Five standard deviations: a wrong share is far outside, chance practically never.
  CHECK(std::abs(copies - kRequests * share.part) <=
        5 * std::sqrt(kRequests * share.part * (1 - share.part)));
}

TEST_CASE("a mirror that cannot be reached, or never answers, costs the request nothing") {
  YamlRig rig(route("mirror", "  rules:\n" + rule("/mirror", mirror(kV2) + ", " + mirror(kV3))));
  rig.backend(kV2).set_script([](BackendConnection& connection) { connection.hold(); });
  rig.backend(kV3).set_script([](BackendConnection& connection) { connection.reset(); });
  for (int i = 0; i < 3; ++i) CHECK(outcome_of(rig.ask({.target = "/mirror"})) == "infra-backend-v1 200");
}

TEST_CASE("a copy has the body of its request") {
  YamlRig rig(route("mirror", "  rules:\n" + rule("/mirror", mirror(kV2))));
  auto client = rig.connect();
  client.send("POST /mirror HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->field("X-Served-By") == kV1);
  REQUIRE(rig.backend(kV2).wait_for_requests(1));
  CHECK(rig.backend(kV2).requests().front().body == "hello");
}

}  // namespace gatehouse::test
