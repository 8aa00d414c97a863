// SPDX-License-Identifier: Apache-2.0
#include "tls/ssl_settings.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls/pem.h"

namespace gatehouse::tls {
namespace {

// TLS 1.2 with forward secrecy and authenticated encryption only (RFC 9325 4.2).
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

Error wrong(std::string_view why) {
  ERR_clear_error();
  return {Fault::bad_request, Side::internal, Retry::never, why};
}

int number_of(ir::TlsVersion version) {
  return version == ir::TlsVersion::tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

void set_record_handling(SSL_CTX& context) {
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY |
                                 SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // One system call for all records that are here, instead of two for each.
  SSL_CTX_set_read_ahead(&context, 1);
}

std::vector<X509*> above_leaf(const Chain& chain) {
  std::vector<X509*> rest;
  for (std::size_t i = 1; i < chain.size(); ++i) rest.push_back(chain[i].get());
  return rest;
}

struct StackFree {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using Stack = std::unique_ptr<STACK_OF(X509), StackFree>;

/// Refers to the certificates, does not own them.
Stack stack_of(const std::vector<X509*>& certificates) {
  Stack stack(sk_X509_new_null());
  for (X509* certificate : certificates)
    if (stack && sk_X509_push(stack.get(), certificate) == 0) return nullptr;
  return stack;
}

}  // namespace

Result<ContextHandle> make_context(Role role, const ir::TlsOptions& options) {
  ContextHandle context(SSL_CTX_new(role == Role::server ? TLS_server_method() : TLS_client_method()));
  if (!context) return wrong("no memory for a TLS context");
  set_record_handling(*context);
  if (SSL_CTX_set_min_proto_version(context.get(), number_of(options.min_version)) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), number_of(options.max_version)) != 1 ||
      options.min_version > options.max_version)
    return wrong("the TLS versions cannot be used");
  const char* ciphers = options.ciphers.empty() ? kCiphers : options.ciphers.c_str();
  if (SSL_CTX_set_cipher_list(context.get(), ciphers) != 1) return wrong("no usable cipher in the list");
  if (!options.cipher_suites.empty() &&
      SSL_CTX_set_ciphersuites(context.get(), options.cipher_suites.c_str()) != 1)
    return wrong("no usable cipher suite in the list");
  std::string curves = options.curves;  // OpenSSL's macro wants it mutable
  if (!curves.empty() && SSL_CTX_set1_groups_list(context.get(), curves.data()) != 1)
    return wrong("no usable curve in the list");
  return context;
}

Result<Identity> read_identity(const ir::Certificate& certificate) {
  auto chain = parse_certificates(certificate.chain);
  if (!chain) return chain.error();
  auto key = parse_private_key(certificate.key);
  if (!key) return key.error();
  if (!fits(*chain->front(), **key)) return wrong("the private key does not belong to the certificate");
  return Identity{std::move(*chain), std::move(*key)};
}

Result<void> use_identity(ssl_ctx_st& context, const Identity& identity) {
  const Stack rest = stack_of(above_leaf(identity.chain));
  if (!rest || SSL_CTX_use_cert_and_key(&context, identity.chain.front().get(), identity.key.get(),
                                        rest.get(), 1) != 1)
    return wrong("the certificate cannot be used");
  return {};
}

bool use_identity(ssl_st& connection, const Identity& identity) {
  const Stack rest = stack_of(above_leaf(identity.chain));
  return rest && SSL_use_cert_and_key(&connection, identity.chain.front().get(), identity.key.get(),
                                      rest.get(), 1) == 1;
}

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const auto& name : names) {
    if (name.empty() || name.size() > 255) continue;
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

}  // namespace gatehouse::tls
