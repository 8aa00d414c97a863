// SPDX-License-Identifier: Apache-2.0
// One list of scenarios for the exchange, run over HTTP/1, HTTP/2 and a scripted multiplexed stream.
#include <catch2/catch.hpp>

#include "tests/proxy/exchange_driver.h"
#include "tests/proxy/http2_driver.h"

namespace gatehouse::proxy {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

ClientRequest get() {
  return {};
}
ClientRequest post() {
  ClientRequest request;
  request.method = "POST";
  request.body = ClientRequest::Body::streamed;
  return request;
}
ClientRequest upgrade() {
  ClientRequest request;
  request.fields =
      "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  return request;
}

/// Waits until the backend has received `text` on its newest connection.
bool backend_gets(ExchangeRig& rig, std::string_view text) {
  return rig.run_until([&] { return !rig.backends().empty() && rig.backends().back().has(text); });
}

template <class Driver>
void check_rules(const Driver& driver) {
  CHECK(driver.broken_rules() == std::vector<std::string>{});
}

/// Every pairing of what the client and the backend speak.
#define SCENARIO_OVER_ALL(name)                                                          \
  TEMPLATE_TEST_CASE("exchange: " name, "", Http1Driver, MultiplexedDriver, Http2Driver, \
                     ToHttp2Backend<Http1Driver>, ToHttp2Backend<MultiplexedDriver>,     \
                     ToHttp2Backend<Http2Driver>)

SCENARIO_OVER_ALL("GET and its answer") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  CHECK(rig.backend().received.substr(0, 16) == "GET / HTTP/1.1\r\n");
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-From: backend\r\n\r\nok");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 200);
  CHECK(client.body() == "ok");
  CHECK(client.field("X-From") == "backend");
  check_rules(client);
}

SCENARIO_OVER_ALL("a connection that served is warm for the next exchange") {
  RigFor<TestType> rig;
  for (int i = 0; i < 3; ++i) {
    TestType client(rig);
    client.begin(get());
    REQUIRE(rig.run_until([&] {
      return !rig.backends().empty() &&
             std::count(rig.backend().received.begin(), rig.backend().received.end(), 'G') > i;
    }));
    rig.backend().send(kOk);
    REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  }
  CHECK(rig.backends().size() == 1);
}

SCENARIO_OVER_ALL("POST whose body comes in pieces") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(post());
  client.send_body("first,");
  REQUIRE(backend_gets(rig, "first,"));
  client.send_body("second,");
  REQUIRE(backend_gets(rig, "second,"));
  CHECK_FALSE(rig.backend().has("\r\n0\r\n\r\n"));
  client.send_body("third");
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  const auto requests = test::all_requests(rig.backend().received);
  REQUIRE(requests.size() == 1);
  CHECK(requests.front().body == "first,second,third");
  rig.backend().send(kOk);
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  check_rules(client);
}

SCENARIO_OVER_ALL("an upload larger than every window arrives whole") {
  RigFor<TestType> rig;
  TestType client(rig);
  std::string body;
  for (int i = 0; body.size() < 1'000'000; ++i) body += std::to_string(i) + ",";
  client.begin(post());
  client.send_body(body);
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  const auto requests = test::all_requests(rig.backend().received);
  REQUIRE(requests.size() == 1);
  CHECK((requests.front().body == body));
  rig.backend().send(kOk);
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  check_rules(client);
}

SCENARIO_OVER_ALL("a chunked response passes chunk by chunk") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  REQUIRE(rig.run_until([&] { return client.body().find("one") != std::string::npos; }));
  CHECK_FALSE(client.is_complete());
  rig.backend().send("3\r\ntwo\r\n");
  REQUIRE(rig.run_until([&] { return client.body().find("two") != std::string::npos; }));
  CHECK_FALSE(client.is_complete());
  rig.backend().send("0\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.body() == "onetwo");
  check_rules(client);
}

SCENARIO_OVER_ALL("a download larger than every window arrives whole") {
  RigFor<TestType> rig;
  TestType client(rig);
  std::string body;
  for (int i = 0; body.size() < 1'000'000; ++i) body += std::to_string(i) + ",";
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK((client.body() == body));
  check_rules(client);
}

SCENARIO_OVER_ALL("F10: trailers pass both ways to those who asked for them") {
  const bool asked = GENERATE(true, false);
  const bool in_pieces = GENERATE(true, false);
  RigFor<TestType> rig;
  TestType client(rig);
  auto request = post();
  if (asked) request.fields = "TE: trailers\r\n";
  client.begin(request);
  client.send_body("hi");
  if (in_pieces) REQUIRE(backend_gets(rig, "hi"));
  client.end_body({{"X-Up", "1"}});
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  REQUIRE(rig.run_until([&] { return test::all_requests(rig.backend().received).size() == 1; }));
  CHECK((lower_case(rig.backend().received).find("x-up: 1") != std::string::npos) == asked);
  rig.backend().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
  if (in_pieces) REQUIRE(rig.run_until([&] { return client.body().find("ok") != std::string::npos; }));
  rig.backend().send("0\r\nX-Down: 1\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.has_trailer("X-Down") == asked);
  check_rules(client);
}

SCENARIO_OVER_ALL("B8: an answer during the upload is relayed, the upload stops, the backend is let go") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(post());
  client.send_body("some");
  REQUIRE(backend_gets(rig, "some"));
  rig.backend().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 403);
  REQUIRE(rig.run_until([&] { return rig.open_backends() == 0; }));
  CHECK(test::all_requests(rig.backend().received).empty());
  check_rules(client);
}

SCENARIO_OVER_ALL("B15: a client that leaves while waiting takes the backend request with it") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  client.leave();
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  check_rules(client);
}

SCENARIO_OVER_ALL("B15: a client that leaves while the response comes ends the backend connection") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  REQUIRE(rig.run_until([&] { return client.status() == 200; }));
  client.leave();
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  check_rules(client);
}

SCENARIO_OVER_ALL("B15: a client that leaves during its upload never completes the backend request") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(post());
  client.send_body("half");
  REQUIRE(backend_gets(rig, "half"));
  client.leave();
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  CHECK(test::all_requests(rig.backend().received).empty());
  check_rules(client);
}

SCENARIO_OVER_ALL("B3: a backend that breaks before or within its head is a 502") {
  const auto sent = GENERATE(as<std::string>{}, "", "HTTP/1.1 200 OK\r\nContent-");
  const bool reset = GENERATE(true, false);
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send(sent);
  rig.settle();
  reset ? rig.backend().socket.reset() : rig.backend().socket.close();
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 502);
  check_rules(client);
}

SCENARIO_OVER_ALL("B3: a backend that breaks within its body never gives the client a clean end") {
  const auto sent = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send(sent);
  REQUIRE(rig.run_until([&] { return client.status() == 200; }));
  rig.backend().socket.close();
  REQUIRE(rig.run_until([&] { return client.is_over(); }));
  CHECK_FALSE(client.is_complete());
  check_rules(client);
}

SCENARIO_OVER_ALL("B3: an answer that breaks off after any byte is a 502 or no clean end") {
  const auto answer = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
  const auto head = answer.find("\r\n\r\n") + 4;
  RigFor<TestType> rig;
  for (std::size_t size = 0; size < answer.size(); size += size < head - 1 ? 7 : 1) {
    TestType client(rig);
    client.begin(get());
    const auto known = rig.backends().size();
    REQUIRE(rig.run_until(
        [&] { return rig.backends().size() > known && rig.backends().back().has("\r\n\r\n"); }));
    rig.backends().back().send(answer.substr(0, size));
    rig.settle();
    rig.backends().back().socket.close();
    rig.backends().back().ended = true;
    REQUIRE(rig.run_until([&] { return client.is_over(); }));
    INFO("after " << size << " bytes");
    CHECK(client.is_complete() == (size < head));
    CHECK(client.status() == (size < head ? 502 : 200));
    check_rules(client);
  }
}

SCENARIO_OVER_ALL("F24: interim responses are relayed before the final one") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.interim().size() == 1; }));
  rig.backend().send("HTTP/1.1 102 Processing\r\n\r\n" + std::string(kOk));
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.interim() == std::vector<int>{103, 102});
  CHECK(client.status() == 200);
  check_rules(client);
}

SCENARIO_OVER_ALL("F23: HEAD ends with its head, and the connection stays warm") {
  RigFor<TestType> rig;
  TestType client(rig);
  auto request = get();
  request.method = "HEAD";
  client.begin(request);
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.field("Content-Length") == "1000");
  CHECK(client.body().empty());
  rig.settle();
  CHECK(rig.open_backends() == 1);
  check_rules(client);
}

SCENARIO_OVER_ALL("F23: 204 and 304 end with their head") {
  const auto line = GENERATE(as<std::string>{}, "HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified");
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send(line + "\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.body().empty());
  rig.settle();
  CHECK(rig.open_backends() == 1);
  check_rules(client);
}

SCENARIO_OVER_ALL("a body that the backend ends by closing is complete for the client") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  REQUIRE(rig.run_until([&] { return client.status() == 200; }));
  rig.backend().socket.close();
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.body() == "until the end");
  check_rules(client);
}

SCENARIO_OVER_ALL("B4: no answer in time is a 504") {
  const bool per_try = GENERATE(true, false);
  RigFor<TestType> rig([&](test::WirePlan& plan) {
    auto& timeouts = plan.routes.front().rule().timeouts;
    (per_try ? timeouts.backend_request : timeouts.request) = milliseconds(60);
  });
  TestType client(rig);
  client.begin(get());
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 504);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  check_rules(client);
}

SCENARIO_OVER_ALL("B4: a response that stops is cut off in time") {
  RigFor<TestType> rig(
      [](test::WirePlan& plan) { plan.clusters.front().pool.read_timeout = milliseconds(60); });
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  REQUIRE(rig.run_until([&] { return client.is_over(); }));
  CHECK_FALSE(client.is_complete());
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  check_rules(client);
}

SCENARIO_OVER_ALL("L2: a request body that stops is a 408") {
  RigFor<TestType> rig([](test::WirePlan& plan) { plan.limits.body_idle_timeout = milliseconds(60); });
  TestType client(rig);
  client.begin(post());
  client.send_body("half");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 408);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  CHECK(test::all_requests(rig.backend().received).empty());
  check_rules(client);
}

SCENARIO_OVER_ALL("L7: a body that crosses the limit is a 413 and its backend request is aborted") {
  RigFor<TestType> rig([](test::WirePlan& plan) { plan.limits.max_body_bytes = 10; });
  TestType client(rig);
  client.begin(post());
  client.send_body("12345678");
  REQUIRE(backend_gets(rig, "12345678"));
  client.send_body("9abcdef");
  client.end_body();
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 413);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  CHECK(test::all_requests(rig.backend().received).empty());
  check_rules(client);
}

SCENARIO_OVER_ALL("L8: a client that does not read stops the backend, and goes on later") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  const std::string body(32 << 20, 'x');
  client.pause_reading();
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  // What left the backend is in windows and in the kernel's buffers, not in the gateway.
  std::size_t before = 0;
  do {
    before = rig.backend().sent;
    rig.settle();
  } while (rig.backend().sent != before);
  CHECK(rig.backend().unsent.size() > 8 << 20);
  client.resume_reading();
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.body().size() == body.size());
  check_rules(client);
}

SCENARIO_OVER_ALL("L8: a backend that does not read stops the client, and goes on later") {
  RigFor<TestType> rig;
  TestType client(rig);
  client.begin(post());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().reads = false;
  const std::string body(32 << 20, 'x');
  client.send_body(body);
  client.end_body();
  std::size_t before = 0;
  do {
    before = client.client_bytes_left();
    rig.settle();
  } while (client.client_bytes_left() != before);
  CHECK(client.client_bytes_left() > 8 << 20);
  rig.backend().reads = true;
  REQUIRE(rig.run_until([&] { return rig.backend().received.size() > body.size(); }));
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  rig.backend().send(kOk);
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  check_rules(client);
}

SCENARIO_OVER_ALL("L3: a client that takes nothing for too long is cut off") {
  RigFor<TestType> rig([](test::WirePlan& plan) { plan.limits.send_timeout = milliseconds(80); });
  TestType client(rig);
  client.begin(get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  client.pause_reading();
  const std::string body(32 << 20, 'x');
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  client.resume_reading();
  CHECK(rig.run_until([&] { return client.is_over(); }));
  CHECK_FALSE(client.is_complete());
  check_rules(client);
}

SCENARIO_OVER_ALL("H4: a tunnel carries bytes both ways until both sides have ended") {
  RigFor<TestType> rig;
  TestType client(rig);
  if constexpr (TestType::kMultiplexed) client.keep_open();
  client.begin(upgrade());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nearly");
  REQUIRE(rig.run_until([&] { return client.tunnelled() == "early"; }));
  CHECK(client.status() == 101);
  client.send_raw("ping");
  REQUIRE(backend_gets(rig, "ping"));
  rig.backend().send("pong");
  REQUIRE(rig.run_until([&] { return client.tunnelled() == "earlypong"; }));
  client.leave();
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  check_rules(client);
}

SCENARIO_OVER_ALL("D2: a tunnel and a streaming response hold no runtime") {
  const bool tunnel = GENERATE(true, false);
  RigFor<TestType> rig;
  TestType client(rig);
  if constexpr (TestType::kMultiplexed)
    if (tunnel) client.keep_open();
  client.begin(tunnel ? upgrade() : get());
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send(
      tunnel ? "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
             : "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  REQUIRE(rig.run_until([&] { return client.status() != 0; }));
  CHECK(rig.worker().runtime()->refs() == 1);  // the worker's own
  client.leave();
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
}

}  // namespace
}  // namespace gatehouse::proxy
