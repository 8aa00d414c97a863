// SPDX-License-Identifier: Apache-2.0
// From an address to a connected socket that is ready for the first byte of HTTP or of a tunnel.
#pragma once

#include "base/io/socket.h"
#include "base/io/task.h"
#include "base/ip.h"
#include "base/result.h"
#include "config/ir/cluster.h"
#include "proxy/stream.h"
#include "tls/client_context.h"

namespace gatehouse::proxy {

/// How connections to the endpoints of one cluster begin.
struct DialPlan {
  ir::ClusterProtocol protocol = ir::ClusterProtocol::http1;
  bool wants_tls = false;
  std::shared_ptr<const tls::ClientContext> tls;  ///< null though wanted: the settings cannot be used
  std::size_t worker = 0;
  tls::ClientContext::Alpn alpn = tls::ClientContext::Alpn::as_configured;
  std::string_view prologue{};  ///< sent in front of everything else; the caller's, until the dial has ended
};

/// What is to be spoken on a connection that was dialled.
enum class Spoken : std::uint8_t { http1, http2 };

/// Connects `socket`, which is closed yet, to `endpoint`, and establishes TLS where the plan says so: there
/// is no way back to plaintext. `session` is the endpoint's. Errors: refused (an endpoint that cannot prove
/// who it is included), timeout or system, all Retry::safe, because nothing was sent; cancelled.
Task<Result<Spoken>> dial(io::Socket& socket, SocketAddress endpoint, DialPlan plan,
                          Ref<tls::SessionSlot> session, WaitLimits limits);

}  // namespace gatehouse::proxy
