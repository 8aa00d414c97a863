// SPDX-License-Identifier: Apache-2.0
// OpenSSL's side of it.
#include "controller/api_tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/ip.h"
#include "tls/pem.h"
#include "tls/ssl_settings.h"

namespace gatehouse::controller {
namespace {

TlsNotes* notes_of(const SSL* connection) {
  return static_cast<TlsNotes*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
}

int note_verification(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return ok;
  const auto* connection =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  notes_of(connection)->verify_error = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
  return ok;
}

/// cpp-httplib asks for the host it connects to, an address too; here is the last word before the hello.
void choose_server_name(const SSL* connection, int where, int) {
  if (where != SSL_CB_HANDSHAKE_START) return;
  const auto& name = notes_of(connection)->server_name;
  auto* const own = const_cast<SSL*>(connection);
  SSL_ctrl(own, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           name.empty() ? nullptr : const_cast<char*>(name.c_str()));
}

std::string trust(SSL_CTX& context, const std::string& authority) {
  if (authority.empty()) {
    SSL_CTX_set1_cert_store(&context, tls::system_trust_store());
    return {};
  }
  const auto store = tls::make_trust_store(authority);
  if (!store) return fmt::format("certificate-authority: {}", store.error().detail);
  SSL_CTX_set1_cert_store(&context, store->get());
  return {};
}

std::string identify(SSL_CTX& context, const Credentials& credentials) {
  if (credentials.certificate.empty()) return {};
  ir::Certificate pair;
  pair.chain = credentials.certificate;
  pair.key = credentials.key;
  const auto identity = tls::read_identity(pair);
  if (!identity) return fmt::format("client-certificate: {}", identity.error().detail);
  const auto used = tls::use_identity(context, *identity);
  return used ? std::string() : fmt::format("client-certificate: {}", used.error().detail);
}

}  // namespace

std::string set_up_tls(ssl_ctx_st& context, const ClusterAccess& access, const Credentials& credentials,
                       const std::string& host, TlsNotes& notes) {
  const auto& name = access.server_name.empty() ? host : access.server_name;
  const bool is_address = IpAddress::parse(name).has_value();
  notes.server_name = is_address ? "" : name;
  SSL_CTX_set_app_data(&context, &notes);
  SSL_CTX_set_info_callback(&context, choose_server_name);
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  if (auto wrong = identify(context, credentials); !wrong.empty()) return wrong;
  if (access.skip_verification) {
    SSL_CTX_set_verify(&context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  if (auto wrong = trust(context, credentials.authority); !wrong.empty()) return wrong;
  auto* rules = SSL_CTX_get0_param(&context);
  const int named = is_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str())
                               : X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size());
  if (named != 1) return fmt::format("{} cannot be the name of a server", name);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, note_verification);
  return {};
}

}  // namespace gatehouse::controller
