// SPDX-License-Identifier: Apache-2.0
// The beginning of a TLS connection: looking at the ClientHello, and the handshake.
#pragma once

#include "base/io/socket.h"
#include "base/io/task.h"
#include "base/result.h"
#include "tls/client_hello.h"
#include "tls/handshake_gate.h"
#include "tls/tls_stream.h"

namespace gatehouse::tls {

struct HandshakeLimits {
  MonoTime deadline = io::kNoDeadline;
  io::CancelSource* cancel = nullptr;  ///< may be null
  HandshakeGate* gate = nullptr;       ///< servers; null: no turns are waited for
};

/// Waits for the ClientHello of a plain socket and leaves it unread: it may be passed through, or answered.
/// Errors: bad_request (not TLS, or a broken one), closed, reset, timeout, cancelled.
io::Task<Result<ClientHello>> peek_client_hello(io::Socket& socket, HandshakeLimits limits);

/// `socket` has a TlsStream as its transport. After an error the socket is good for nothing but closing.
io::Task<Result<HandshakeFacts>> handshake(io::Socket& socket, HandshakeLimits limits);

}  // namespace gatehouse::tls
