// SPDX-License-Identifier: Apache-2.0
// IP addresses, CIDR ranges and socket addresses as small plain values.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

/// An IPv4 or IPv6 address. IPv4-mapped IPv6 addresses are stored as IPv4, so one client has one form.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  ///< network order; IPv4 uses the first four
  bool v6 = false;

  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress from(const sockaddr_storage& address);

  bool is_any() const;
  bool is_loopback() const;
  bool is_link_local() const;
  std::string to_string() const;
  auto operator<=>(const IpAddress&) const = default;
};

/// A range such as 10.0.0.0/8; a bare address is a range of one.
struct Cidr {
  IpAddress base;
  int prefix = 0;

  static std::optional<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  bool operator==(const Cidr&) const = default;
};

/// Address and port, ready for bind(2) or connect(2).
struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  /// "1.2.3.4:80" or "[::1]:80".
  static std::optional<SocketAddress> parse(std::string_view text);
  static SocketAddress from(const sockaddr_storage& address);
  /// Fills `to`; returns the length that bind and connect want.
  socklen_t write(sockaddr_storage& to) const;
  std::string to_string() const;
  auto operator<=>(const SocketAddress&) const = default;
};

}  // namespace gatehouse
