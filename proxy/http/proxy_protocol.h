// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, versions 1 and 2: who a connection comes from, told in front of its first byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace gatehouse::http {

/// Version 1 never takes more (its specification, 2.1); version 2 has room for what load balancers add.
inline constexpr std::size_t kMaxProxyLine = 107;
inline constexpr std::size_t kMaxProxyHeader = 4 * 1024;

/// What a header says. Without addresses the connection speaks for itself: the sender's own (LOCAL, health
/// checks), or of a kind that has none (UNKNOWN, UNIX).
struct ProxyHeader {
  std::optional<SocketAddress> source;
  std::optional<SocketAddress> destination;
  bool operator==(const ProxyHeader&) const = default;
};

struct ProxyHeaderScan {
  enum class State : std::uint8_t { need_more, complete, malformed };
  State state = State::need_more;
  std::size_t size = 0;  ///< of the header, when complete
  ProxyHeader header;
};

/// `bytes`: all that has come so far. What is no header is malformed with its first wrong byte.
ProxyHeaderScan scan_proxy_header(std::string_view bytes);

enum class ProxyVersion : std::uint8_t { v1, v2 };

/// A header for a stream. Without both addresses: UNKNOWN or LOCAL.
std::string write_proxy_header(ProxyVersion version, const ProxyHeader& header);

}  // namespace gatehouse::http
