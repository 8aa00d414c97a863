// SPDX-License-Identifier: Apache-2.0
#include "tls/server_context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/clock.h"
#include "tls/ocsp_staple.h"
#include "tls/pem.h"
#include "tls/ssl_settings.h"

namespace gatehouse::tls {
namespace {

/// Sessions are forgotten by their clients then, and not resumed by us.
constexpr long kSessionSeconds = 12 * 60 * 60;
/// Names of trusted authorities help a client to choose; more than these only make the handshake long.
constexpr std::size_t kMostAuthorityNames = 64;

Error wrong(std::string_view why) {
  ERR_clear_error();
  return {Fault::bad_request, Side::internal, Retry::never, why};
}

/// What the callbacks of one SSL_CTX need; owned by it.
struct ServerState {
  struct Entry {
    Identity identity;
    std::string ocsp_staple;
    WallTime staple_ends;
    int key_kind = 0;
  };
  std::vector<Entry> entries;
  bool names_choose = false;  ///< several certificates with the same kind of key
  std::string alpn;           ///< on the wire
};

void free_state(void*, void* state, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<ServerState*>(state);
}

int state_index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_state);
  return kIndex;
}

const ServerState* state_of(const SSL* ssl) {
  return static_cast<const ServerState*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), state_index()));
}

bool carries(const Identity& identity, const char* name) {
  return name && X509_check_host(identity.chain.front().get(), name, std::strlen(name), 0, nullptr) == 1;
}

/// Of each kind of key the first certificate that carries the name, else the first.
bool choose_by_name(SSL& ssl, const ServerState& state) {
  const char* name = SSL_get_servername(&ssl, TLSEXT_NAMETYPE_host_name);
  std::vector<const ServerState::Entry*> chosen;
  for (const auto& entry : state.entries) {
    const auto same = std::find_if(chosen.begin(), chosen.end(),
                                   [&](const auto* other) { return other->key_kind == entry.key_kind; });
    if (same == chosen.end()) {
      chosen.push_back(&entry);
    } else if (!carries((*same)->identity, name) && carries(entry.identity, name)) {
      *same = &entry;
    }
  }
  return std::all_of(chosen.begin(), chosen.end(),
                     [&](const auto* entry) { return use_identity(ssl, entry->identity); });
}

/// In front of the private-key operation; not called for a resumed session, which needs none.
int on_certificate(SSL* ssl, void*) {
  auto* stream = TlsStream::of(*ssl);
  if (stream && !stream->ask_permit()) return -1;
  const ServerState* state = state_of(ssl);
  if (!state->names_choose) return 1;
  return choose_by_name(*ssl, *state) ? 1 : 0;
}

/// RFC 7301 3.2: our order decides; with nothing in common the handshake fails.
int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
            unsigned offered_size, void*) {
  const std::string& ours = state_of(ssl)->alpn;
  const auto* wanted = reinterpret_cast<const unsigned char*>(ours.data());
  unsigned char* selected = nullptr;
  const int found = SSL_select_next_proto(&selected, out_size, wanted, static_cast<unsigned>(ours.size()),
                                          offered, offered_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

/// A staple that is over would be worse than none.
bool is_due(const ServerState::Entry& entry, const X509* used) {
  return entry.identity.chain.front().get() == used && !entry.ocsp_staple.empty() &&
         system_clock().wall() < entry.staple_ends;
}

/// The name chose the context already; it is acknowledged, and kept with the session.
int on_server_name(SSL*, int*, void*) {
  return SSL_TLSEXT_ERR_OK;
}

int on_status_request(SSL* ssl, void*) {
  const X509* used = SSL_get_certificate(ssl);
  for (const auto& entry : state_of(ssl)->entries) {
    if (!is_due(entry, used)) continue;
    void* copy = OPENSSL_memdup(entry.ocsp_staple.data(), entry.ocsp_staple.size());
    if (!copy) break;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(entry.ocsp_staple.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

/// The handshake goes on; SSL_get_verify_result() tells.
int accept_any_certificate(int, X509_STORE_CTX*) {
  return 1;
}

Result<std::unique_ptr<ServerState>> read_state(const ir::ListenerTls& config) {
  auto state = std::make_unique<ServerState>();
  for (const auto& certificate : config.certificates) {
    auto identity = read_identity(*certificate);
    if (!identity) return identity.error();
    const int kind = EVP_PKEY_get_base_id(identity->key.get());
    state->names_choose |= std::any_of(state->entries.begin(), state->entries.end(),
                                       [&](const auto& entry) { return entry.key_kind == kind; });
    const auto staple_ends = staple_expiry(certificate->ocsp_staple);
    state->entries.push_back(
        {std::move(*identity), certificate->ocsp_staple, staple_ends ? *staple_ends : WallTime::min(), kind});
  }
  if (state->entries.empty()) return wrong("a TLS listener without a certificate");
  state->alpn = alpn_wire(config.options.alpn);
  return state;
}

/// The last one of its kind stays: backwards, so that it is the user's first.
Result<void> use_entries(SSL_CTX& context, const ServerState& state) {
  for (auto entry = state.entries.rbegin(); entry != state.entries.rend(); ++entry) {
    const auto used = use_identity(context, entry->identity);
    if (!used) return used.error();
  }
  return {};
}

}  // namespace

ServerContext::ServerContext(std::shared_ptr<const ir::ListenerTls> config, Surroundings surroundings)
    : config_(std::move(config)),
      around_(std::move(surroundings)),
      contexts_(std::max<std::size_t>(around_.workers, 1)) {}

Result<std::shared_ptr<const ServerContext>> ServerContext::build(
    std::shared_ptr<const ir::ListenerTls> config, Surroundings surroundings) {
  std::shared_ptr<ServerContext> server(new ServerContext(std::move(config), std::move(surroundings)));
  const auto& validation = server->config_->client_validation;
  if (validation && validation->trust) {
    auto store = make_trust_store(validation->trust->pem);
    if (!store) return store.error();
    server->client_trust_ = std::move(*store);
  }
  auto first = server->make();
  if (!first) return first.error();
  server->contexts_.front() = std::move(*first);
  return std::shared_ptr<const ServerContext>(std::move(server));
}

Result<ContextHandle> ServerContext::make() const {
  auto state = read_state(*config_);
  if (!state) return state.error();
  auto made = make_context(Role::server, config_->options);
  if (!made) return made;
  SSL_CTX* context = made->get();
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  const auto used = use_entries(*context, **state);
  if (!used) return used.error();
  const auto asked = ask_for_certificates(*context);
  if (!asked) return asked.error();

  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, kSessionSeconds);
  const std::string scope = session_scope();
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(scope.data()),
                                 static_cast<unsigned>(scope.size()));
  if (around_.tickets) {
    TicketKeys::attach(*context, around_.tickets);
  } else {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
  SSL_CTX_set_cert_cb(context, on_certificate, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
  SSL_CTX_set_tlsext_status_cb(context, on_status_request);
  if (!(*state)->alpn.empty()) SSL_CTX_set_alpn_select_cb(context, on_alpn, nullptr);
  SSL_CTX_set_ex_data(context, state_index(), state->release());
  return made;
}

Result<void> ServerContext::ask_for_certificates(ssl_ctx_st& context) const {
  const auto& validation = config_->client_validation;
  if (!validation) return {};
  if (validation->mode == ir::ClientValidation::Mode::insecure_fallback) {
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, accept_any_certificate);
  } else {
    if (!client_trust_) return wrong("client certificates are required and nobody is trusted");
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  if (!client_trust_) return {};
  SSL_CTX_set1_verify_cert_store(&context, client_trust_.get());
  const auto authorities = parse_certificates(validation->trust->pem);
  if (!authorities || authorities->size() > kMostAuthorityNames) return {};
  for (const auto& authority : *authorities) SSL_CTX_add_client_CA(&context, authority.get());
  return {};
}

/// A session made where no client certificate was asked for must not open where one is: 32 bytes that differ
/// by listener and by what is asked of clients.
std::string ServerContext::session_scope() const {
  std::string text = around_.scope;
  if (const auto& validation = config_->client_validation) {
    text += validation->mode == ir::ClientValidation::Mode::valid_only ? "\nvalid\n" : "\nany\n";
    if (validation->trust) text += validation->trust->fingerprint + '\n' + validation->trust->pem;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::unique_ptr<TlsStream> ServerContext::accept(std::size_t worker, int fd) const {
  ContextHandle& context = contexts_[worker];
  if (!context) {
    auto made = make();
    if (!made) return nullptr;
    context = std::move(*made);
  }
  SslHandle ssl(SSL_new(context.get()));
  if (!ssl) return nullptr;
  SSL_set_accept_state(ssl.get());
  return TlsStream::create(std::move(ssl), fd);
}

}  // namespace gatehouse::tls
