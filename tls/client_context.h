// SPDX-License-Identifier: Apache-2.0
// How a cluster's endpoints are spoken to in TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "config/ir/tls.h"
#include "tls/handles.h"
#include "tls/session_slot.h"
#include "tls/tls_stream.h"

namespace gatehouse::tls {

/// Built on the control thread, part of the immutable runtime; an SSL_CTX for each worker, as in
/// ServerContext. A backend whose certificate is not trusted, or does not carry the wanted name, fails the
/// handshake.
class ClientContext {
 public:
  static Result<std::shared_ptr<const ClientContext>> build(std::shared_ptr<const ir::ClusterTls> config,
                                                            std::size_t workers);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  enum class Alpn : std::uint8_t { as_configured, none };
  /// The client's side of TLS on the connected `fd`. `slot` remembers the endpoint's session; may be null.
  /// Null: out of memory.
  std::unique_ptr<TlsStream> connect(std::size_t worker, int fd, Ref<SessionSlot> slot,
                                     Alpn alpn = Alpn::as_configured) const;

  const ir::ClusterTls& config() const { return *config_; }

 private:
  ClientContext(std::shared_ptr<const ir::ClusterTls> config, std::size_t workers);
  Result<ContextHandle> make() const;

  std::shared_ptr<const ir::ClusterTls> config_;
  std::uint64_t id_;                             ///< unique in the process: sessions belong to it
  StoreHandle trust_;                            ///< null: the system's
  mutable std::vector<ContextHandle> contexts_;  ///< each touched by its worker alone
};

}  // namespace gatehouse::tls
