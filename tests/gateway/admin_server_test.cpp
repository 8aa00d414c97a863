// SPDX-License-Identifier: Apache-2.0
// The admin port: its pages without sockets, then over a real one.
#include "gateway/admin/admin_server.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "gateway/admin/admin_pages.h"

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

AdminHooks hooks() {
  AdminHooks hooks;
  hooks.metrics = [] { return std::string("metric 1\n"); };
  hooks.config_dump = [] { return std::string("listeners:\n"); };
  hooks.endpoints = [] { return std::string("clusters:\n"); };
  hooks.statuses = [] { return std::string("kind: Gateway\n"); };
  hooks.readiness = [] { return Readiness{false, {"config: a.yaml:3:1: broken"}}; };
  return hooks;
}

AdminAnswer get(std::string_view target, AdminExposure exposure = AdminExposure::loopback,
                std::string_view host = "localhost:9901") {
  return answer_admin_request({"GET", target, host}, exposure, hooks());
}

std::unique_ptr<AdminServer> started(AdminOptions options = {}) {
  options.listen = *SocketAddress::parse("127.0.0.1:0");
  auto server = AdminServer::start(options, hooks());
  REQUIRE(std::holds_alternative<std::unique_ptr<AdminServer>>(server));
  return std::move(std::get<std::unique_ptr<AdminServer>>(server));
}

int connected(std::uint16_t port) {
  sockaddr_storage address{};
  const auto size = SocketAddress{*IpAddress::parse("127.0.0.1"), port}.write(address);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  return fd;
}

/// Sends `bytes` and reads until the server closes.
std::string talk(std::uint16_t port, std::string_view bytes) {
  const int fd = connected(port);
  REQUIRE(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  std::string out;
  char part[4096];
  for (ssize_t size = 0; (size = recv(fd, part, sizeof part, 0)) > 0;)
    out.append(part, static_cast<std::size_t>(size));
  close(fd);
  return out;
}

}  // namespace

TEST_CASE("every page answers from its hook") {
  CHECK(get("/healthz").body == "ok\n");
  CHECK(get("/metrics").body == "metric 1\n");
  CHECK(get("/metrics").content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(get("/config_dump").body == "listeners:\n");
  CHECK(get("/endpoints").body == "clusters:\n");
  CHECK(get("/statuses").body == "kind: Gateway\n");
  CHECK(get("/").body.find("/config_dump  ") != std::string::npos);
  CHECK(get("/nothing").status == 404);
  CHECK(get("/healthz/").status == 404);
}

TEST_CASE("readiness is 503 while not ready and says why when asked") {
  CHECK(get("/readyz").status == 503);
  CHECK(get("/readyz").body == "not ready\n");
  CHECK(get("/readyz?verbose").body == "not ready\nconfig: a.yaml:3:1: broken\n");
  auto ready = hooks();
  ready.readiness = [] { return Readiness{true, {}}; };
  CHECK(answer_admin_request({"GET", "/readyz", "localhost"}, AdminExposure::loopback, ready).status == 200);
}

TEST_CASE("C8 nothing but GET and HEAD is allowed") {
  for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"})
    CHECK(answer_admin_request({method, "/healthz", "localhost"}, AdminExposure::loopback, hooks()).status ==
          405);
}

TEST_CASE("C4 on loopback only local names are answered") {
  for (const auto* host : {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9901", "[::1]", "[::1]:80"})
    CHECK(get("/healthz", AdminExposure::loopback, host).status == 200);
  for (const auto* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil", "[::1", "[::1]x",
                           "localhost:x", "localhost:70000", "127.0.0.2", "localhost:1:2"})
    CHECK(get("/healthz", AdminExposure::loopback, host).status == 421);
}

TEST_CASE("C1 on a network address health and metrics are shown and nothing else") {
  for (const auto* path : {"/healthz", "/metrics"})
    CHECK(get(path, AdminExposure::network, "10.0.0.7:9901").status == 200);
  CHECK(get("/readyz", AdminExposure::network, "10.0.0.7:9901").status == 503);
  for (const auto* path : {"/", "/config_dump", "/endpoints", "/statuses"})
    CHECK(get(path, AdminExposure::network, "10.0.0.7:9901").status == 404);
}

TEST_CASE("the server keeps a connection for several requests") {
  const auto server = started();
  const auto out = talk(server->port(),
                        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(out.find("HTTP/1.1 200 OK\r\n") == 0);
  CHECK(out.find("\r\n\r\nok\nHTTP/1.1 200 OK\r\n") != std::string::npos);
  CHECK(out.find("Content-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n") != std::string::npos);
  CHECK(out.ends_with("\r\n\r\nmetric 1\n"));
  CHECK(out.find("x-content-type-options: nosniff\r\n") != std::string::npos);
}

TEST_CASE("C4 a request with two Host fields is not local") {
  const auto server = started();
  const auto out = talk(
      server->port(), "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n");
  CHECK(out.find("HTTP/1.1 421 ") == 0);
}

TEST_CASE("bytes that are not HTTP and heads beyond the limit close the connection") {
  const auto server = started();
  CHECK(talk(server->port(), "\x16\x03\x01 hello\r\n\r\n").empty());
  CHECK(talk(server->port(), "GET /" + std::string(17'000, 'x')).empty());
}

TEST_CASE("a silent client is closed after the timeout") {
  AdminOptions options;
  options.timeout = std::chrono::milliseconds(20);
  const auto server = started(options);
  CHECK(talk(server->port(), "GET /healthz HTTP/1.1\r\n").empty());
}

TEST_CASE("connections beyond the limit are closed at once") {
  AdminOptions options;
  options.max_connections = 1;
  const auto server = started(options);
  const int first = connected(server->port());
  const std::string_view request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  REQUIRE(send(first, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
  char part[1024];
  REQUIRE(recv(first, part, sizeof part, 0) > 0);
  const int second = connected(server->port());
  CHECK(recv(second, part, sizeof part, 0) == 0);
  close(second);
  close(first);
}

TEST_CASE("an address that is taken is an error that names it") {
  const auto server = started();
  AdminOptions options;
  options.listen = SocketAddress{*IpAddress::parse("127.0.0.1"), server->port()};
  const auto second = AdminServer::start(options, hooks());
  REQUIRE(std::holds_alternative<std::string>(second));
  CHECK(std::get<std::string>(second) == "admin port: cannot listen on 127.0.0.1:" +
                                             std::to_string(server->port()) + ": Address already in use");
}
