// SPDX-License-Identifier: Apache-2.0
// Exchanges of gRPC clients over HTTP/1 and over a multiplexed stream: failures, deadlines, gRPC-Web.
#include <catch2/catch.hpp>

#include "proxy/http/grpc_web.h"
#include "tests/base/fake_clock.h"
#include "tests/proxy/exchange_driver.h"

namespace gatehouse::proxy {
namespace {

using namespace std::chrono_literals;

ClientRequest call(std::string content_type = "application/grpc", std::string more = {}) {
  ClientRequest request;
  request.method = "POST";
  request.path = "/a.Service/Method";
  request.fields = "Content-Type: " + content_type + "\r\nTE: trailers\r\n" + more;
  request.body = ClientRequest::Body::streamed;
  return request;
}

void of_grpc_route(test::WirePlan& plan) {
  plan.routes.front().route.grpc = true;
}

bool backend_gets(ExchangeRig& rig, std::string_view text) {
  return rig.run_until([&] { return !rig.backends().empty() && rig.backends().back().has(text); });
}

std::string frame(std::string_view payload, std::uint8_t flags = 0) {
  std::string bytes(http::kGrpcFrameHead, '\0');
  http::write_grpc_frame_head(bytes.data(), flags, static_cast<std::uint32_t>(payload.size()));
  return bytes.append(payload);
}

std::string base64(std::string_view bytes) {
  std::string text;
  http::append_base64(bytes, text);
  return text;
}

std::string decoded(std::string_view text) {
  http::Base64Stream stream;
  std::string bytes;
  REQUIRE(stream.decode(text, bytes));
  REQUIRE(stream.is_complete());
  return bytes;
}

std::string chunk(std::string_view bytes) {
  return hex(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}

std::string grpc_head(std::string_view more = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/grpc+proto\r\nTransfer-Encoding: chunked\r\n" +
         std::string(more) + "\r\n";
}

template <class Driver>
void check_status(ExchangeRig& rig, Driver& client, std::string_view status, std::string_view message) {
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 200);
  CHECK(client.field("content-type") == "application/grpc");
  CHECK(client.field("grpc-status") == status);
  CHECK(client.field("grpc-message") == message);
  CHECK(client.body().empty());
  CHECK(client.broken_rules() == std::vector<std::string>{});
}

#define GRPC_OVER_BOTH(name) TEMPLATE_TEST_CASE("grpc: " name, "", Http1Driver, MultiplexedDriver)

GRPC_OVER_BOTH("no route is UNIMPLEMENTED") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.routes.front().rule().matches.front().path.value = "/b"; });
  TestType client(rig);
  client.begin(call());
  client.end_body();
  check_status(rig, client, "12", "no route matches this request");
}

GRPC_OVER_BOTH("a backend that is not valid is UNAVAILABLE") {
  ExchangeRig rig([](test::WirePlan& plan) {
    auto& backend = plan.routes.front().rule().backends.front();
    backend.cluster.clear();
    backend.error_status = 500;
  });
  TestType client(rig);
  client.begin(call());
  client.end_body();
  check_status(rig, client, "14", "the route's backend is not valid");
}

GRPC_OVER_BOTH("no endpoint is UNAVAILABLE") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.clusters.front().endpoints.clear(); });
  TestType client(rig);
  client.begin(call());
  client.end_body();
  check_status(rig, client, "14", "no endpoint is ready");
}

GRPC_OVER_BOTH("a body that is too large is RESOURCE_EXHAUSTED") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.max_body_bytes = 4; });
  TestType client(rig);
  client.begin(call());
  client.send_body("1234");
  REQUIRE(backend_gets(rig, "1234"));
  client.send_body("5");
  client.end_body();
  check_status(rig, client, "8", "the request body is too large");
}

GRPC_OVER_BOTH("a connection that breaks before the head is UNAVAILABLE") {
  ExchangeRig rig;
  TestType client(rig);
  client.begin(call());
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().socket.reset();
  check_status(rig, client, "14", "the backend closed the connection");
}

GRPC_OVER_BOTH("a connection that breaks after the head resets the stream") {
  ExchangeRig rig;
  TestType client(rig);
  client.begin(call());
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send(grpc_head() + chunk(frame("one")));
  REQUIRE(rig.run_until([&] { return client.body().find("one") != std::string::npos; }));
  rig.backend().socket.reset();
  REQUIRE(rig.run_until([&] { return client.is_over(); }));
  CHECK_FALSE(client.is_complete());
}

GRPC_OVER_BOTH("an answer of the backend that is not gRPC stays as it is") {
  ExchangeRig rig(of_grpc_route);
  TestType client(rig);
  client.begin(call(GENERATE("application/grpc", "application/grpc-web-text")));
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send("HTTP/1.1 503 Nope\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nnope");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 503);
  CHECK(client.field("Content-Type") == "text/plain");
  CHECK(client.field("Grpc-Status").empty());
  CHECK(client.body() == "nope");
}

GRPC_OVER_BOTH("other requests to the same route are answered in HTTP") {
  ExchangeRig rig([](test::WirePlan& plan) {
    of_grpc_route(plan);
    plan.clusters.front().endpoints.clear();
  });
  TestType client(rig);
  client.begin({});
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 503);
  CHECK(client.body() == "no endpoint is ready\n");
}

/// Moves time on while the loop runs.
void pass(ExchangeRig& rig, FakeClock& clock, Duration time, Duration step) {
  for (Duration passed{}; passed < time; passed += step) {
    clock.advance(step);
    rig.loop().turn(Duration::zero());
  }
  rig.settle();
}

GRPC_OVER_BOTH("grpc-timeout ends a call that the backend does not answer") {
  FakeClock clock;
  ExchangeRig rig(of_grpc_route, clock);
  TestType client(rig);
  client.begin(call("application/grpc", "grpc-timeout: 2S\r\n"));
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  pass(rig, clock, 1900ms, 100ms);
  CHECK(client.status() == 0);
  pass(rig, clock, 200ms, 100ms);
  check_status(rig, client, "4", "the backend did not answer in time");
}

GRPC_OVER_BOTH("the sooner of the route's timeout and grpc-timeout counts") {
  FakeClock clock;
  ExchangeRig rig(
      [](test::WirePlan& plan) {
        of_grpc_route(plan);
        plan.routes.front().rule().timeouts.request = 1s;
      },
      clock);
  TestType client(rig);
  client.begin(call("application/grpc", "grpc-timeout: 1H\r\n"));
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  pass(rig, clock, 1100ms, 100ms);
  check_status(rig, client, "4", "the backend did not answer in time");
}

GRPC_OVER_BOTH("a stream without a deadline may be silent for long, both ways") {
  FakeClock clock;
  ExchangeRig rig(of_grpc_route, clock);
  TestType client(rig);
  client.begin(call());
  client.send_body(frame("one"));
  REQUIRE(backend_gets(rig, "one"));
  pass(rig, clock, 10min, 5s);
  rig.backend().send(grpc_head() + chunk(frame("two")));
  REQUIRE(rig.run_until([&] { return client.body().find("two") != std::string::npos; }));
  pass(rig, clock, 10min, 5s);
  client.send_body(frame("three"));
  REQUIRE(backend_gets(rig, "three"));
  client.end_body();
  rig.backend().send("0\r\ngrpc-status: 0\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.has_trailer("grpc-status"));
}

GRPC_OVER_BOTH("gRPC-Web becomes gRPC, and its trailers a frame") {
  ExchangeRig rig(of_grpc_route);
  TestType client(rig);
  client.begin(call("application/grpc-web+proto"));
  client.send_body(frame("question"));
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  const auto request = test::all_requests(rig.backend().received).at(0);
  CHECK(request.field("content-type") == "application/grpc+proto");
  CHECK(request.field("te") == "trailers");
  CHECK((request.body == frame("question")));
  rig.backend().send(grpc_head() + chunk(frame("answer")) + "0\r\nGrpc-Status: 0\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.field("content-type") == "application/grpc-web+proto");
  CHECK((client.body() == frame("answer") + frame("grpc-status: 0\r\n", http::kGrpcWebTrailers)));
  CHECK_FALSE(client.has_trailer("grpc-status"));
  CHECK(client.broken_rules() == std::vector<std::string>{});
}

GRPC_OVER_BOTH("gRPC-Web as text, one byte at a time in both directions") {
  ExchangeRig rig(of_grpc_route);
  TestType client(rig);
  client.begin(call("application/grpc-web-text"));
  const std::string question = frame("a question") + frame("another");
  for (const char c : base64(frame("a question")) + base64(frame("another"))) {
    client.send_body(std::string_view(&c, 1));
    rig.settle();
  }
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  CHECK((test::all_requests(rig.backend().received).at(0).body == question));
  const std::string answer = frame("first answer") + frame("second");
  std::string bytes = grpc_head();
  for (const char c : answer) bytes += chunk(std::string_view(&c, 1));
  bytes += "0\r\ngrpc-status: 5\r\ngrpc-message: no%20such\r\n\r\n";
  for (const char c : bytes) {
    rig.backend().send(std::string_view(&c, 1));
    rig.settle();
  }
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.field("content-type") == "application/grpc-web-text+proto");
  const std::string trailers = "grpc-status: 5\r\ngrpc-message: no%20such\r\n";
  CHECK((decoded(client.body()) == answer + frame(trailers, http::kGrpcWebTrailers)));
}

GRPC_OVER_BOTH("a gRPC-Web answer is of the kind that Accept names") {
  ExchangeRig rig(of_grpc_route);
  TestType client(rig);
  client.begin(call("application/grpc-web", "Accept: application/grpc-web-text\r\n"));
  client.send_body(frame("q"));
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  rig.backend().send(grpc_head() + chunk(frame("a")) + "0\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK((client.body() == base64(frame("a"))));
}

GRPC_OVER_BOTH("gRPC-Web: an answer of trailers alone has them in its body") {
  ExchangeRig rig(of_grpc_route);
  TestType client(rig);
  client.begin(call("application/grpc-web"));
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  rig.backend().send(
      "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nGrpc-Status: 7\r\nX-Other: 1\r\n"
      "Content-Length: 0\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.field("grpc-status").empty());
  CHECK(client.field("x-other") == "1");
  CHECK((client.body() == frame("grpc-status: 7\r\n", http::kGrpcWebTrailers)));
}

GRPC_OVER_BOTH("gRPC-Web: the gateway's own failures are trailers in the body, on any route") {
  const bool is_grpc_route = GENERATE(true, false);
  ExchangeRig rig([is_grpc_route](test::WirePlan& plan) {
    plan.routes.front().route.grpc = is_grpc_route;
    plan.clusters.front().endpoints.clear();
  });
  TestType client(rig);
  client.begin(call("application/grpc-web-text"));
  client.end_body();
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK(client.status() == 200);
  CHECK(client.field("content-type") == "application/grpc-web-text");
  const std::string trailers = "grpc-status: 14\r\ngrpc-message: no endpoint is ready\r\n";
  CHECK((decoded(client.body()) == frame(trailers, http::kGrpcWebTrailers)));
}

GRPC_OVER_BOTH("gRPC-Web on an HTTPRoute goes to the backend as it is") {
  ExchangeRig rig;
  TestType client(rig);
  client.begin(call("application/grpc-web-text"));
  client.send_body(base64(frame("q")));
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  const auto request = test::all_requests(rig.backend().received).at(0);
  CHECK(request.field("content-type") == "application/grpc-web-text");
  CHECK(request.body == base64(frame("q")));
}

GRPC_OVER_BOTH("gRPC-Web text that is not base64 is refused") {
  ExchangeRig rig(of_grpc_route);
  TestType client(rig);
  client.begin(call("application/grpc-web-text"));
  REQUIRE(backend_gets(rig, "\r\n\r\n"));
  client.send_body("%%%%");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  const auto body = decoded(client.body());
  CHECK(body.find("grpc-status: 13\r\n") != std::string::npos);
}

GRPC_OVER_BOTH("a gRPC-Web upload larger than every window arrives whole") {
  ExchangeRig rig(of_grpc_route);
  TestType client(rig);
  std::string payload;
  for (int i = 0; payload.size() < 500'000; ++i) payload += std::to_string(i) + ",";
  client.begin(call("application/grpc-web-text"));
  client.send_body(base64(frame(payload)));
  client.end_body();
  REQUIRE(backend_gets(rig, "\r\n0\r\n\r\n"));
  CHECK((test::all_requests(rig.backend().received).at(0).body == frame(payload)));
  rig.backend().send(grpc_head() + chunk(frame(payload)) + "0\r\ngrpc-status: 0\r\n\r\n");
  REQUIRE(rig.run_until([&] { return client.is_complete(); }));
  CHECK((decoded(client.body()) == frame(payload) + frame("grpc-status: 0\r\n", http::kGrpcWebTrailers)));
  CHECK(client.broken_rules() == std::vector<std::string>{});
}

}  // namespace
}  // namespace gatehouse::proxy
