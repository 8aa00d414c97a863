// SPDX-License-Identifier: Apache-2.0
// TLS routes over real sockets: passed through by server name, terminated, both on one port.
#include <fcntl.h>
#include <openssl/ssl.h>

#include "tests/proxy/l4_rig.h"
#include "tests/tls/certificates.h"

namespace gatehouse::proxy {
namespace {

struct TlsRig : L4Rig {
  TlsRig() : L4Rig(ir::ListenerProtocol::tls) {}

  WireSocket accept(TcpPeer& backend) {
    auto taken = wait_for([&] { return backend.take(); });
    REQUIRE(taken);
    return std::move(*taken);
  }
  /// What the client gets until the end; nothing but the end is wanted of a refusal.
  std::string read_all(WireSocket& client) {
    std::string got;
    wait_for([&] {
      const auto state = client.read(got, milliseconds(0));
      return state == WireSocket::Got::end || state == WireSocket::Got::reset;
    });
    return got;
  }
};

/// OpenSSL over a connected socket, driven by the rig's loop.
class TlsEnd {
 public:
  TlsEnd(L4Rig& rig, WireSocket socket, const SSL_METHOD* method)
      : rig_(rig), socket_(std::move(socket)), context_(SSL_CTX_new(method)) {
    fcntl(socket_.fd(), F_SETFL, O_NONBLOCK);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
  }
  static TlsEnd client(L4Rig& rig, WireSocket socket, const char* name) {
    TlsEnd end(rig, std::move(socket), TLS_client_method());
    SSL_set_tlsext_host_name(end.ssl(), name);
    SSL_set_connect_state(end.ssl());
    return end;
  }
  static TlsEnd server(L4Rig& rig, WireSocket socket, const tls::test::Made& leaf) {
    TlsEnd end(rig, std::move(socket), TLS_server_method());
    SSL_use_certificate(end.ssl(), leaf.certificate.get());
    SSL_use_PrivateKey(end.ssl(), leaf.key);
    SSL_set_accept_state(end.ssl());
    return end;
  }

  SSL* ssl() {
    if (!ssl_) {
      ssl_.reset(SSL_new(context_.get()));
      SSL_set_fd(ssl_.get(), socket_.fd());
    }
    return ssl_.get();
  }
  /// True when the handshake is done, false when it may go on.
  bool shake() { return SSL_do_handshake(ssl()) == 1; }
  bool finish_handshake() {
    return rig_.wait_for([&] { return shake(); });
  }
  void write(std::string_view bytes) {
    REQUIRE(SSL_write(ssl(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()));
  }
  std::string read(std::size_t size) {
    std::string got;
    rig_.wait_for([&] {
      std::array<char, 4096> bytes;
      const int n = SSL_read(ssl(), bytes.data(), bytes.size());
      if (n > 0) got.append(bytes.data(), static_cast<std::size_t>(n));
      return got.size() >= size;
    });
    return got;
  }

 private:
  L4Rig& rig_;
  WireSocket socket_;
  tls::ContextHandle context_;
  tls::SslHandle ssl_;
};

/// What OpenSSL's client sends first.
std::string hello_for(const char* name) {
  const tls::ContextHandle context(SSL_CTX_new(TLS_client_method()));
  const tls::SslHandle ssl(SSL_new(context.get()));
  if (name) SSL_set_tlsext_host_name(ssl.get(), name);
  BIO* out = BIO_new(BIO_s_mem());
  BIO_up_ref(out);
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_set_connect_state(ssl.get());
  CHECK(SSL_do_handshake(ssl.get()) == -1);
  return tls::test::take_text(out);
}

/// The same ClientHello in records of at most `size` bytes.
std::string in_records_of(std::size_t size, std::string_view record) {
  const auto head = record.substr(0, 3);
  std::string_view body = record.substr(5);
  std::string records;
  while (!body.empty()) {
    const auto part = body.substr(0, size);
    records += head;
    records += static_cast<char>(part.size() >> 8);
    records += static_cast<char>(part.size() & 0xff);
    records += part;
    body.remove_prefix(part.size());
  }
  return records;
}

std::shared_ptr<const ir::ListenerTls> terminating(const tls::test::Made& leaf) {
  auto made = std::make_shared<ir::ListenerTls>();
  made->certificates.push_back(tls::test::as_config(leaf));
  return made;
}

}  // namespace

TEST_CASE("a ClientHello goes to its backend unchanged, however it comes in") {
  TcpPeer backend;
  TlsRig rig;
  rig.plan.hostnames = {"*.example.com"};
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto hello = hello_for("a.example.com");
  auto client = rig.connect();
  SECTION("at once") {
    REQUIRE(client.write(hello));
  }
  SECTION("byte by byte") {
    for (const char byte : hello) {
      REQUIRE(client.write({&byte, 1}));
      rig.turn(1);
    }
  }
  SECTION("in records of 16 bytes, by segments of 7") {
    hello = in_records_of(16, hello);
    for (std::size_t at = 0; at < hello.size(); at += 7) {
      REQUIRE(client.write(std::string_view(hello).substr(at, 7)));
      rig.turn(1);
    }
  }
  SECTION("with more behind it") {
    hello += "and whatever follows";
    REQUIRE(client.write(hello));
  }
  auto server = rig.accept(backend);
  CHECK(rig.read(server, hello.size()) == hello);
  REQUIRE(server.write("answer"));
  CHECK(rig.read(client, 6) == "answer");
}

TEST_CASE("no backend is connected before the server name is known") {
  TcpPeer backend;
  TlsRig rig;
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto client = rig.connect();
  REQUIRE(client.write(hello_for("a.example.com").substr(0, 60)));
  rig.turn();
  CHECK_FALSE(backend.take());
  CHECK(rig.open_connections() == 1);
  client.half_close();
  CHECK(rig.read_all(client).empty());
  CHECK(rig.wait_for([&] { return rig.open_connections() == 0; }));
}

TEST_CASE("a server name that no route serves ends without an alert") {
  TcpPeer backend;
  TlsRig rig;
  rig.plan.hostnames = {"a.example.com"};
  rig.plan.add("a", {backend.address()});
  SECTION("of the routes") {}
  SECTION("of the listener") {
    rig.plan.hostname = "a.example.com";
  }
  SECTION("without a usable backend") {
    rig.plan.hostnames = {"b.example.com"};
    rig.plan.backends[0].broken = true;
  }
  rig.serve();
  auto client = rig.connect();
  REQUIRE(client.write(hello_for("b.example.com")));
  CHECK(rig.read_all(client).empty());
  auto nameless = rig.connect();
  REQUIRE(nameless.write(hello_for(nullptr)));
  CHECK(rig.read_all(nameless).empty());
  auto no_tls = rig.connect();
  REQUIRE(no_tls.write("GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n"));
  CHECK(rig.read_all(no_tls).empty());
  CHECK_FALSE(backend.take());
  CHECK(rig.wait_for([&] { return rig.open_connections() == 0; }));
}

TEST_CASE("a ClientHello has the handshake timeout") {
  TcpPeer backend;
  TlsRig rig;
  rig.plan.limits.handshake_timeout = seconds(5);
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto client = rig.connect();
  REQUIRE(client.write("\x16\x03\x01"));
  rig.turn();
  rig.pass(seconds(4));
  CHECK(rig.open_connections() == 1);
  rig.pass(seconds(2));
  CHECK(rig.read_all(client).empty());
}

TEST_CASE("the most specific listener decides, then the most specific route of it") {
  TcpPeer wide;
  TcpPeer narrow;
  TcpPeer wildcard;
  test::L4Plan exact;
  exact.protocol = ir::ListenerProtocol::tls;
  exact.hostname = "only.example.com";
  exact.route = "only";
  exact.hostnames = {"only.example.com"};
  exact.add("narrow", {narrow.address()});
  test::L4Plan below;
  below.protocol = ir::ListenerProtocol::tls;
  below.hostname = "*.sub.example.com";
  below.route = "below";
  below.hostnames = {"*.sub.example.com"};
  below.add("wildcard", {wildcard.address()});
  TlsRig rig;
  rig.plan.hostname = "*.example.com";
  rig.plan.hostnames = {"*.example.com"};
  rig.plan.add("wide", {wide.address()});
  rig.plan.beside = {&exact, &below};
  rig.serve();
  const auto reaches = [&](const char* name, TcpPeer& backend) {
    auto client = rig.connect();
    REQUIRE(client.write(hello_for(name)));
    return rig.wait_for([&] { return backend.take(); }).has_value();
  };
  CHECK(reaches("only.example.com", narrow));
  CHECK(reaches("other.example.com", wide));
  CHECK(reaches("x.sub.example.com", wildcard));
  CHECK(reaches("ONLY.Example.Com", narrow));
}

TEST_CASE("a terminated TLS route carries plain bytes to its backend") {
  const auto authority = tls::test::make_authority();
  const auto leaf = tls::test::make_leaf("DNS:a.example.com", authority);
  TcpPeer backend;
  TlsRig rig;
  rig.plan.tls = terminating(leaf);
  rig.plan.hostnames = {"a.example.com"};
  rig.plan.add("a", {backend.address()});
  rig.serve();
  auto client = TlsEnd::client(rig, rig.connect(), "a.example.com");
  REQUIRE(client.finish_handshake());
  client.write("ping");
  auto server = rig.accept(backend);
  CHECK(rig.read(server, 4) == "ping");
  const std::string answer(300'000, 'y');
  std::size_t sent = 0;
  std::string got;
  rig.wait_for([&] {
    const auto n =
        ::send(server.fd(), answer.data() + sent, answer.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += static_cast<std::size_t>(n);
    std::array<char, 16384> bytes;
    const int read = SSL_read(client.ssl(), bytes.data(), bytes.size());
    if (read > 0) got.append(bytes.data(), static_cast<std::size_t>(read));
    return got.size() >= answer.size();
  });
  CHECK(got == answer);
  server.close();
  std::array<char, 16> rest;
  CHECK(rig.wait_for([&] {
    const int n = SSL_read(client.ssl(), rest.data(), rest.size());
    return n <= 0 && SSL_get_error(client.ssl(), n) == SSL_ERROR_ZERO_RETURN;
  }));
}

TEST_CASE("a terminated TLS route is encrypted anew where the cluster says so") {
  const auto authority = tls::test::make_authority();
  const auto leaf = tls::test::make_leaf("DNS:a.example.com", authority);
  const auto inner = tls::test::make_leaf("DNS:inner.example.com", authority);
  TcpPeer backend;
  TlsRig rig;
  rig.plan.tls = terminating(leaf);
  rig.plan.add("a", {backend.address()});
  rig.plan.change_cluster = [&](ir::Cluster& cluster) {
    auto wanted = std::make_shared<ir::ClusterTls>();
    wanted->server_name = "inner.example.com";
    wanted->trust = tls::test::as_trust(authority);
    cluster.tls = std::move(wanted);
  };
  rig.serve();
  auto client = TlsEnd::client(rig, rig.connect(), "a.example.com");
  REQUIRE(client.finish_handshake());
  auto server = TlsEnd::server(rig, rig.accept(backend), inner);
  REQUIRE(server.finish_handshake());
  CHECK(std::string(SSL_get_servername(server.ssl(), TLSEXT_NAMETYPE_host_name)) == "inner.example.com");
  client.write("ping");
  CHECK(server.read(4) == "ping");
  server.write("pong");
  CHECK(client.read(4) == "pong");
}

TEST_CASE("one port passes through and terminates, by server name") {
  const auto authority = tls::test::make_authority();
  const auto ours = tls::test::make_leaf("DNS:ours.example.com", authority);
  const auto theirs = tls::test::make_leaf("DNS:theirs.example.com", authority);
  TcpPeer behind_ours;
  TcpPeer behind_theirs;
  test::L4Plan passed;
  passed.protocol = ir::ListenerProtocol::tls;
  passed.hostname = "theirs.example.com";
  passed.route = "theirs";
  passed.add("theirs", {behind_theirs.address()});
  TlsRig rig;
  rig.plan.hostname = "ours.example.com";
  rig.plan.tls = terminating(ours);
  rig.plan.add("ours", {behind_ours.address()});
  rig.plan.beside = {&passed};
  rig.serve();

  auto terminated = TlsEnd::client(rig, rig.connect(), "ours.example.com");
  REQUIRE(terminated.finish_handshake());
  auto plain = rig.accept(behind_ours);
  terminated.write("seen by the gateway");
  CHECK(rig.read(plain, 19) == "seen by the gateway");

  auto through = TlsEnd::client(rig, rig.connect(), "theirs.example.com");
  through.shake();
  auto server = TlsEnd::server(rig, rig.accept(behind_theirs), theirs);
  REQUIRE(rig.wait_for([&] {
    const bool done = server.shake();
    return through.shake() && done;
  }));
  through.write("not seen by the gateway");
  CHECK(server.read(23) == "not seen by the gateway");
}

TEST_CASE("a backend that wants to be told learns who its client is, in front of the ClientHello") {
  TcpPeer backend;
  TlsRig rig;
  rig.plan.add("a", {backend.address()});
  rig.plan.change_cluster = [](ir::Cluster& cluster) { cluster.proxy_protocol = ir::ProxyProtocolOut::v1; };
  rig.serve();
  const auto hello = hello_for("a.example.com");
  auto client = rig.connect();
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  REQUIRE(getsockname(client.fd(), reinterpret_cast<sockaddr*>(&storage), &size) == 0);
  REQUIRE(client.write(hello));
  auto server = rig.accept(backend);
  const auto line = "PROXY TCP4 127.0.0.1 127.0.0.1 " + std::to_string(SocketAddress::from(storage).port) +
                    " " + std::to_string(rig.address.port) + "\r\n";
  CHECK(rig.read(server, line.size() + hello.size()) == line + hello);
}

}  // namespace gatehouse::proxy
