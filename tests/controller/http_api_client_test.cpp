// SPDX-License-Identifier: Apache-2.0
// Calls and watches against a real server: credentials, TLS, errors, deadlines, stop().
#include "controller/http_api_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "controller/access_credentials.h"
#include "tests/base/fake_clock.h"
#include "tests/config/temp_folder.h"
#include "tests/support/fake_api_server.h"
#include "tests/tls/certificates.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using gatehouse::test::FakeApiServer;
using gatehouse::test::TempFolder;

constexpr const char* kService = R"(
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {ports: [{port: 80}]}
)";
constexpr const char* kServicePath = "/api/v1/namespaces/shop/services/cart";

ClusterAccess access_to(const FakeApiServer& server) {
  ClusterAccess access;
  access.server = server.url();
  return access;
}

ApiRequest get(std::string path) {
  ApiRequest request;
  request.path = std::move(path);
  return request;
}

/// Of the connection of this process to `port`; -1: there is none, or more than one value.
int option_of_connection(int port, int level, int name) {
  int found = -1;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET)
      continue;
    if (ntohs(peer.sin_port) != port) continue;
    socklen_t length = sizeof found;
    getsockopt(fd, level, name, &found, &length);
  }
  return found;
}

}  // namespace

TEST_CASE("a call brings the object, with our name and token") {
  FakeApiServer server;
  server.put(kService);
  auto access = access_to(server);
  access.token.text = "abc";
  ApiClientFactory factory(access);
  const auto client = factory.make_client();
  const auto answer = client->send(get(kServicePath));
  REQUIRE(answer.error.empty());
  CHECK(answer.ok());
  CHECK(nlohmann::json::parse(answer.body)["metadata"]["name"] == "cart");
  const auto seen = server.requests().at(0);
  CHECK(seen.authorization == "Bearer abc");
  CHECK(seen.agent == "gatehouse/0.1.0");
  CHECK(seen.accept_encoding == "gzip");
}

TEST_CASE("a token that rotates in its file is used after a minute") {
  const TempFolder folder;
  folder.write("token", "one");
  FakeApiServer server;
  auto access = access_to(server);
  access.token.file = folder.path("token");
  FakeClock clock;
  ApiClientFactory factory(access, clock);
  const auto client = factory.make_client();
  client->send(get("/api/v1/services"));
  folder.write("token", "two");
  clock.advance(1min);
  client->send(get("/api/v1/services"));
  CHECK(server.requests().at(0).authorization == "Bearer one");
  CHECK(server.requests().at(1).authorization == "Bearer two");
}

TEST_CASE("an error says the request, the status and the server's words") {
  FakeApiServer server;
  server.inject({.status = 403, .reason = "Forbidden", .message = "services is forbidden"});
  ApiClientFactory factory(access_to(server));
  const auto client = factory.make_client();
  const auto answer = client->send(get("/api/v1/services?limit=500"));
  CHECK(answer.status == 403);
  CHECK(answer.reason == "Forbidden");
  CHECK(answer.error == "GET /api/v1/services: 403 Forbidden: services is forbidden");
  CHECK(client->send(get(kServicePath)).is_not_found());

  server.inject({.status = 429, .reason = "TooManyRequests", .message = "slow down", .retry_after = "7"});
  CHECK(client->send(get("/api/v1/services")).retry_after == 7s);
  server.inject({.status = 502, .body = "<html>\nbad</html>"});
  CHECK(client->send(get("/api/v1/services")).error.find("<html>\\u000abad</html>") != std::string::npos);
}

TEST_CASE("a server that is away, breaks off or hangs is an error in time") {
  FakeApiServer server;
  ClientTimes times;
  times.connect = 1s;
  times.call = 1s;
  ApiClientFactory factory(access_to(server), system_clock(), times);
  const auto client = factory.make_client();
  server.inject({.breaks = true});
  CHECK(client->send(get("/api/v1/services")).error.find("connection broke") != std::string::npos);
  server.inject({.hangs = true});
  const auto hung = client->send(get("/api/v1/services"));
  CHECK(hung.status == 0);
  CHECK(hung.error.find("no answer in time") != std::string::npos);
  server.clear_faults();
  server.close();
  CHECK(client->send(get("/api/v1/services")).error.find("cannot connect") != std::string::npos);
  server.listen();
  CHECK(client->send(get("/api/v1/services")).ok());
}

TEST_CASE("a conflict of a write is told apart") {
  FakeApiServer server;
  server.put(kService);
  ApiClientFactory factory(access_to(server));
  const auto client = factory.make_client();
  ApiRequest put;
  put.method = "PUT";
  put.path = std::string(kServicePath) + "/status";
  put.body = R"({"metadata": {"resourceVersion": "1"}, "status": {"a": 1}})";
  CHECK(client->send(put).is_conflict());
  const auto version = server.object(kServicePath)["metadata"]["resourceVersion"].get<std::string>();
  put.body = R"({"metadata": {"resourceVersion": ")" + version + R"("}, "status": {"a": 1}})";
  CHECK(client->send(put).ok());
  CHECK(server.object(kServicePath)["status"]["a"] == 1);
}

TEST_CASE("a watch hands on whole lines until the server ends it") {
  FakeApiServer server;
  ApiClientFactory factory(access_to(server));
  const auto client = factory.make_client();
  std::vector<std::string> lines;
  std::thread writer([&] {
    server.wait_for_watches("services", 1);
    server.send_text("services", "{\"type\":");
    server.send_text("services", "1}\n{\"b\":2}\n");
    server.send_line("services", std::string(3u << 20, 'x'));
    server.end_watches();
  });
  const auto answer =
      client->watch(get("/api/v1/services?watch=true&timeoutSeconds=60"), [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      });
  writer.join();
  CHECK(answer.ok());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].empty());
  CHECK(lines[1] == "{\"type\":1}");
  CHECK(lines[2] == "{\"b\":2}");
  CHECK(lines[3].size() == 3u << 20);
}

TEST_CASE("a watch ends when its reader has enough, and the client can be used again") {
  FakeApiServer server;
  ApiClientFactory factory(access_to(server));
  const auto client = factory.make_client();
  std::thread writer([&] {
    server.wait_for_watches("services", 1);
    server.send_line("services", "{}");
  });
  const auto answer =
      client->watch(get("/api/v1/services?watch=true"), [](std::string_view line) { return line.empty(); });
  writer.join();
  CHECK(answer.ok());
  CHECK(answer.error.empty());
  CHECK(client->send(get("/api/v1/services")).ok());
}

TEST_CASE("a watch that breaks within a line is an error, and the part of a line is not handed on") {
  FakeApiServer server;
  ApiClientFactory factory(access_to(server));
  const auto client = factory.make_client();
  std::thread writer([&] {
    server.wait_for_watches("services", 1);
    server.send_text("services", "{\"type\":");
    server.break_watches();
  });
  int lines = 0;
  const auto answer =
      client->watch(get("/api/v1/services?watch=true"), [&](std::string_view) { return ++lines > 0; });
  writer.join();
  CHECK_FALSE(answer.ok());
  CHECK(answer.error.find("GET /api/v1/services: ") == 0);
  CHECK(lines == 1);
}

TEST_CASE("a watch without a byte for longer than it was to last is given up") {
  FakeApiServer server;
  ClientTimes times;
  times.watch_grace = 1s;
  ApiClientFactory factory(access_to(server), system_clock(), times);
  const auto client = factory.make_client();
  server.inject({.part = "watch=true", .hangs = true});
  const auto answer = client->watch(get("/api/v1/services?watch=true&timeoutSeconds=0"),
                                    [](std::string_view) { return true; });
  CHECK(answer.status == 0);
  CHECK_FALSE(answer.error.empty());
  server.clear_faults();
}

TEST_CASE("stop() ends a watch that waits, and refuses what comes later") {
  FakeApiServer server;
  ApiClientFactory factory(access_to(server));
  const auto client = factory.make_client();
  std::thread stopper([&] {
    server.wait_for_watches("services", 1);
    client->stop();
  });
  const auto answer =
      client->watch(get("/api/v1/services?watch=true"), [](std::string_view) { return true; });
  stopper.join();
  CHECK(answer.error.find("stopped") != std::string::npos);
  CHECK(client->send(get("/api/v1/services")).error.find("stopped") != std::string::npos);
  CHECK(server.count("GET", "/api/v1/services") == 1);
}

TEST_CASE("an API server is trusted by the cluster's authority alone, and under its name") {
  const auto authority = tls::test::make_authority();
  const auto stranger = tls::test::make_authority("stranger");
  const auto leaf = tls::test::make_leaf("IP:127.0.0.1,DNS:kubernetes", authority);
  FakeApiServer server({leaf.pem(), leaf.key_pem(), {}});
  auto access = access_to(server);

  const auto error_of = [](const ClusterAccess& with) {
    ApiClientFactory factory(with);
    return factory.make_client()->send(get("/api/v1/services")).error;
  };
  access.authority.text = authority.pem();
  CHECK(error_of(access).empty());
  access.server_name = "kubernetes";
  CHECK(error_of(access).empty());
  access.server_name = "elsewhere";
  CHECK(error_of(access).find("ostname mismatch") != std::string::npos);
  access.server_name.clear();
  access.authority.text = stranger.pem();
  CHECK(error_of(access).find("certificate") != std::string::npos);
  access.authority.text.clear();
  CHECK_FALSE(error_of(access).empty());
  access.skip_verification = true;
  CHECK(error_of(access).empty());
}

TEST_CASE("a client certificate is shown, and a new authority in its file is used after a minute") {
  const TempFolder folder;
  const auto old_authority = tls::test::make_authority("old");
  const auto authority = tls::test::make_authority("new");
  const auto leaf = tls::test::make_leaf("IP:127.0.0.1", authority);
  const auto user = tls::test::make_leaf("DNS:user", authority);
  FakeApiServer server({leaf.pem(), leaf.key_pem(), authority.pem()});
  folder.write("ca.crt", old_authority.pem());
  auto access = access_to(server);
  access.authority.file = folder.path("ca.crt");
  access.certificate.text = user.pem();
  access.key.text = user.key_pem();
  FakeClock clock;
  ApiClientFactory factory(access, clock);
  const auto client = factory.make_client();
  CHECK_FALSE(client->send(get("/api/v1/services")).ok());
  folder.write("ca.crt", authority.pem());
  clock.advance(1min);
  CHECK(client->send(get("/api/v1/services")).error.empty());

  access.certificate.text.clear();
  access.key.text.clear();
  ApiClientFactory nobody(access, clock);
  CHECK_FALSE(nobody.make_client()->send(get("/api/v1/services")).ok());
}

TEST_CASE("a dead API server is found within a minute, whether we wait or send") {
  FakeApiServer server;
  ApiClientFactory factory(access_to(server));
  const auto client = factory.make_client();
  REQUIRE(client->send(get("/api/v1/services")).ok());
  const auto option = [&](int level, int name) { return option_of_connection(server.port(), level, name); };
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  const int idle = option(IPPROTO_TCP, TCP_KEEPIDLE);
  const int found = idle + option(IPPROTO_TCP, TCP_KEEPCNT) * option(IPPROTO_TCP, TCP_KEEPINTVL);
  CHECK((idle > 0 && found <= 60));
  const int unacknowledged = option(IPPROTO_TCP, TCP_USER_TIMEOUT);
  CHECK((unacknowledged > 0 && unacknowledged <= 60'000));
}

TEST_CASE("a long answer comes compressed, and whole") {
  FakeApiServer server;
  for (int i = 0; i < 300; ++i) {
    server.put("apiVersion: v1\nkind: Service\nmetadata: {name: s" + std::to_string(i) +
               ", namespace: shop}\nspec: {ports: [{port: 80}]}\n");
  }
  ApiClientFactory factory(access_to(server));
  const auto answer = factory.make_client()->send(get("/api/v1/services"));
  REQUIRE(answer.ok());
  CHECK(server.requests().at(0).accept_encoding == "gzip");
  CHECK(nlohmann::json::parse(answer.body)["items"].size() == 300);
}

}  // namespace gatehouse::controller
