// SPDX-License-Identifier: Apache-2.0
// ClientHello: real ones of OpenSSL at any split, made-up ones with everything wrong that can be.
#include "tls/client_hello.h"

#include <openssl/ssl.h>

#include <catch2/catch.hpp>

#include <string>

#include "tests/tls/certificates.h"
#include "tls/server_names.h"

namespace gatehouse::tls {
namespace {

using State = HelloScan::State;

/// What OpenSSL's client sends first.
std::string real_hello(const char* server_name, std::string_view alpn_wire, int version) {
  const ContextHandle context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(context.get(), version);
  const SslHandle ssl(SSL_new(context.get()));
  if (server_name) SSL_set_tlsext_host_name(ssl.get(), server_name);
  if (!alpn_wire.empty())
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn_wire.data()),
                        static_cast<unsigned>(alpn_wire.size()));
  BIO* out = BIO_new(BIO_s_mem());
  BIO_up_ref(out);
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_set_connect_state(ssl.get());
  CHECK(SSL_do_handshake(ssl.get()) == -1);
  return test::take_text(out);
}

std::string u8(std::size_t n) {
  return {static_cast<char>(n)};
}
std::string u16(std::size_t n) {
  return {static_cast<char>(n >> 8), static_cast<char>(n & 0xff)};
}
std::string u24(std::size_t n) {
  return u8(n >> 16) + u16(n & 0xffff);
}
std::string extension(std::size_t kind, const std::string& content) {
  return u16(kind) + u16(content.size()) + content;
}
std::string name_extension(const std::string& name) {
  const std::string entry = u8(0) + u16(name.size()) + name;
  return extension(0, u16(entry.size()) + entry);
}
std::string message(const std::string& extensions) {
  const std::string body = u16(0x303) + std::string(32, 'r') + u8(0) + u16(2) + u16(0x1301) + u8(1) + u8(0) +
                           u16(extensions.size()) + extensions;
  return u8(1) + u24(body.size()) + body;
}
std::string record(const std::string& content) {
  return u8(22) + u16(0x301) + u16(content.size()) + content;
}
HelloScan scan_with(const std::string& extensions) {
  return scan_client_hello(record(message(extensions)));
}

TEST_CASE("a real ClientHello tells name and protocols, at any split") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const std::string bytes = real_hello("a.example", "\x02h2\x08http/1.1", version);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE(scan_client_hello(std::string_view(bytes).substr(0, size)).state == State::need_more);
  const auto scan = scan_client_hello(bytes);
  REQUIRE(scan.state == State::complete);
  CHECK(scan.hello.server_name == "a.example");
  CHECK(scan.hello.alpn == std::vector<std::string>{"h2", "http/1.1"});
}

TEST_CASE("a real ClientHello without name and protocols") {
  const auto scan = scan_client_hello(real_hello(nullptr, "", TLS1_3_VERSION));
  REQUIRE(scan.state == State::complete);
  CHECK(scan.hello.server_name.empty());
  CHECK(scan.hello.alpn.empty());
}

TEST_CASE("a ClientHello may be cut into records anywhere") {
  const std::string whole = real_hello("a.example", "\x02h2", TLS1_3_VERSION).substr(5);
  const auto size = GENERATE(as<std::size_t>{}, 1, 3, 50, 511);
  std::string records;
  for (std::size_t at = 0; at < whole.size(); at += size) records += record(whole.substr(at, size));
  for (std::size_t cut = 0; cut < records.size(); ++cut)
    REQUIRE(scan_client_hello(std::string_view(records).substr(0, cut)).state == State::need_more);
  const auto scan = scan_client_hello(records + "what follows does not matter");
  REQUIRE(scan.state == State::complete);
  CHECK(scan.hello.server_name == "a.example");
}

TEST_CASE("names are lower case, without the trailing dot") {
  CHECK(scan_with(name_extension("A.Example.COM.")).hello.server_name == "a.example.com");
}

TEST_CASE("what is not TLS is known from its first bytes") {
  const auto* bytes =
      GENERATE("GET / HTTP/1.1\r\n", "\x16\x02", "\x15\x03\x01", "\x80\x2e\x01", "PRI * HTTP/2.0");
  CHECK(scan_client_hello(bytes).state == State::not_tls);
  CHECK(scan_client_hello(record(u8(2) + u24(40))).state == State::not_tls);
}

TEST_CASE("a broken ClientHello is refused") {
  const std::string good = message(name_extension("a.example"));
  const std::string bytes = GENERATE_COPY(
      record(good.substr(0, 20)) + "not a record", record(""), u8(22) + u16(0x303) + u16(0x4001) + u8(1),
      record(u8(1) + u24(kMaxClientHello)), record(u8(1) + u24(3) + "abc"),
      record(u8(1) + u24(good.size() - 4 + 1) + good.substr(4) + "x"));
  CHECK(scan_client_hello(bytes).state == State::malformed);
}

TEST_CASE("broken extensions are refused") {
  const std::string name = name_extension("a.example");
  const std::string alpn = extension(16, u16(3) + u8(2) + "h2");
  const std::string extensions =
      GENERATE_COPY(name + name, alpn + alpn, name_extension(""), name_extension(std::string("a\0b", 3)),
                    name_extension("a b"), name_extension(std::string(254, 'a')), extension(0, ""),
                    extension(0, u16(40)), extension(16, ""), extension(16, u16(1) + u8(0)),
                    extension(16, u16(3) + u8(9) + "h2"), u16(0) + u16(99), u16(0),
                    extension(0, u16(24) + u8(0) + u16(9) + "a.example" + u8(0) + u16(9) + "b.example"));
  CHECK(scan_with(extensions).state == State::malformed);
}

TEST_CASE("a ClientHello in too many records is refused") {
  const std::string whole = u8(1) + u24(kMaxClientHello - 4);
  std::string records;
  for (const char byte : whole) records += record(std::string(1, byte));
  while (records.size() < kMaxClientHello) records += record("x");
  CHECK(scan_client_hello(std::string_view(records).substr(0, kMaxClientHello)).state == State::need_more);
  CHECK(scan_client_hello(records + record("x")).state == State::malformed);
}

TEST_CASE("a server name finds the exact one, then the longest wildcard, then any") {
  ServerNames<int> names;
  names.add("*.example", 1);
  names.add("*.b.example", 2);
  names.add("a.b.example", 3);
  names.add("a.b.example", 9);
  const auto find = [&](std::string_view name) { return names.find(name) ? *names.find(name) : 0; };
  CHECK(find("a.b.example") == 3);
  CHECK(find("c.b.example") == 2);
  CHECK(find("x.y.b.example") == 2);
  CHECK(find("b.example") == 1);
  CHECK(find("example") == 0);
  CHECK(find("") == 0);
  names.add("", 4);
  CHECK(find("example") == 4);
  CHECK(find("") == 4);
  CHECK(find("a.b.example") == 3);
}

}  // namespace
}  // namespace gatehouse::tls
