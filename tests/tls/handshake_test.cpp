// SPDX-License-Identifier: Apache-2.0
// Handshakes of our two ends with each other: what they agree on, whom they trust, what they resume.
#include "tls/handshake.h"

#include <catch2/catch.hpp>

#include <string>

#include "tests/tls/tls_rig.h"

namespace gatehouse::tls {
namespace {

using namespace test;
using ir::ClientValidation;
using ir::SubjectAltName;
using ir::TlsVersion;

struct Rig {
  Configs configs;
  Loop loop;
  Pair connect(Ref<SessionSlot> slot = {}) {
    return {loop, *configs.server(), *configs.client(), std::move(slot)};
  }
};

std::string why(const End& end) {
  REQUIRE(end.is_done());
  REQUIRE_FALSE(end.succeeded());
  return std::string(end.handshake->error().detail);
}

TEST_CASE("a handshake tells what was agreed on") {
  Rig rig;
  rig.configs.listener.options.alpn = {"h2", "http/1.1"};
  rig.configs.cluster.options.alpn = {"http/1.1", "h2"};
  const auto pair = rig.connect();
  REQUIRE(pair.succeeded());
  const auto& server = **pair.server.handshake;
  CHECK(server.alpn == "h2");  // the server's order
  CHECK(server.server_name == "a.example");
  CHECK(server.version == "TLSv1.3");
  CHECK(server.cipher.starts_with("TLS_"));
  CHECK(server.peer == PeerCertificate::none);
  CHECK_FALSE(server.resumed);
  const auto& client = **pair.client.handshake;
  CHECK(client.alpn == "h2");
  CHECK(client.peer == PeerCertificate::trusted);
}

TEST_CASE("without a protocol in common the handshake fails") {
  Rig rig;
  rig.configs.listener.options.alpn = {"h2"};
  rig.configs.cluster.options.alpn = {"http/1.1"};
  const auto pair = rig.connect();
  CHECK(why(pair.server) == "no protocol in common (ALPN)");
  CHECK_FALSE(pair.client.succeeded());
}

TEST_CASE("a side that offers no protocols gets none") {
  Rig rig;
  (GENERATE(true, false) ? rig.configs.listener.options : rig.configs.cluster.options).alpn.clear();
  const auto pair = rig.connect();
  REQUIRE(pair.succeeded());
  CHECK((*pair.server.handshake)->alpn.empty());
}

TEST_CASE("the version is within both sides' bounds, or there is none") {
  Rig rig;
  rig.configs.cluster.options.max_version = TlsVersion::tls_1_2;
  SECTION("one in common") {
    const auto pair = rig.connect();
    REQUIRE(pair.succeeded());
    CHECK((*pair.server.handshake)->version == "TLSv1.2");
    CHECK((*pair.server.handshake)->cipher.starts_with("ECDHE-"));
  }
  SECTION("none") {
    rig.configs.listener.options.min_version = TlsVersion::tls_1_3;
    const auto pair = rig.connect();
    CHECK(why(pair.server) == "no TLS version in common");
    CHECK(why(pair.client) == "no TLS version in common");
    CHECK(pair.client.handshake->error().side == Side::upstream);
    CHECK(pair.client.handshake->error().retry == Retry::safe);
  }
}

TEST_CASE("ciphers, suites and curves are the configured ones") {
  Rig rig;
  rig.configs.listener.options.cipher_suites = "TLS_AES_128_GCM_SHA256";
  rig.configs.listener.options.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  rig.configs.listener.options.curves = "P-384:X25519";
  rig.configs.cluster.options.max_version = GENERATE(TlsVersion::tls_1_2, TlsVersion::tls_1_3);
  const auto pair = rig.connect();
  REQUIRE(pair.succeeded());
  CHECK((*pair.server.handshake)->cipher == ((*pair.server.handshake)->version == "TLSv1.3"
                                                 ? "TLS_AES_128_GCM_SHA256"
                                                 : "ECDHE-ECDSA-AES256-GCM-SHA384"));
}

TEST_CASE("settings that OpenSSL cannot use fail when the context is built") {
  Configs configs;
  auto& options = configs.listener.options;
  switch (GENERATE(0, 1, 2, 3)) {
    case 0:
      options.ciphers = "NO-SUCH-CIPHER";
      break;
    case 1:
      options.cipher_suites = "NO_SUCH_SUITE";
      break;
    case 2:
      options.curves = "no-such-curve";
      break;
    default:
      options.min_version = TlsVersion::tls_1_3;
      options.max_version = TlsVersion::tls_1_2;
  }
  CHECK_FALSE(configs.try_server().has_value());
}

TEST_CASE("certificates that cannot serve fail when the context is built") {
  Configs configs;
  auto broken = std::make_shared<ir::Certificate>(*configs.listener.certificates.front());
  const auto* expected = "";
  switch (GENERATE(0, 1, 2, 3)) {
    case 0:
      broken->chain = "nothing";
      expected = "no PEM certificate in it";
      break;
    case 1:
      broken->key = "nothing";
      expected = "no PEM private key in it";
      break;
    case 2:
      broken->key = as_config(make_leaf("DNS:x", configs.authority, KeyKind::rsa))->key;
      expected = "the private key does not belong to the certificate";
      break;
    default:
      broken->chain.replace(60, 20, 20, 'A');
      expected = "a certificate is damaged";
  }
  configs.listener.certificates = {broken};
  const auto built = configs.try_server();
  REQUIRE_FALSE(built.has_value());
  CHECK(built.error().detail == expected);
}

TEST_CASE("a backend that is not trusted fails the handshake on both sides") {
  Rig rig;
  auto& [authority, leaf, listener, cluster, tickets, scope] = rig.configs;
  switch (GENERATE(0, 1, 2, 3)) {
    case 0:  // another authority
      cluster.trust = as_trust(make_authority("other"));
      break;
    case 1:  // another name
      cluster.server_name = "b.example";
      break;
    case 2: {  // expired
      CertificateWish wish;
      wish.alt_names = "DNS:a.example";
      wish.begins_in = -7200;
      wish.ends_in = -3600;
      listener.certificates = {as_config(make_certificate(wish, &authority))};
      break;
    }
    default: {  // only the common name fits
      CertificateWish wish;
      wish.common_name = "a.example";
      listener.certificates = {as_config(make_certificate(wish, &authority))};
    }
  }
  const auto pair = rig.connect();
  CHECK(why(pair.client) == "the backend's certificate is not trusted");
  CHECK_FALSE(pair.server.succeeded());
}

TEST_CASE("the very certificate of a backend may be what is trusted") {
  Rig rig;
  rig.configs.cluster.trust = as_trust(rig.configs.leaf);
  CHECK(rig.connect().succeeded());
}

TEST_CASE("one of the alternative names must match, and the server name is no more than sent") {
  Rig rig;
  const auto named = [](SubjectAltName::Kind kind, std::string name) {
    return SubjectAltName{kind, std::move(name)};
  };
  const auto host = SubjectAltName::Kind::hostname;
  const auto uri = SubjectAltName::Kind::uri;
  rig.configs.cluster.server_name = "front.example";
  rig.configs.listener.certificates = {
      as_config(make_leaf("DNS:a.example,DNS:*.w.example,URI:spiffe://x/y", rig.configs.authority))};
  auto& names = rig.configs.cluster.alt_names;
  SECTION("any of them") {
    names = GENERATE_COPY(std::vector{named(host, "a.example")}, std::vector{named(host, "z.w.example")},
                          std::vector{named(uri, "spiffe://x/y")},
                          std::vector{named(host, "no.example"), named(uri, "spiffe://x/y")});
    const auto pair = rig.connect();
    REQUIRE(pair.succeeded());
    CHECK((*pair.server.handshake)->server_name == "front.example");
  }
  SECTION("none of them") {
    names = GENERATE_COPY(std::vector{named(host, "no.example")}, std::vector{named(uri, "spiffe://x/z")},
                          std::vector{named(uri, "a.example")}, std::vector{named(host, "spiffe://x/y")});
    CHECK(why(rig.connect().client) == "the backend's certificate is not trusted");
  }
}

TEST_CASE("an address as server name is verified and not sent") {
  Rig rig;
  rig.configs.cluster.server_name = "192.0.2.1";
  rig.configs.listener.certificates = {as_config(make_leaf("IP:192.0.2.1", rig.configs.authority))};
  const auto pair = rig.connect();
  REQUIRE(pair.succeeded());
  CHECK((*pair.server.handshake)->server_name.empty());
}

/// What the client shows: nothing, a certificate of the right authority, or of another one.
enum class Shows { nothing, trusted, untrusted };

void show(Rig& rig, Shows shows, const Made& authority) {
  if (shows == Shows::trusted)
    rig.configs.cluster.client_certificate = as_config(make_leaf("DNS:client", authority));
  if (shows == Shows::untrusted)
    rig.configs.cluster.client_certificate = as_config(make_leaf("DNS:client", make_authority("other")));
}

TEST_CASE("where client certificates are required, only a trusted one gets in") {
  Rig rig;
  const Made authority = make_authority("of clients");
  const auto shows = GENERATE(Shows::nothing, Shows::trusted, Shows::untrusted);
  rig.configs.cluster.options.max_version = GENERATE(TlsVersion::tls_1_2, TlsVersion::tls_1_3);
  show(rig, shows, authority);
  auto validation = std::make_shared<ClientValidation>();
  validation->trust = as_trust(authority);
  rig.configs.listener.client_validation = validation;
  const auto pair = rig.connect();
  CHECK(pair.server.succeeded() == (shows == Shows::trusted));
  if (pair.server.succeeded()) CHECK((*pair.server.handshake)->peer == PeerCertificate::trusted);
  if (shows == Shows::nothing) CHECK(why(pair.server) == "the client sent no certificate");
  if (shows == Shows::untrusted) CHECK(why(pair.server) == "the client's certificate is not trusted");
}

TEST_CASE("where client certificates are only asked for, the handshake tells what came") {
  Rig rig;
  const Made authority = make_authority("of clients");
  const auto shows = GENERATE(Shows::nothing, Shows::trusted, Shows::untrusted);
  show(rig, shows, authority);
  auto validation = std::make_shared<ClientValidation>();
  validation->mode = ClientValidation::Mode::insecure_fallback;
  validation->trust = as_trust(authority);
  rig.configs.listener.client_validation = validation;
  const auto pair = rig.connect();
  REQUIRE(pair.succeeded());
  const auto expected = shows == Shows::nothing   ? PeerCertificate::none
                        : shows == Shows::trusted ? PeerCertificate::trusted
                                                  : PeerCertificate::untrusted;
  CHECK((*pair.server.handshake)->peer == expected);
}

// ---- resumption

/// The client's ticket comes behind the handshake.
Ref<SessionSlot> slot_after(Rig& rig, const ServerContext& server, const ClientContext& client) {
  Ref<SessionSlot> slot(new SessionSlot);
  Pair first(rig.loop, server, client, slot);
  REQUIRE(first.succeeded());
  CHECK_FALSE((*first.server.handshake)->resumed);
  rig.loop.turn();
  read_all(first.client.socket);
  return slot;
}

bool resumes(Rig& rig, const ServerContext& server, const ClientContext& client,
             const Ref<SessionSlot>& slot) {
  Pair next(rig.loop, server, client, slot);
  REQUIRE(next.succeeded());
  CHECK((*next.server.handshake)->resumed == (*next.client.handshake)->resumed);
  return (*next.server.handshake)->resumed;
}

TEST_CASE("a second connection resumes the first one's session") {
  Rig rig;
  rig.configs.cluster.options.max_version = GENERATE(TlsVersion::tls_1_2, TlsVersion::tls_1_3);
  const auto server = rig.configs.server();
  const auto client = rig.configs.client();
  const auto slot = slot_after(rig, *server, *client);
  CHECK(resumes(rig, *server, *client, slot));
  CHECK(resumes(rig, *server, *client, slot));
}

TEST_CASE("a rebuilt listener resumes the sessions of the one before it") {
  Rig rig;
  const auto client = rig.configs.client();
  const auto slot = slot_after(rig, *rig.configs.server(), *client);
  CHECK(resumes(rig, *rig.configs.server(), *client, slot));
}

TEST_CASE("sessions of another listener, or of other rules for clients, are not resumed") {
  Rig rig;
  rig.configs.cluster.options.max_version = GENERATE(TlsVersion::tls_1_2, TlsVersion::tls_1_3);
  const auto client = rig.configs.client();
  const auto slot = slot_after(rig, *rig.configs.server(), *client);
  if (GENERATE(true, false)) {
    rig.configs.scope = "default/gateway/other";
  } else {
    auto validation = std::make_shared<ClientValidation>();
    validation->mode = ClientValidation::Mode::insecure_fallback;
    validation->trust = as_trust(rig.configs.authority);
    rig.configs.listener.client_validation = validation;
  }
  CHECK_FALSE(resumes(rig, *rig.configs.server(), *client, slot));
}

TEST_CASE("a listener without ticket keys resumes nothing") {
  Rig rig;
  rig.configs.tickets = nullptr;
  rig.configs.cluster.options.max_version = GENERATE(TlsVersion::tls_1_2, TlsVersion::tls_1_3);
  const auto server = rig.configs.server();
  const auto client = rig.configs.client();
  const auto slot = slot_after(rig, *server, *client);
  CHECK_FALSE(resumes(rig, *server, *client, slot));
}

TEST_CASE("tickets outlive one change of keys, not two") {
  Rig rig;
  const auto server = rig.configs.server();
  const auto client = rig.configs.client();
  const auto old = slot_after(rig, *server, *client);
  REQUIRE(rig.configs.tickets->rotate().has_value());
  SECTION("one") {
    CHECK(resumes(rig, *server, *client, old));
  }
  SECTION("two") {
    REQUIRE(rig.configs.tickets->rotate().has_value());
    CHECK_FALSE(resumes(rig, *server, *client, old));
  }
}

TEST_CASE("a session is no good for a client of other trust") {
  Rig rig;
  const auto server = rig.configs.server();
  const auto slot = slot_after(rig, *server, *rig.configs.client());
  rig.configs.cluster.trust = as_trust(make_authority("other"));
  const Pair next(rig.loop, *server, *rig.configs.client(), slot);
  CHECK(why(next.client) == "the backend's certificate is not trusted");
}

TEST_CASE("ticket keys change with their period") {
  const MonoTime start{};
  const auto keys = *TicketKeys::create(start, std::chrono::hours(1));
  const auto first = keys->current();
  keys->rotate_if_due(start + std::chrono::minutes(59));
  CHECK(keys->current() == first);
  keys->rotate_if_due(start + std::chrono::minutes(60));
  CHECK(keys->current() != first);
  CHECK(keys->find(first->name.data()).key == first);
  CHECK_FALSE(keys->find(first->name.data()).is_current);
  CHECK(keys->next_rotation() == start + std::chrono::hours(2));
  const auto second = keys->current();
  keys->rotate_if_due(start + std::chrono::hours(5));  // the machine slept
  CHECK_FALSE(keys->find(first->name.data()).key);
  CHECK_FALSE(keys->find(second->name.data()).key);
}

// ---- what a handshake waits for

TEST_CASE("a silent peer ends at the deadline, a cancelled handshake at once") {
  Configs configs;
  Loop loop;
  const auto fds = make_pair();
  End server(*loop);
  io::CancelSource cancel(*loop);
  HandshakeLimits limits;
  limits.deadline = (*loop).now() + std::chrono::seconds(5);
  limits.cancel = &cancel;
  open_end(server, fds[0], configs.server()->accept(0, fds[0]), limits);
  loop.turn();
  CHECK_FALSE(server.is_done());
  const bool cancelled = GENERATE(true, false);
  if (cancelled) {
    cancel.fire();
  } else {
    loop.clock.advance(std::chrono::seconds(6));
  }
  loop.turn();
  REQUIRE(server.is_done());
  CHECK(server.handshake->error().fault == (cancelled ? Fault::cancelled : Fault::timeout));
  CHECK(server.handshake->error().side == Side::downstream);
  close(fds[1]);
}

TEST_CASE("a peer that goes away, or speaks no TLS, fails the handshake") {
  Configs configs;
  Loop loop;
  const auto fds = make_pair();
  End server(*loop);
  open_end(server, fds[0], configs.server()->accept(0, fds[0]));
  const bool speaks = GENERATE(true, false);
  if (speaks) REQUIRE(send(fds[1], "GET / HTTP/1.1\r\n\r\n", 18, 0) == 18);
  if (!speaks) shutdown(fds[1], SHUT_WR);
  loop.turn_until([&] { return server.is_done(); });
  CHECK(why(server) ==
        (speaks ? "the peer does not speak TLS" : "the peer went away during the TLS handshake"));
  CHECK(server.handshake->error().fault == (speaks ? Fault::bad_request : Fault::closed));
  close(fds[1]);
}

TEST_CASE("a handshake whose socket is closed ends") {
  Configs configs;
  Loop loop;
  const auto fds = make_pair();
  End server(*loop);
  open_end(server, fds[0], configs.server()->accept(0, fds[0]));
  server.socket.close();
  loop.turn();
  REQUIRE(server.is_done());
  CHECK(server.handshake->error().fault == Fault::cancelled);
  close(fds[1]);
}

// ---- the ClientHello, unread

io::Task<> peek(io::Socket& socket, HandshakeLimits limits, std::optional<Result<ClientHello>>& result) {
  auto hello = co_await peek_client_hello(socket, limits);
  result.emplace(std::move(hello));
}

TEST_CASE("a ClientHello is looked at and stays for the handshake") {
  Configs configs;
  Loop loop;
  const auto ours = make_pair();
  const auto theirs = make_pair();
  End server(*loop);
  End client(*loop);
  REQUIRE(server.socket.open(ours[0]));
  std::optional<Result<ClientHello>> hello;
  HandshakeLimits limits;
  io::spawn(peek(server.socket, limits, hello));
  open_end(client, theirs[0], configs.client()->connect(0, theirs[0], Ref<SessionSlot>()));
  const auto carry_a_bit = [&](int from, int to) {
    std::array<char, 16> bytes;
    const auto n = recv(from, bytes.data(), bytes.size(), 0);
    if (n > 0) REQUIRE(send(to, bytes.data(), static_cast<std::size_t>(n), 0) == n);
  };
  loop.turn_until([&] {
    carry_a_bit(theirs[1], ours[1]);
    loop.turn();
    return hello.has_value();
  });
  REQUIRE(hello->has_value());
  CHECK((*hello)->server_name == "a.example");
  CHECK((*hello)->alpn == std::vector<std::string>{"h2", "http/1.1"});
  server.socket.set_transport(configs.server()->accept(0, ours[0]));
  io::spawn(shake(server, limits));
  loop.turn_until([&] {
    carry_a_bit(theirs[1], ours[1]);
    carry_a_bit(ours[1], theirs[1]);
    loop.turn();
    return server.is_done() && client.is_done();
  });
  CHECK(server.succeeded());
  CHECK(client.succeeded());
  close(ours[1]);
  close(theirs[1]);
}

TEST_CASE("no ClientHello: not TLS, broken, gone, or too late") {
  Loop loop;
  const auto fds = make_pair();
  io::Socket socket(*loop);
  REQUIRE(socket.open(fds[0]));
  std::optional<Result<ClientHello>> hello;
  HandshakeLimits limits;
  limits.deadline = (*loop).now() + std::chrono::seconds(5);
  io::spawn(peek(socket, limits, hello));
  loop.turn();
  Fault expected{};
  switch (GENERATE(0, 1, 2, 3)) {
    case 0:
      REQUIRE(send(fds[1], "GET /", 5, 0) == 5);
      expected = Fault::bad_request;
      break;
    case 1:
      REQUIRE(send(fds[1], "\x16\x03\x01\x00\x00", 5, 0) == 5);
      expected = Fault::bad_request;
      break;
    case 2:
      REQUIRE(send(fds[1], "\x16\x03", 2, 0) == 2);
      shutdown(fds[1], SHUT_WR);
      expected = Fault::closed;
      break;
    default:
      REQUIRE(send(fds[1], "\x16\x03", 2, 0) == 2);
      loop.turn();
      CHECK_FALSE(hello);
      loop.clock.advance(std::chrono::seconds(6));
      expected = Fault::timeout;
  }
  loop.turn_until([&] { return hello.has_value(); });
  REQUIRE_FALSE(hello->has_value());
  CHECK(hello->error().fault == expected);
  close(fds[1]);
}

}  // namespace
}  // namespace gatehouse::tls
