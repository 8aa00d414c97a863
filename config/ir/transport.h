// SPDX-License-Identifier: Apache-2.0
// What a bound socket carries: TCP and UDP port 53 of one address are two sockets.
#pragma once

#include <cstdint>

#include "config/ir/listener.h"

namespace gatehouse::ir {

enum class Transport : std::uint8_t { tcp, udp };

inline Transport transport_of(const Listener& listener) {
  return listener.protocol == ListenerProtocol::udp ? Transport::udp : Transport::tcp;
}

}  // namespace gatehouse::ir
