// SPDX-License-Identifier: Apache-2.0
// The part of a WebSocket's opening that only HTTP/1 has (RFC 6455 4; RFC 8441 5.1 leaves it out).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"

namespace gatehouse::proxy {

inline constexpr std::string_view kWebSocketKey = "sec-websocket-key";
inline constexpr std::string_view kWebSocketAccept = "sec-websocket-accept";

/// A Sec-WebSocket-Key for a client whose protocol has none; need not be secret.
std::string_view make_websocket_key(std::uint64_t dice, std::uint64_t more_dice, Arena& arena);

/// The Sec-WebSocket-Accept that answers `key`.
std::string_view accept_websocket_key(std::string_view key, Arena& arena);

}  // namespace gatehouse::proxy
