// SPDX-License-Identifier: Apache-2.0
#include "tls/client_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <atomic>
#include <string_view>

#include "base/ip.h"
#include "tls/pem.h"
#include "tls/ssl_settings.h"

namespace gatehouse::tls {
namespace {

constexpr unsigned kHostRules = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

Error wrong(std::string_view why) {
  ERR_clear_error();
  return {Fault::bad_request, Side::internal, Retry::never, why};
}

/// What the callbacks of one SSL_CTX need; owned by it.
using Config = std::shared_ptr<const ir::ClusterTls>;

void free_config(void*, void* config, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Config*>(config);
}

int config_index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_config);
  return kIndex;
}

bool carries_host(X509& leaf, const std::string& name) {
  if (IpAddress::parse(name)) return X509_check_ip_asc(&leaf, name.c_str(), 0) == 1;
  return X509_check_host(&leaf, name.data(), name.size(), kHostRules, nullptr) == 1;
}

bool carries_uri(const X509& leaf, std::string_view uri) {
  struct NamesFree {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  };
  const std::unique_ptr<GENERAL_NAMES, NamesFree> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&leaf, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
    const std::string_view found(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                 static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (found == uri) return true;
  }
  return false;
}

bool carries_wanted_name(X509& leaf, const ir::ClusterTls& config) {
  if (config.alt_names.empty()) return carries_host(leaf, config.server_name);
  return std::any_of(config.alt_names.begin(), config.alt_names.end(), [&](const auto& name) {
    return name.kind == ir::SubjectAltName::Kind::uri ? carries_uri(leaf, name.value)
                                                      : carries_host(leaf, name.value);
  });
}

/// The chain first, then the name: both before the handshake goes on.
int verify_backend(X509_STORE_CTX* store, void*) {
  if (X509_verify_cert(store) != 1) return 0;
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* config = static_cast<Config*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), config_index()));
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  if (config && leaf && carries_wanted_name(*leaf, **config)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

/// 1: the reference is ours now.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* stream = TlsStream::of(*ssl);
  if (!stream) return 0;
  stream->keep_session(SessionHandle(session));
  return 1;
}

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

ClientContext::ClientContext(std::shared_ptr<const ir::ClusterTls> config, std::size_t workers)
    : config_(std::move(config)), id_(next_id()), contexts_(std::max<std::size_t>(workers, 1)) {}

Result<std::shared_ptr<const ClientContext>> ClientContext::build(
    std::shared_ptr<const ir::ClusterTls> config, std::size_t workers) {
  std::shared_ptr<ClientContext> client(new ClientContext(std::move(config), workers));
  if (client->config_->trust) {
    auto store = make_trust_store(client->config_->trust->pem);
    if (!store) return store.error();
    client->trust_ = std::move(*store);
  }
  auto first = client->make();
  if (!first) return first.error();
  client->contexts_.front() = std::move(*first);
  return std::shared_ptr<const ClientContext>(std::move(client));
}

Result<ContextHandle> ClientContext::make() const {
  auto made = make_context(Role::client, config_->options);
  if (!made) return made;
  SSL_CTX* context = made->get();
  if (config_->client_certificate) {
    const auto identity = read_identity(*config_->client_certificate);
    if (!identity) return identity.error();
    const auto used = use_identity(*context, *identity);
    if (!used) return used.error();
  }
  const std::string alpn = alpn_wire(config_->options.alpn);
  if (!alpn.empty() && SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                                               static_cast<unsigned>(alpn.size())) != 0)
    return wrong("the ALPN names cannot be used");

  x509_store_st* trust = trust_ ? trust_.get() : system_trust_store();
  if (!trust) return wrong("the system's trusted certificates cannot be read");
  SSL_CTX_set1_cert_store(context, trust);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_backend, nullptr);
  SSL_CTX_set_ex_data(context, config_index(), new Config(config_));

  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  return made;
}

std::unique_ptr<TlsStream> ClientContext::connect(std::size_t worker, int fd, Ref<SessionSlot> slot,
                                                  Alpn alpn) const {
  ContextHandle& context = contexts_[worker];
  if (!context) {
    auto made = make();
    if (!made) return nullptr;
    context = std::move(*made);
  }
  SslHandle ssl(SSL_new(context.get()));
  if (!ssl) return nullptr;
  SSL_set_connect_state(ssl.get());
  if (alpn == Alpn::none) SSL_set_alpn_protos(ssl.get(), nullptr, 0);
  const std::string& name = config_->server_name;
  // RFC 6066 3: no addresses in a server name.
  if (!name.empty() && !IpAddress::parse(name) && SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1)
    return nullptr;
  auto stream = TlsStream::create(std::move(ssl), fd);
  if (stream) stream->set_session_slot(std::move(slot), id_);
  return stream;
}

}  // namespace gatehouse::tls
