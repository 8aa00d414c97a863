// SPDX-License-Identifier: Apache-2.0
// Our server and OpenSSL's own client: choice of certificates, staples, renegotiation, key updates.
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include <string>

#include "tests/tls/plain_client.h"
#include "tests/tls/tls_rig.h"

namespace gatehouse::tls {
namespace {

using namespace test;

int key_kind_shown(PlainClient& client) {
  const X509Handle shown(SSL_get1_peer_certificate(client.ssl()));
  REQUIRE(shown);
  return EVP_PKEY_get_base_id(X509_get0_pubkey(shown.get()));
}

bool shown_carries(PlainClient& client, const char* name) {
  const X509Handle shown(SSL_get1_peer_certificate(client.ssl()));
  return shown && X509_check_host(shown.get(), name, 0, 0, nullptr) == 1;
}

TEST_CASE("the certificate's kind follows the client's capabilities") {
  Configs configs;
  configs.listener.certificates.push_back(
      as_config(make_leaf("DNS:a.example", configs.authority, KeyKind::rsa)));
  Loop loop;
  const bool wants_rsa = GENERATE(true, false);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const MixedPair pair(loop, *configs.server(), [&](PlainClient& client) {
    SSL_CTX_set_max_proto_version(client.context(), version);
    SSL_CTX_set1_sigalgs_list(client.context(), wants_rsa ? "rsa_pss_rsae_sha256" : "ECDSA+SHA256");
  });
  REQUIRE(pair.succeeded());
  CHECK(key_kind_shown(const_cast<PlainClient&>(pair.client)) == (wants_rsa ? EVP_PKEY_RSA : EVP_PKEY_EC));
}

TEST_CASE("among certificates of one kind the server name chooses, else the first serves") {
  Configs configs;
  configs.listener.certificates.push_back(as_config(make_leaf("DNS:*.b.example", configs.authority)));
  const auto server = configs.server();
  Loop loop;
  const auto [asked, shown] = GENERATE(table<const char*, const char*>(
      {{"a.example", "a.example"}, {"x.b.example", "x.b.example"}, {"c.example", "a.example"}}));
  MixedPair pair(loop, *server,
                 [name = asked](PlainClient& client) { SSL_set_tlsext_host_name(client.ssl(), name); });
  REQUIRE(pair.succeeded());
  CHECK(shown_carries(pair.client, shown));
}

TEST_CASE("the whole chain is sent") {
  Configs configs;
  CertificateWish wish;
  wish.common_name = "intermediate";
  wish.is_authority = true;
  const Made intermediate = make_certificate(wish, &configs.authority);
  const Made leaf = make_leaf("DNS:a.example", intermediate);
  auto certificate = std::make_shared<ir::Certificate>(*as_config(leaf));
  certificate->chain += intermediate.pem();
  configs.listener.certificates = {certificate};
  Loop loop;
  MixedPair pair(loop, *configs.server(), [](PlainClient&) {});
  REQUIRE(pair.succeeded());
  CHECK(sk_X509_num(SSL_get_peer_cert_chain(pair.client.ssl())) == 2);
  const Pair ours(loop, *configs.server(), *configs.client());
  CHECK(ours.succeeded());
}

/// A response that says "good" about `leaf`, until `seconds` from now.
std::string ocsp_response(const Made& leaf, const Made& authority, long seconds) {
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), leaf.certificate.get(), authority.certificate.get());
  ASN1_TIME* begins = X509_gmtime_adj(nullptr, -3600);
  ASN1_TIME* ends = X509_gmtime_adj(nullptr, seconds);
  OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, begins, ends);
  REQUIRE(OCSP_basic_sign(basic, authority.certificate.get(), authority.key, EVP_sha256(), nullptr, 0) == 1);
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* bytes = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &bytes);
  const std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(begins);
  ASN1_TIME_free(ends);
  return der;
}

/// What a client that asks for a staple gets.
std::string staple_for(const Configs& configs) {
  Loop loop;
  MixedPair pair(loop, *configs.server(), [](PlainClient& client) {
    SSL_set_tlsext_status_type(client.ssl(), TLSEXT_STATUSTYPE_ocsp);
  });
  REQUIRE(pair.succeeded());
  const unsigned char* bytes = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(pair.client.ssl(), &bytes);
  return size > 0 ? std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)) : "";
}

TEST_CASE("a client that asks gets the staple of the certificate it is shown") {
  Configs configs;
  auto certificate = std::make_shared<ir::Certificate>(*as_config(configs.leaf));
  certificate->ocsp_staple = ocsp_response(configs.leaf, configs.authority, 3600);
  configs.listener.certificates = {certificate};
  CHECK(staple_for(configs) == certificate->ocsp_staple);
}

TEST_CASE("a staple that is over, or none, is not sent") {
  Configs configs;
  auto certificate = std::make_shared<ir::Certificate>(*as_config(configs.leaf));
  certificate->ocsp_staple =
      GENERATE(true, false) ? ocsp_response(configs.leaf, configs.authority, -60) : "junk";
  configs.listener.certificates = {certificate};
  CHECK(staple_for(configs).empty());
}

TEST_CASE("renegotiation is refused") {
  Configs configs;
  Loop loop;
  MixedPair pair(loop, *configs.server(), [](PlainClient& client) {
    SSL_CTX_set_max_proto_version(client.context(), TLS1_2_VERSION);
  });
  REQUIRE(pair.succeeded());
  REQUIRE(SSL_renegotiate(pair.client.ssl()) == 1);
  unsigned long reason = 0;
  loop.turn_until([&] {
    pair.client.shake();
    reason = ERR_get_error();
    loop.turn();
    read_all(pair.server.socket);
    return reason != 0;
  });
  CHECK(ERR_GET_REASON(reason) == SSL_R_NO_RENEGOTIATION);
  ERR_clear_error();
}

struct ReadMark : io::Waiter {
  ReadMark() : Waiter([](Waiter& self) { ++static_cast<ReadMark&>(self).runs; }) {}
  int runs = 0;
};

TEST_CASE("a key update on an idle connection is no input; what follows comes under new keys") {
  Configs configs;
  Loop loop;
  MixedPair pair(loop, *configs.server(), [](PlainClient&) {});
  REQUIRE(pair.succeeded());
  CHECK(read_all(pair.server.socket).bytes.empty());
  pair.client.read();  // the tickets
  ReadMark mark;
  pair.server.socket.set_read_waiter(&mark);
  REQUIRE(SSL_key_update(pair.client.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
  REQUIRE(pair.client.shake());
  loop.turn();
  CHECK(mark.runs == 0);
  CHECK_FALSE(pair.server.socket.has_input());
  pair.client.write("under the new key");
  loop.turn();
  CHECK(mark.runs == 1);
  CHECK(read_all(pair.server.socket).bytes == "under the new key");
  write_text(pair.server.socket, "so is this");
  CHECK(pair.client.read() == "so is this");
}

TEST_CASE("a key update in the middle of a blocked write loses nothing") {
  Configs configs;
  Loop loop;
  MixedPair pair(loop, *configs.server(), [](PlainClient&) {});
  REQUIRE(pair.succeeded());
  pair.client.read();
  const std::string text(1'000'000, 'x');
  std::size_t sent = 0;
  const auto write_on = [&] {
    const auto n = write_text(pair.server.socket, std::string_view(text).substr(sent));
    REQUIRE(n.state != io::Transfer::State::failed);
    sent += n.bytes;
    return n.state == io::Transfer::State::done && sent < text.size();
  };
  while (write_on()) {
  }
  REQUIRE(sent < text.size());
  REQUIRE(SSL_key_update(pair.client.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
  REQUIRE(pair.client.shake());
  pair.client.write("question");
  loop.turn();
  CHECK(read_all(pair.server.socket).bytes == "question");
  std::size_t got = 0;
  loop.turn_until([&] {
    got += pair.client.read().size();
    if (sent < text.size() && pair.server.socket.is_ready(io::Direction::write)) write_on();
    return got == text.size();
  });
}

}  // namespace
}  // namespace gatehouse::tls
