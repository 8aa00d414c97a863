// SPDX-License-Identifier: Apache-2.0
// The demo backend over real sockets.
#include "gateway/cli/echo_server.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "gateway/cli/echo.h"
#include "gateway/cli/echo_answers.h"

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

std::unique_ptr<EchoServer> started(std::size_t threads = 1) {
  EchoOptions options;
  options.listen = *SocketAddress::parse("127.0.0.1:0");
  options.name = "pod-1";
  options.threads = threads;
  auto server = EchoServer::start(options);
  REQUIRE(std::holds_alternative<std::unique_ptr<EchoServer>>(server));
  return std::move(std::get<std::unique_ptr<EchoServer>>(server));
}

/// A client that waits at most ten seconds for each read.
class Client {
 public:
  explicit Client(const EchoServer& server) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage address{};
    const auto size = SocketAddress{*IpAddress::parse("127.0.0.1"), server.port()}.write(address);
    const timeval patience{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(connect(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  ~Client() { close(fd_); }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Client& operator=(Client&&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      REQUIRE(size > 0);
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  /// Up to and with `end`.
  std::string read_until(std::string_view end) {
    while (in_.find(end) == std::string::npos) REQUIRE(receive());
    return take(in_.find(end) + end.size());
  }
  std::string read(std::size_t size) {
    while (in_.size() < size) REQUIRE(receive());
    return take(size);
  }
  std::string read_to_end() {
    while (receive()) continue;
    return std::exchange(in_, {});
  }

 private:
  bool receive() {
    char part[65'536];
    const auto size = recv(fd_, part, sizeof part, 0);
    if (size > 0) in_.append(part, static_cast<std::size_t>(size));
    return size > 0;
  }
  std::string take(std::size_t size) {
    std::string out = in_.substr(0, size);
    in_.erase(0, size);
    return out;
  }

  int fd_;
  std::string in_;
};

std::string ask(const EchoServer& server, const std::string& path, const std::string& fields = {}) {
  Client client(server);
  client.send("GET " + path + " HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n" + fields + "\r\n");
  return client.read_to_end();
}

std::string body_of(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
}

std::string checksum_of(std::string_view bytes) {
  Checksum checksum;
  checksum.add(bytes);
  return checksum.finish();
}

}  // namespace

TEST_CASE("any path answers what was received") {
  const auto server = started();
  const auto json =
      nlohmann::json::parse(body_of(ask(*server, "/a/b?x=1&y", "X-A: 1\r\nX-B: b\r\nX-A: 2\r\n")));
  CHECK(json["method"] == "GET");
  CHECK(json["path"] == "/a/b");
  CHECK(json["query"] == "x=1&y");
  CHECK(json["headers"]["X-A"] == nlohmann::json({"1", "2"}));
  CHECK(json["host"] == "demo");
  CHECK(json["pod"] == "pod-1");
  CHECK(json["protocol"] == "HTTP/1.1");
  CHECK(json["remote"] == "127.0.0.1");
}

TEST_CASE("bytes that are not UTF-8 do not break the answer") {
  const auto server = started();
  CHECK(nlohmann::json::accept(body_of(ask(*server, "/", "X-A: \xff\xfe\r\n"))));
}

TEST_CASE("/version names the program") {
  const auto server = started();
  CHECK(nlohmann::json::parse(body_of(ask(*server, "/version")))["name"] == "gatehouse echo");
}

TEST_CASE("/status/N answers N, without a body where HTTP allows none") {
  const auto server = started();
  CHECK(ask(*server, "/status/503").find("HTTP/1.1 503 Service Unavailable\r\n") == 0);
  const auto empty = ask(*server, "/status/204");
  CHECK(empty.find("HTTP/1.1 204 ") == 0);
  CHECK(empty.find("Content-Length") == std::string::npos);
  CHECK(body_of(empty).empty());
}

TEST_CASE("numbers out of range are refused") {
  const auto server = started();
  for (const auto* path : {"/status/99", "/status/600", "/status/x", "/delay/60001", "/bytes/-1", "/bytes/",
                           "/bytes/10737418241", "/chunked/1000001"})
    CHECK(ask(*server, path).find("HTTP/1.1 400 ") == 0);
}

TEST_CASE("/delay/N answers no sooner than that") {
  const auto server = started();
  const auto start = std::chrono::steady_clock::now();
  CHECK(ask(*server, "/delay/30").find("HTTP/1.1 200 ") == 0);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(30));
}

TEST_CASE("/bytes/N sends exactly N bytes of the known pattern") {
  const auto server = started();
  constexpr std::size_t kSize = 3'000'001;
  std::string expected(kSize, '\0');
  fill_demo_bytes(0, expected);
  const auto response = ask(*server, "/bytes/" + std::to_string(kSize));
  CHECK(response.find("Content-Length: 3000001\r\n") != std::string::npos);
  CHECK((body_of(response) == expected));
  CHECK(body_of(ask(*server, "/bytes/0")).empty());
}

TEST_CASE("the pattern does not depend on where a block starts") {
  std::string whole(4096, '\0'), tail(2048, '\0');
  fill_demo_bytes(0, whole);
  fill_demo_bytes(2048, tail);
  CHECK((whole.substr(2048) == tail));
  CHECK((whole.substr(0, 2048) != tail));
}

TEST_CASE("/chunked/N sends N chunks and a trailer with the checksum of the body") {
  const auto server = started();
  const auto response = ask(*server, "/chunked/3");
  CHECK(response.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(body_of(response) == "8\r\nchunk 0\n\r\n8\r\nchunk 1\n\r\n8\r\nchunk 2\n\r\n0\r\nX-Checksum: " +
                                 checksum_of("chunk 0\nchunk 1\nchunk 2\n") + "\r\n\r\n");
}

TEST_CASE("/upload tells size and checksum of a body with Content-Length") {
  const auto server = started();
  const std::string body(1'000'000, 'u');
  Client client(*server);
  client.send("POST /upload HTTP/1.1\r\nHost: demo\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n" +
              body);
  const auto json = nlohmann::json::parse(body_of(client.read_to_end()));
  CHECK(json["bytes"] == 1'000'000);
  CHECK(json["sha256"] == checksum_of(body));
}

TEST_CASE("/upload takes a chunked body after 100-continue, and the connection goes on") {
  const auto server = started();
  Client client(*server);
  client.send(
      "PUT /upload HTTP/1.1\r\nHost: demo\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  client.read_until("\r\n\r\n");
  const auto json = nlohmann::json::parse(client.read_until("}\n"));
  CHECK(json["bytes"] == 5);
  CHECK(json["sha256"] == checksum_of("abcde"));
  client.send("GET /version HTTP/1.1\r\nHost: demo\r\n\r\n");
  CHECK(client.read_until("\r\n\r\n").find("HTTP/1.1 200 OK\r\n") == 0);
}

TEST_CASE("HEAD has the head of GET and no body") {
  const auto server = started();
  Client client(*server);
  client.send("HEAD /bytes/1000 HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n");
  const auto response = client.read_to_end();
  CHECK(response.find("Content-Length: 1000\r\n") != std::string::npos);
  CHECK(body_of(response).empty());
}

TEST_CASE("an HTTP/1.0 client is closed after the answer") {
  const auto server = started();
  Client client(*server);
  client.send("GET /a HTTP/1.0\r\n\r\n");
  CHECK(nlohmann::json::parse(body_of(client.read_to_end()))["protocol"] == "HTTP/1.0");
}

TEST_CASE("pipelined requests are answered in order") {
  const auto server = started();
  Client client(*server);
  client.send(
      "GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto both = client.read_to_end();
  CHECK(both.find("\"/first\"") < both.find("\"/second\""));
  CHECK(both.find("\"/second\"") != std::string::npos);
}

TEST_CASE("a WebSocket gets its text and binary messages back") {
  const auto server = started();
  Client client(*server);
  client.send(
      "GET /any HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const auto head = client.read_until("\r\n\r\n");
  CHECK(head.find("HTTP/1.1 101 ") == 0);
  CHECK(head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
  using namespace std::string_literals;
  client.send("\x81\x82\0\0\0\0hi"s);  // masked with zeroes
  CHECK(client.read(4) == "\x81\x02hi"s);
  client.send("\x82\x81\0\0\0\0\xff"s);
  CHECK(client.read(3) == "\x82\x01\xff"s);
}

TEST_CASE("many connections are held at once") {
  const auto server = started(2);
  std::vector<Client> clients;
  for (int at = 0; at < 200; ++at) clients.emplace_back(*server);
  for (auto& client : clients) client.send("GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
  for (auto& client : clients) CHECK(client.read_until("\r\n\r\n").find("HTTP/1.1 200 OK\r\n") == 0);
}

TEST_CASE("stop closes the connections and the port") {
  const auto server = started();
  {
    Client client(*server);
    client.send("GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until("\r\n\r\n");
  }
  server->stop();
  EchoOptions options;
  options.listen = SocketAddress{*IpAddress::parse("127.0.0.1"), server->port()};
  CHECK(std::holds_alternative<std::unique_ptr<EchoServer>>(EchoServer::start(options)));
}

TEST_CASE("the command refuses what it cannot use with exit code 2") {
  const auto server = started();
  const auto taken = "127.0.0.1:" + std::to_string(server->port());
  const char* const unknown[] = {"--nope"};
  const char* const bad_address[] = {"--listen", "somewhere"};
  const char* const no_threads[] = {"--threads", "0"};
  const char* const taken_address[] = {"--listen", taken.c_str()};
  CHECK(run_echo(unknown) == 2);
  CHECK(run_echo(bad_address) == 2);
  CHECK(run_echo(no_threads) == 2);
  CHECK(run_echo(taken_address) == 2);
}

TEST_CASE("the command explains itself") {
  const char* const help[] = {"--help"};
  CHECK(run_echo(help) == 0);
}
