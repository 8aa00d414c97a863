// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/proxy_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace gatehouse::http {
namespace {

using State = ProxyHeaderScan::State;

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixedPart = 16;  // signature, version and command, family, length
constexpr std::size_t kIpv4Block = 12;
constexpr std::size_t kIpv6Block = 36;
constexpr std::uint8_t kVersion2 = 0x20;
enum Command : std::uint8_t { kLocal = 0, kProxied = 1 };
enum Family : std::uint8_t { kUnspecified = 0, kInet = 1, kInet6 = 2, kUnix = 3 };
constexpr std::uint8_t kStream = 1;
constexpr std::uint8_t kDatagram = 2;

ProxyHeaderScan malformed() {
  return {State::malformed, 0, {}};
}

// ---- version 1

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool padded = text.size() > 1 && text.front() == '0';
  if (error != std::errc() || end != text.data() + text.size() || padded) return std::nullopt;
  return port;
}

std::string_view take_word(std::string_view& line) {
  const auto space = line.find(' ');
  const auto word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

std::optional<SocketAddress> make_address(std::string_view ip_text, std::string_view port_text, bool v6) {
  const auto ip = IpAddress::parse(ip_text);
  const auto port = parse_port(port_text);
  const bool looks_v6 = ip_text.find(':') != std::string_view::npos;
  if (!ip || !port || looks_v6 != v6) return std::nullopt;
  return SocketAddress{*ip, *port};
}

/// `line`: behind "PROXY ", without its CRLF.
std::optional<ProxyHeader> parse_line(std::string_view line) {
  const auto family = take_word(line);
  if (family == "UNKNOWN") return ProxyHeader{};  // what follows is to be ignored
  if (family != "TCP4" && family != "TCP6") return std::nullopt;
  std::array<std::string_view, 4> words;
  for (auto& word : words) word = take_word(line);
  if (!line.empty() || words.back().empty()) return std::nullopt;
  const bool v6 = family == "TCP6";
  ProxyHeader header;
  header.source = make_address(words[0], words[2], v6);
  header.destination = make_address(words[1], words[3], v6);
  if (!header.source || !header.destination) return std::nullopt;
  return header;
}

ProxyHeaderScan scan_line(std::string_view bytes) {
  const auto end = bytes.substr(0, kMaxProxyLine).find('\n');
  if (end == std::string_view::npos) {
    if (bytes.size() >= kMaxProxyLine) return malformed();
    return {};
  }
  auto line = bytes.substr(kLineStart.size(), end - kLineStart.size());
  if (!line.ends_with('\r') || line.ends_with(" \r")) return malformed();
  line.remove_suffix(1);
  const bool has_control = std::any_of(line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; });
  auto header = has_control ? std::nullopt : parse_line(line);
  if (!header) return malformed();
  return {State::complete, end + 1, *header};
}

// ---- version 2

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

SocketAddress ipv4_at(std::string_view block, std::size_t ip, std::size_t port) {
  SocketAddress address;
  std::memcpy(address.ip.bytes.data(), block.data() + ip, 4);
  address.port = number_at(block, port);
  return address;
}

/// By way of the system's form, which knows the mapped IPv4 addresses.
SocketAddress ipv6_at(std::string_view block, std::size_t ip, std::size_t port) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  std::memcpy(&raw.sin6_addr, block.data() + ip, 16);
  sockaddr_storage storage{};
  std::memcpy(&storage, &raw, sizeof raw);
  return {IpAddress::from(storage), number_at(block, port)};
}

/// `block`: addresses and, behind them, TLVs that say nothing we need.
std::optional<ProxyHeader> parse_block(std::uint8_t family, std::string_view block) {
  switch (family) {
    case kInet:
      if (block.size() < kIpv4Block) return std::nullopt;
      return ProxyHeader{ipv4_at(block, 0, 8), ipv4_at(block, 4, 10)};
    case kInet6:
      if (block.size() < kIpv6Block) return std::nullopt;
      return ProxyHeader{ipv6_at(block, 0, 32), ipv6_at(block, 16, 34)};
    case kUnspecified:
    case kUnix:
      return ProxyHeader{};
    default:
      return std::nullopt;
  }
}

ProxyHeaderScan scan_binary(std::string_view bytes) {
  if (bytes.size() > 12) {
    const auto version = byte_at(bytes, 12);
    if (version != (kVersion2 | kLocal) && version != (kVersion2 | kProxied)) return malformed();
  }
  if (bytes.size() < kFixedPart) return {};
  const std::size_t size = kFixedPart + number_at(bytes, 14);
  if (size > kMaxProxyHeader) return malformed();
  if (bytes.size() < size) return {};
  if (byte_at(bytes, 12) == (kVersion2 | kLocal)) return {State::complete, size, {}};
  const auto transport = byte_at(bytes, 13) & 0x0f;
  if (transport > kDatagram) return malformed();
  const auto header = parse_block(static_cast<std::uint8_t>(byte_at(bytes, 13) >> 4),
                                  bytes.substr(kFixedPart, size - kFixedPart));
  if (!header) return malformed();
  return {State::complete, size, *header};
}

// ---- writing

/// One family for both: an IPv4 address takes its mapped form next to an IPv6 one.
bool is_v6(const ProxyHeader& header) {
  return header.source->ip.v6 || header.destination->ip.v6;
}

std::string ip_text(const IpAddress& ip, bool v6) {
  return v6 && !ip.v6 ? "::ffff:" + ip.to_string() : ip.to_string();
}

void append_ip(std::string& to, const IpAddress& ip, bool v6) {
  const auto* bytes = reinterpret_cast<const char*>(ip.bytes.data());
  if (!v6) {
    to.append(bytes, 4);
  } else if (ip.v6) {
    to.append(bytes, 16);
  } else {
    to.append("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12).append(bytes, 4);
  }
}

void append_number(std::string& to, std::size_t number) {
  to += static_cast<char>(number >> 8 & 0xff);
  to += static_cast<char>(number & 0xff);
}

std::string write_line(const ProxyHeader& header) {
  if (!header.source || !header.destination) return "PROXY UNKNOWN\r\n";
  const bool v6 = is_v6(header);
  return fmt::format("PROXY {} {} {} {} {}\r\n", v6 ? "TCP6" : "TCP4", ip_text(header.source->ip, v6),
                     ip_text(header.destination->ip, v6), header.source->port, header.destination->port);
}

std::string write_binary(const ProxyHeader& header) {
  std::string bytes(kSignature);
  const bool known = header.source && header.destination;
  const bool v6 = known && is_v6(header);
  bytes += static_cast<char>(kVersion2 | (known ? kProxied : kLocal));
  bytes += static_cast<char>(known ? (v6 ? kInet6 : kInet) << 4 | kStream : 0);
  append_number(bytes, known ? (v6 ? kIpv6Block : kIpv4Block) : 0);
  if (!known) return bytes;
  append_ip(bytes, header.source->ip, v6);
  append_ip(bytes, header.destination->ip, v6);
  append_number(bytes, header.source->port);
  append_number(bytes, header.destination->port);
  return bytes;
}

}  // namespace

ProxyHeaderScan scan_proxy_header(std::string_view bytes) {
  const auto begins_with = [bytes](std::string_view start) {
    return bytes.substr(0, start.size()) == start.substr(0, bytes.size());
  };
  if (begins_with(kLineStart)) return bytes.size() < kLineStart.size() ? ProxyHeaderScan{} : scan_line(bytes);
  if (begins_with(kSignature))
    return bytes.size() < kSignature.size() ? ProxyHeaderScan{} : scan_binary(bytes);
  return malformed();
}

std::string write_proxy_header(ProxyVersion version, const ProxyHeader& header) {
  return version == ProxyVersion::v1 ? write_line(header) : write_binary(header);
}

}  // namespace gatehouse::http
