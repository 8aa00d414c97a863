// SPDX-License-Identifier: Apache-2.0
// From an address to a connected socket that is ready for the first byte of HTTP or of a tunnel.
#pragma once

#include "base/io/socket.h"
#include "base/io/task.h"
#include "base/ip.h"
#include "base/result.h"
#include "proxy/stream.h"

namespace gatehouse::proxy {

/// Connects `socket`, which is closed yet, to `endpoint`. Errors: refused, timeout or system, all
/// Retry::safe, because nothing was sent; cancelled.
Task<Result<void>> dial(io::Socket& socket, const SocketAddress& endpoint, WaitLimits limits);

}  // namespace gatehouse::proxy
