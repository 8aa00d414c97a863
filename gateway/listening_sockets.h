// SPDX-License-Identifier: Apache-2.0
// Opens listening sockets, one per worker and address, and explains why that failed.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "config/ir/transport.h"

namespace gatehouse::gateway {

/// The descriptors of one address, one per worker, or the reason and the remedy.
struct OpenedSocket {
  SocketAddress address;
  std::vector<int> fds;
  std::string error;
  ir::Transport transport = ir::Transport::tcp;
};

/// Control thread. A probe bind without SO_REUSEPORT first: a port that anybody else serves, another process
/// of ours included, is an error and not a silent split of its traffic. The sockets of a UDP port are made at
/// once: each change of their number sends clients to other ones.
OpenedSocket open_listening_sockets(const SocketAddress& address, int count,
                                    ir::Transport transport = ir::Transport::tcp);

}  // namespace gatehouse::gateway
