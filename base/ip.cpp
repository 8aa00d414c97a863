// SPDX-License-Identifier: Apache-2.0
#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace gatehouse {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

IpAddress from_v6_bytes(const std::uint8_t* bytes) {
  IpAddress ip;
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes)) {
    std::memcpy(ip.bytes.data(), bytes + 12, 4);
    return ip;
  }
  ip.v6 = true;
  std::memcpy(ip.bytes.data(), bytes, 16);
  return ip;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto value = parse_decimal(text);
  if (!value || *value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  std::uint8_t raw[16];
  if (inet_pton(AF_INET, buffer, raw) == 1) {
    IpAddress ip;
    std::memcpy(ip.bytes.data(), raw, 4);
    return ip;
  }
  if (inet_pton(AF_INET6, buffer, raw) == 1) return from_v6_bytes(raw);
  return std::nullopt;
}

IpAddress IpAddress::from(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    return from_v6_bytes(v6.sin6_addr.s6_addr);
  }
  sockaddr_in v4;
  std::memcpy(&v4, &address, sizeof v4);
  IpAddress ip;
  std::memcpy(ip.bytes.data(), &v4.sin_addr, 4);
  return ip;
}

bool IpAddress::is_any() const {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_loopback() const {
  if (!v6) return bytes[0] == 127;
  return bytes[15] == 1 && std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_link_local() const {
  if (!v6) return bytes[0] == 169 && bytes[1] == 254;
  return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

std::string IpAddress::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer, sizeof buffer);
  return buffer;
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  const int bits = ip->v6 ? 128 : 32;
  if (slash == std::string_view::npos) return Cidr{*ip, bits};
  const auto prefix = parse_decimal(text.substr(slash + 1));
  if (!prefix || *prefix > static_cast<std::uint64_t>(bits)) return std::nullopt;
  return Cidr{*ip, static_cast<int>(*prefix)};
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.v6 != base.v6) return false;
  const auto whole = static_cast<std::size_t>(prefix / 8);
  if (std::memcmp(address.bytes.data(), base.bytes.data(), whole) != 0) return false;
  const int rest = prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (address.bytes[whole] & mask) == (base.bytes[whole] & mask);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) return std::nullopt;
  const auto ip = IpAddress::parse(host);
  const auto port = parse_port(text.substr(colon + 1));
  if (!ip || !port) return std::nullopt;
  return SocketAddress{*ip, *port};
}

SocketAddress SocketAddress::from(const sockaddr_storage& address) {
  SocketAddress result;
  result.ip = IpAddress::from(address);
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    result.port = ntohs(v6.sin6_port);
  } else {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    result.port = ntohs(v4.sin_port);
  }
  return result;
}

socklen_t SocketAddress::write(sockaddr_storage& to) const {
  std::memset(&to, 0, sizeof to);
  if (ip.v6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(v6.sin6_addr.s6_addr, ip.bytes.data(), 16);
    std::memcpy(&to, &v6, sizeof v6);
    return sizeof v6;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  std::memcpy(&v4.sin_addr, ip.bytes.data(), 4);
  std::memcpy(&to, &v4, sizeof v4);
  return sizeof v4;
}

std::string SocketAddress::to_string() const {
  return (ip.v6 ? "[" + ip.to_string() + "]" : ip.to_string()) + ":" + std::to_string(port);
}

}  // namespace gatehouse
