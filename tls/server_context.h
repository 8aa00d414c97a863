// SPDX-License-Identifier: Apache-2.0
// What a TLS listener answers handshakes with.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/ir/tls.h"
#include "tls/handles.h"
#include "tls/ticket_keys.h"
#include "tls/tls_stream.h"

namespace gatehouse::tls {

/// Built on the control thread, part of the immutable runtime. Every worker has an SSL_CTX of its own,
/// private keys included: OpenSSL counts references to all of them in each handshake, and its RSA keys keep
/// their blinding for the thread that came first, so workers would share locks and cache lines. The first is
/// made when it is built, which proves that the configuration works; each other one by its worker, with the
/// first connection. Open connections keep alive what they need of it.
class ServerContext {
 public:
  struct Surroundings {
    std::string scope;                          ///< sessions are resumed within it only: the listener's name
    std::shared_ptr<const TicketKeys> tickets;  ///< null: no session is resumed
    std::size_t workers = 1;
  };
  static Result<std::shared_ptr<const ServerContext>> build(std::shared_ptr<const ir::ListenerTls> config,
                                                            Surroundings surroundings);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  /// The server's side of TLS on `fd`. Null: out of memory. `worker` is the caller's number, from 0.
  std::unique_ptr<TlsStream> accept(std::size_t worker, int fd) const;

  const ir::ListenerTls& config() const { return *config_; }

 private:
  ServerContext(std::shared_ptr<const ir::ListenerTls> config, Surroundings surroundings);
  Result<ContextHandle> make() const;
  Result<void> ask_for_certificates(ssl_ctx_st& context) const;
  std::string session_scope() const;

  std::shared_ptr<const ir::ListenerTls> config_;
  Surroundings around_;
  StoreHandle client_trust_;  ///< shared by the contexts; null: no certificate is asked for
  mutable std::vector<ContextHandle> contexts_;  ///< each touched by its worker alone
};

}  // namespace gatehouse::tls
