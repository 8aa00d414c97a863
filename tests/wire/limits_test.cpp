// SPDX-License-Identifier: Apache-2.0
// Rules L: what one client may cost, on a real worker.
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "tests/support/wire_rig.h"

namespace gatehouse::test {
namespace {

using std::chrono::milliseconds;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

TEST_CASE("L1: a head that is not complete in time is answered 408 and closed") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.header_timeout = milliseconds(150);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("GET / HTTP/1.1\r\nHost: a.test\r\nX-Slow: ");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 408);
  CHECK(response->field("Connection") == "close");
  CHECK(client.is_closed());
  CHECK(backend.connections() == 0);
}

TEST_CASE("L1: more bytes do not extend the time for a head") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.header_timeout = milliseconds(300);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("GET / HTTP/1.1\r\n");
  const auto started = std::chrono::steady_clock::now();
  int bytes = 0;
  while (!client.is_closed(milliseconds(20)) && bytes < 1000) {
    if (!client.send("X")) break;
    ++bytes;
  }
  CHECK(bytes < 1000);
  CHECK(std::chrono::steady_clock::now() - started < milliseconds(4000));
  CHECK(client.rest().substr(0, 12) == "HTTP/1.1 408");
}

TEST_CASE("L1: the time for a head runs per request of a kept connection") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.header_timeout = milliseconds(150);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  REQUIRE(client.read_response());
  CHECK_FALSE(client.is_closed(milliseconds(300)));  // idle is not slow
  client.send("GET / HT");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 408);
}

TEST_CASE("L2: a request body that stops is answered 408, and the backend is cut off") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.body_idle_timeout = milliseconds(150);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhalf");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 408);
  CHECK(client.is_closed());
  CHECK(backend.wait_until_closed());
  CHECK(backend.requests().empty());
}

TEST_CASE("L3: a client that does not read is cut off, and the backend with it") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.read_request()) return;
    const std::string block(1 << 20, 'x');
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
    for (int i = 0; i < 1024; ++i)
      if (!connection.send(block)) return;
  });
  WirePlan plan;
  plan.limits.send_timeout = milliseconds(200);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  CHECK(backend.wait_until_closed());
  CHECK(client.is_closed());
  CHECK(client.was_reset());
}

TEST_CASE("L4: an idle connection is closed after the idle timeout") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.idle_timeout = milliseconds(100);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto used = gateway.connect();
  auto unused = gateway.connect();
  used.send(kGet);
  REQUIRE(used.read_response());
  CHECK(used.is_closed());
  CHECK(unused.is_closed());
  CHECK_FALSE(used.was_reset());
}

TEST_CASE("L4: the last request a connection may carry says so, and the connection closes") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.max_requests_per_connection = 3;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 1; i <= 3; ++i) {
    client.send(kGet);
    const auto response = client.read_response();
    REQUIRE(response);
    CHECK(response->field("Connection") == (i == 3 ? "close" : ""));
  }
  CHECK(client.is_closed());
}

TEST_CASE("L4: a warm backend connection ages out") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.pool.idle_timeout = milliseconds(100);
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(kGet);
  REQUIRE(client.read_response());
  CHECK(backend.wait_until_closed());
}

TEST_CASE("L4: a backend connection carries no more requests than allowed") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.pool.max_requests_per_connection = 2;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 0; i < 4; ++i) {
    client.send(kGet);
    REQUIRE(client.read_response());
  }
  CHECK(backend.connections() == 2);
}

TEST_CASE("L6: connections over the limit are closed; one that ends makes room") {
  ScriptedBackend backend;
  WirePlan plan;
  SECTION("of the worker") {
    plan.max_connections = 2;
  }
  SECTION("of the listener") {
    plan.limits.max_connections = 2;
  }
  SECTION("of one client address") {
    plan.limits.max_connections_per_address = 2;
  }
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto first = gateway.connect();
  auto second = gateway.connect();
  first.send(kGet);
  REQUIRE(first.read_response());
  second.send(kGet);
  REQUIRE(second.read_response());
  auto third = gateway.connect();
  CHECK(third.is_closed());
  first.close();
  gateway.settle();
  auto fourth = gateway.connect();
  fourth.send(kGet);
  const auto response = fourth.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
}

/// Lowers the number of descriptors this process may open until it is destroyed.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t most) {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit lower = before_;
    lower.rlim_cur = most;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &lower) == 0);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_CASE("L6: out of descriptors the worker neither spins nor forgets who waits") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto warm = gateway.connect();
  warm.send(kGet);
  REQUIRE(warm.read_response());
  const int lowest_free = dup(0);
  REQUIRE(lowest_free >= 0);
  ::close(lowest_free);
  std::optional<RawClient> waiting;
  // Counted outside: UBSan itself needs a descriptor to look at a type it has not met before.
  const auto turns = [&] { return std::stoull("0" + gateway.metric("gatehouse_loop_turns_total")); };
  const auto before = turns();
  {
    // Room for the client's own descriptor and none for the worker's.
    const DescriptorLimit limit(static_cast<rlim_t>(lowest_free) + 1);
    waiting.emplace(gateway.address());
    waiting->send(kGet);
    CHECK_FALSE(waiting->is_closed(milliseconds(350)));
    warm.send(kGet);  // an open connection is served all the same
    CHECK(warm.read_response());
  }
  CHECK(turns() > before);
  CHECK(turns() - before < 30);
  const auto response = waiting->read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
}

TEST_CASE("L7: a body announced too long is refused before anything reaches the backend") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.max_body_bytes = 10;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 413);
  CHECK(client.is_closed());
  CHECK(backend.connections() == 0);
}

TEST_CASE("L7: a chunked body that crosses the limit is refused and its backend aborted") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.max_body_bytes = 10;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  const auto pace = GENERATE(Pace::whole, Pace::byte_by_byte);
  auto client = gateway.connect(pace);
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("8\r\n12345678\r\n");
  client.send("8\r\n12345678\r\n0\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 413);
  CHECK(client.is_closed());
  CHECK(backend.wait_until_closed());
  CHECK(backend.requests().empty());
}

TEST_CASE("L7: a whole chunked body over the limit in one segment with its head is refused too") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.max_body_bytes = 10;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 413);
  CHECK(backend.requests().empty());
}

TEST_CASE("L7: a body of exactly the limit passes") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.limits.max_body_bytes = 10;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\na\r\n1234567890\r\n0\r\n\r\n");
  const auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  REQUIRE(backend.requests().size() == 1);
  CHECK(backend.requests().front().body == "1234567890");
}

TEST_CASE("L13: nothing that a request says becomes a label") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 0; i < 20; ++i) {
    const auto n = std::to_string(i);
    client.send("SPY" + n + " /needle-" + n + " HTTP/1.1\r\nHost: needle-" + n +
                ".test\r\nUser-Agent: needle\r\n\r\n");
    REQUIRE(client.read_response());
  }
  const auto metrics = gateway.probes().render();
  CHECK(metrics.find("needle") == std::string::npos);
  CHECK(metrics.find("SPY") == std::string::npos);
}

}  // namespace
}  // namespace gatehouse::test
