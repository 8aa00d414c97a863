// SPDX-License-Identifier: Apache-2.0
// Opens listening sockets, one per worker and address, and explains why that failed.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"

namespace gatehouse::gateway {

/// The descriptors of one address, one per worker, or the reason and the remedy.
struct OpenedSocket {
  SocketAddress address;
  std::vector<int> fds;
  std::string error;
};

/// Control thread. A probe bind without SO_REUSEPORT first: a port that anybody else serves, another process
/// of ours included, is an error and not a silent split of its traffic.
OpenedSocket open_listening_sockets(const SocketAddress& address, int count);

}  // namespace gatehouse::gateway
