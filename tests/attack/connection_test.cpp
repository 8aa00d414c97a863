// SPDX-License-Identifier: Apache-2.0
// What follows what on one connection: early answers, close, pipelining, HTTP/1.0 (F20, F26-F29).
#include <catch2/catch.hpp>

#include "tests/support/attack_rig.h"

using namespace gatehouse::test;
using namespace std::string_literals;

namespace {

constexpr Pace kPaces[] = {Pace::whole, Pace::byte_by_byte};
const std::string kHidden(kSmuggled);

/// Answers each request with its own target as the body.
void echo_target(BackendConnection& connection) {
  while (const auto request = connection.read_request()) {
    const auto target = request->start_line.substr(0, request->start_line.rfind(' '));
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(target.size()) + "\r\n\r\n" +
                    target);
  }
}

}  // namespace

TEST_CASE("F20: the body of a request that is answered early is never read as a request") {
  WirePlan plan;
  plan.hostname = "a.test";
  plan.limits.max_body_bytes = 1'000;
  AttackRig rig(plan);
  const auto unknown_host = "POST /a HTTP/1.1\r\nHost: b.test\r\n";
  const auto size = std::to_string(kHidden.size());
  const std::vector<Attack> attacks = {
      {"F20",
       "404, all of the body there",
       unknown_host + "Content-Length: "s + size + "\r\n\r\n" + kHidden,
       {404}},
      {"F20",
       "404, chunked",
       unknown_host + "Transfer-Encoding: chunked\r\n\r\n29\r\n"s + kHidden + "\r\n0\r\n\r\n",
       {404}},
      {"F20", "413, none of it allowed", post({"Content-Length: 5000"}, kHidden + kHidden), {413}},
  };
  for (const auto& attack : attacks) {
    for (const auto pace : kPaces) {
      INFO(attack.name << kPaceNames[pace == Pace::byte_by_byte]);
      const auto sight = rig.attack(attack.bytes, pace, AttackRig::Then::half_close);
      REQUIRE(sight.answers.size() == 1);
      CHECK(sight.status() == attack.statuses.front());
      CHECK(sight.closed);
      CHECK(sight.reached_bytes.empty());
    }
  }
}

TEST_CASE("F20: a backend's early answer to an unfinished body ends the connection") {
  AttackRig rig({}, [](BackendConnection& connection) {
    connection.wait_for("\r\n\r\n");
    connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    connection.wait_for_close();
  });
  for (const auto pace : kPaces) {
    rig.backend.forget();
    auto client = rig.gateway.connect(pace);
    client.send(post({"Content-Length: 100"}, "partial"));
    const auto answer = client.read_response();
    REQUIRE(answer);
    CHECK(answer->status() == 403);
    CHECK(answer->field("Connection") == "close");
    client.send(std::string(93, 'x') + kHidden);
    CHECK(client.is_closed());
    CHECK(client.rest().empty());
    REQUIRE(rig.backend.wait_until_caught_up());
    CHECK(rig.backend.recorded().find("smuggled") == std::string::npos);
  }
}

TEST_CASE("F26: an HTTP/1.0 client gets no chunked body, and the close ends it") {
  AttackRig rig({},
                ScriptedBackend::answering(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  for (const auto* fields : {"", "Connection: keep-alive\r\n"}) {
    for (const auto pace : kPaces) {
      const auto sight = rig.attack("GET /a HTTP/1.0\r\nHost: a.test\r\n"s + fields + "\r\n", pace);
      REQUIRE(sight.answers.size() == 1);
      const auto& answer = sight.answers.front();
      CHECK(answer.status() == 200);
      CHECK_FALSE(answer.has("Transfer-Encoding"));
      CHECK(answer.body == "abcde");
      CHECK(sight.closed);
      CHECK_FALSE(sight.reset);
    }
  }
}

TEST_CASE("F27: pipelined requests are answered in order") {
  AttackRig rig({}, echo_target);
  std::string bytes;
  for (int i = 0; i < 50; ++i)
    bytes += i % 3 == 0 ? post({"Content-Length: 3"}, "abc") : get({}, "/" + std::to_string(i));
  for (const auto pace : kPaces) {
    const auto sight = rig.exchange(bytes, pace, 50);
    REQUIRE(sight.answers.size() == 50);
    CHECK(sight.rest.empty());
    for (int i = 0; i < 50; ++i)
      CHECK(sight.answers[static_cast<std::size_t>(i)].body ==
            (i % 3 == 0 ? "POST /a" : "GET /" + std::to_string(i)));
    CHECK(sight.reached.size() == 50);
  }
}

TEST_CASE("F27: nothing is read behind a request with Connection: close") {
  AttackRig rig;
  for (const auto* option : {"close", "Close", "CLOSE", "keep-alive, close", "close, keep-alive", ",close,",
                             "x-a\r\nConnection: close", "upgrade, close"}) {
    for (const auto pace : kPaces) {
      INFO(option);
      const auto sight = rig.attack(get({"Connection: "s + option}) + kHidden, pace);
      REQUIRE(sight.answers.size() == 1);
      CHECK(sight.status() == 200);
      CHECK(sight.answers.front().field("Connection") == "close");
      CHECK(sight.closed);
      CHECK(sight.reached.size() == 1);
      CHECK(sight.reached_bytes.find("smuggled") == std::string::npos);
    }
  }
}

TEST_CASE("F27: a response with Connection: close ends the backend's connection only") {
  AttackRig rig(
      {}, ScriptedBackend::answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"));
  for (const auto pace : kPaces) {
    const auto sight = rig.exchange(get({}) + get({}), pace, 2);
    CHECK(sight.answers.size() == 2);
    CHECK(sight.answers.at(0).count("Connection") == 0);
    CHECK(rig.backend.connections() == 2);
  }
}

TEST_CASE("F27: a refused request behind a good one is refused, and nothing follows") {
  AttackRig rig;
  const auto bytes = get({}) + get({"A : b"}) + kHidden;
  for (const auto pace : kPaces) {
    const auto sight = rig.attack(bytes, pace);
    REQUIRE(sight.answers.size() == 2);
    CHECK(sight.answers[0].status() == 200);
    CHECK(sight.answers[1].status() == 400);
    CHECK(sight.closed);
    CHECK(sight.reached.size() == 1);
    CHECK(sight.reached_bytes.find("smuggled") == std::string::npos);
  }
}

TEST_CASE("F28: a client that is still sending sees the 400 and no reset") {
  AttackRig rig;
  for (const auto pace : kPaces) {
    auto client = rig.gateway.connect(pace);
    client.send(get({"A : b"}));
    client.send(std::string(2'000, 'x'));
    const auto answer = client.read_response();
    REQUIRE(answer);
    CHECK(answer->status() == 400);
    client.send(std::string(2'000, 'y'));
    client.half_close();
    CHECK(client.is_closed());
    CHECK_FALSE(client.was_reset());
  }
}

TEST_CASE("F29: an HTTP/1.0 connection is closed, also when keep-alive was asked for") {
  AttackRig rig;
  for (const auto* fields :
       {"", "Connection: keep-alive\r\n", "Connection: Keep-Alive\r\nKeep-Alive: 5\r\n"}) {
    for (const auto pace : kPaces) {
      const auto sight = rig.attack("GET /a HTTP/1.0\r\nHost: a.test\r\n"s + fields + "\r\n" + kHidden, pace);
      REQUIRE(sight.answers.size() == 1);
      CHECK(sight.status() == 200);
      CHECK(sight.closed);
      CHECK(sight.reached.size() == 1);
      CHECK(sight.reached_bytes.find("smuggled") == std::string::npos);
    }
  }
}

TEST_CASE("F29: keep-alive with an HTTP/1.0 client is an option") {
  WirePlan plan;
  plan.settings.request_rules.http10_keep_alive = true;
  AttackRig rig(plan);
  const auto kept = "GET /a HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"s;
  const auto closed = "GET /a HTTP/1.0\r\nHost: a.test\r\n\r\n"s;
  for (const auto pace : kPaces) {
    const auto sight = rig.attack(kept + kept + closed + kHidden, pace);
    REQUIRE(sight.answers.size() == 3);
    CHECK(sight.answers[0].field("Connection") == "keep-alive");
    CHECK(sight.answers[2].field("Connection") == "close");
    CHECK(sight.reached.size() == 3);
  }
}
