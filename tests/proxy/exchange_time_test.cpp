// SPDX-License-Identifier: Apache-2.0
// The shipped time limits, on a clock that the test moves.
#include <catch2/catch.hpp>

#include "tests/base/fake_clock.h"
#include "tests/proxy/exchange_driver.h"

namespace gatehouse::proxy {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Moves time on step by step, as a running loop sees it pass.
void pass(ExchangeRig& rig, FakeClock& clock, Duration time, Duration step = seconds(1)) {
  for (Duration passed{}; passed < time; passed += step) {
    clock.advance(step);
    rig.loop().turn(Duration::zero());
  }
  rig.settle();
}

bool backend_gets(ExchangeRig& rig, std::string_view text) {
  return rig.run_until([&] { return !rig.backends().empty() && rig.backends().back().has(text); });
}

ClientRequest post() {
  ClientRequest request;
  request.method = "POST";
  request.body = ClientRequest::Body::streamed;
  return request;
}

TEST_CASE("L1: a head has 10 s from its first byte") {
  FakeClock clock;
  ExchangeRig rig({}, clock);
  Http1Driver client(rig);
  pass(rig, clock, seconds(30));  // silence before the first byte is not slowness
  client.send_raw("GET / HTTP/1.1\r\n");
  rig.settle();
  for (int i = 0; i < 9; ++i) {
    pass(rig, clock, seconds(1));
    client.send_raw("X");
  }
  CHECK(client.status() == 0);
  pass(rig, clock, seconds(2));
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 408);
}

TEMPLATE_TEST_CASE("L2: a body may stand still for 30 s", "", Http1Driver, MultiplexedDriver) {
  FakeClock clock;
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.min_body_rate = 0; }, clock);
  TestType client(rig);
  client.begin(post());
  client.send_body("some");
  REQUIRE(backend_gets(rig, "some"));
  pass(rig, clock, seconds(29));
  client.send_body("more");
  REQUIRE(backend_gets(rig, "more"));
  pass(rig, clock, seconds(29));
  CHECK(client.status() == 0);
  pass(rig, clock, seconds(2));
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 408);
}

TEMPLATE_TEST_CASE("L2: a body below 240 bytes per second is refused, but not in its first 10 s", "",
                   Http1Driver, MultiplexedDriver) {
  FakeClock clock;
  ExchangeRig rig({}, clock);
  TestType client(rig);
  client.begin(post());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  for (int i = 0; i < 9; ++i) {
    client.send_body(std::string(100, 'x'));
    rig.settle();
    pass(rig, clock, seconds(1));
  }
  CHECK(client.status() == 0);
  pass(rig, clock, seconds(2));
  client.send_body(std::string(100, 'x'));
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 408);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
}

TEMPLATE_TEST_CASE("L2: a body above the least rate may take as long as it likes", "", Http1Driver,
                   MultiplexedDriver) {
  FakeClock clock;
  ExchangeRig rig({}, clock);
  TestType client(rig);
  client.begin(post());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  for (int i = 0; i < 25; ++i) {
    client.send_body(std::string(2'600, 'x'));
    rig.settle();
    pass(rig, clock, seconds(10));
  }
  CHECK(client.status() == 0);
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  rig.backend().send(kOk);
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 200);
}

TEMPLATE_TEST_CASE("L3: a client that takes nothing is given 60 s", "", Http1Driver, MultiplexedDriver) {
  FakeClock clock;
  ExchangeRig rig({}, clock);
  TestType client(rig);
  client.begin({});
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  client.pause_reading();
  const std::string body(32 << 20, 'x');
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  std::size_t before = 0;
  do {
    before = rig.backend().sent;
    rig.settle();
  } while (rig.backend().sent != before);
  pass(rig, clock, seconds(59));
  CHECK(rig.open_backends() == 1);
  pass(rig, clock, seconds(2));
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
}

TEST_CASE("L4: a client's connection may idle for 75 s, a backend's for 60 s") {
  FakeClock clock;
  ExchangeRig rig({}, clock);
  Http1Driver client(rig);
  client.begin({});
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send(kOk);
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  pass(rig, clock, seconds(59));
  CHECK(rig.open_backends() == 1);
  pass(rig, clock, seconds(2));
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  pass(rig, clock, seconds(13));
  CHECK_FALSE(client.is_closed());
  pass(rig, clock, seconds(3));
  CHECK(rig.run_until([&] { return client.is_closed(); }));
}

TEMPLATE_TEST_CASE("B4: a backend has 60 s between two bytes", "", Http1Driver, MultiplexedDriver) {
  FakeClock clock;
  ExchangeRig rig({}, clock);
  TestType client(rig);
  client.begin({});
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  pass(rig, clock, seconds(59));
  CHECK(client.status() == 0);
  pass(rig, clock, seconds(2));
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 504);
}

TEST_CASE("W1: a tunnel may idle for an hour, and traffic either way counts") {
  FakeClock clock;
  ExchangeRig rig({}, clock);
  Http1Driver client(rig);
  ClientRequest request;
  request.fields =
      "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  client.begin(request);
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.status() == 101; }));
  pass(rig, clock, minutes(59), minutes(1));
  rig.backend().send("down");
  REQUIRE(rig.run_until([&] { return client.tunnelled() == "down"; }));
  pass(rig, clock, minutes(59), minutes(1));
  client.send_raw("from-client");
  REQUIRE(backend_gets(rig, "from-client"));
  pass(rig, clock, minutes(59), minutes(1));
  CHECK(rig.open_backends() == 1);
  pass(rig, clock, minutes(3), minutes(1));
  CHECK(rig.run_until([&] { return rig.open_backends() == 0 && client.is_closed(); }));
}

TEST_CASE("D8: requests in flight do not notice a jump of the wall clock") {
  FakeClock clock;
  ExchangeRig rig({}, clock);
  Http1Driver client(rig);
  client.begin({});
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  clock.jump_wall(GENERATE(Duration(std::chrono::hours(24)), Duration(-std::chrono::hours(24))));
  rig.settle();
  rig.backend().send(kOk);
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 200);
}

}  // namespace
}  // namespace gatehouse::proxy
