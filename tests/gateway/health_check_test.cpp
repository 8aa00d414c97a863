// SPDX-License-Identifier: Apache-2.0
// One active check: what passes, what fails and why; and what a row of them makes of the verdict.
#include "proxy/upstream/health_check.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "proxy/upstream/health_streak.h"
#include "tests/support/scripted_backend.h"

namespace gatehouse::proxy {
namespace {

using namespace std::chrono_literals;
using Kind = ir::ActiveHealthCheck::Kind;
using test::ScriptedBackend;

ir::ActiveHealthCheck check_of(Kind kind) {
  ir::ActiveHealthCheck check;
  check.kind = kind;
  check.timeout = 5s;
  return check;
}

/// Runs one check to its end on a loop of its own.
CheckOutcome run(const SocketAddress& address, const ir::ActiveHealthCheck& check,
                 const DialPlan& plan = {}) {
  auto loop = io::EventLoop::create();
  REQUIRE(loop);
  io::CancelSource cancel(**loop);
  std::optional<CheckOutcome> outcome;
  const auto keep = [](io::Task<CheckOutcome> task, std::optional<CheckOutcome>& to) -> io::Task<void> {
    to = co_await std::move(task);
  };
  io::spawn(keep(check_endpoint(**loop, address, check, plan, cancel), outcome));
  while (!outcome) (*loop)->turn(10ms);
  return *outcome;
}

std::string status_answer(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n";
}

SocketAddress refusing_address() {
  const auto listener = test::listen_on_loopback();
  ::close(listener.fd);
  return listener.address;
}

}  // namespace

TEST_CASE("an http check passes on the statuses that are expected and on no other") {
  const auto [status, passes] =
      GENERATE(table<int, bool>({{199, false}, {200, true}, {299, true}, {300, false}, {404, true}}));
  auto check = check_of(Kind::http);
  check.expected.push_back({404, 404});
  if (status == 199) check.timeout = 50ms;  // an interim response: the final one is still waited for
  ScriptedBackend backend(ScriptedBackend::answering(status_answer(status)));
  const auto outcome = run(backend.address(), check);
  CHECK(outcome.passed == passes);
  if (status == 300) CHECK(outcome.why == "status 300");
}

TEST_CASE("an http check asks for its path, with the address as host unless another is given") {
  auto check = check_of(Kind::http);
  check.path = "/healthz?deep=1";
  ScriptedBackend backend;
  REQUIRE(run(backend.address(), check).passed);
  check.host = "inner.example.com";
  REQUIRE(run(backend.address(), check).passed);
  const auto requests = backend.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].start_line == "GET /healthz?deep=1 HTTP/1.1");
  CHECK(requests[0].field("Host") == backend.address().to_string());
  CHECK(requests[0].field("Connection") == "close");
  CHECK(requests[1].field("Host") == "inner.example.com");
}

TEST_CASE("interim responses come before the one that counts") {
  const std::string early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
  ScriptedBackend backend(ScriptedBackend::answering(early + status_answer(503)));
  CHECK(run(backend.address(), check_of(Kind::http)).why == "status 503");
}

TEST_CASE("an answer that is no HTTP, or too long, fails an http check") {
  const auto answer = GENERATE(as<std::string>{}, "220 mail.example.com ESMTP\r\n\r\n", "HTTP/1.1 200\n\n",
                               "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x'));
  ScriptedBackend backend(ScriptedBackend::answering(answer));
  CHECK(run(backend.address(), check_of(Kind::http)).why == "the answer is not HTTP");
}

TEST_CASE("an endpoint that closes or resets instead of answering fails an http check") {
  const auto resets = GENERATE(false, true);
  ScriptedBackend backend([resets](test::BackendConnection& connection) {
    connection.wait_for("\r\n\r\n");
    resets ? connection.reset() : connection.close();
  });
  CHECK(run(backend.address(), check_of(Kind::http)).why == "the connection broke");
}

TEST_CASE("an answer that does not come in time fails an http check") {
  ScriptedBackend backend([](test::BackendConnection& connection) { connection.hold(); });
  auto check = check_of(Kind::http);
  check.timeout = 30ms;
  CHECK(run(backend.address(), check).why == "no answer in time");
}

TEST_CASE("an endpoint that cannot be connected to fails any check") {
  const auto kind = GENERATE(Kind::http, Kind::tcp);
  CHECK(run(refusing_address(), check_of(kind)).why == "connection refused");
}

TEST_CASE("a tcp check passes when it can connect, and sends nothing") {
  ScriptedBackend backend;
  CHECK(run(backend.address(), check_of(Kind::tcp)).passed);
  REQUIRE(backend.wait_for_connections(1));
  REQUIRE(backend.wait_until_closed());
  CHECK(backend.recorded().empty());
}

TEST_CASE("a path or host that would break the request is not sent") {
  auto check = check_of(Kind::http);
  (GENERATE(true, false) ? check.path : check.host) = "/a\r\nX: y";
  ScriptedBackend backend;
  CHECK_FALSE(run(backend.address(), check).passed);
  CHECK(backend.requests().empty());
}

TEST_CASE("only a whole row of contradictions turns a verdict") {
  ir::ActiveHealthCheck check;
  check.unhealthy_threshold = 3;
  check.healthy_threshold = 2;
  HealthStreak streak(true);
  for (const bool passed : {false, false, true, false, false}) CHECK_FALSE(streak.record(passed, check));
  CHECK(streak.record(false, check));
  CHECK_FALSE(streak.is_healthy());
  for (const bool passed : {false, true, false, true}) CHECK_FALSE(streak.record(passed, check));
  CHECK(streak.record(true, check));
  CHECK(streak.is_healthy());
}

}  // namespace gatehouse::proxy
