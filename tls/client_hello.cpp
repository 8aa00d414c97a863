// SPDX-License-Identifier: Apache-2.0
#include "tls/client_hello.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace gatehouse::tls {
namespace {

using State = HelloScan::State;

// RFC 8446 5.1 and 4: record and message headers.
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMessageHeader = 4;
constexpr std::size_t kMostBytes = kMaxClientHello + kRecordHeader;  // so many tiny records are too much
constexpr std::size_t kMaxRecord = 16 * 1024;
constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHelloMessage = 1;
constexpr std::size_t kRandom = 32;
constexpr std::size_t kMaxSessionId = 32;
constexpr std::size_t kMaxName = 253;  // RFC 1035
constexpr std::uint16_t kServerNameExtension = 0;
constexpr std::uint16_t kAlpnExtension = 16;

/// Takes fields off the front; once something is missing, it stays failed and yields empty fields.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : left_(bytes) {}

  bool failed() const { return failed_; }
  bool empty() const { return left_.empty(); }
  std::uint32_t number(std::size_t size) {
    std::uint32_t value = 0;
    for (const char byte : bytes(size)) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::string_view bytes(std::size_t size) {
    if (size > left_.size()) {
      failed_ = true;
      left_ = {};
      return {};
    }
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  /// A vector with a length of `length_size` bytes in front.
  std::string_view vector(std::size_t length_size) { return bytes(number(length_size)); }

 private:
  std::string_view left_;
  bool failed_ = false;
};

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/// RFC 6066 3: exactly one host name in practice; what could not be a DNS name is refused.
std::optional<std::string> parse_server_name(std::string_view extension) {
  Fields list(Fields(extension).vector(2));
  std::string found;
  while (!list.empty()) {
    const auto kind = list.number(1);
    const auto name = list.vector(2);
    if (list.failed() || name.empty()) return std::nullopt;
    if (kind != 0) continue;
    if (!found.empty()) return std::nullopt;
    found = name;
  }
  for (char& c : found)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (found.ends_with('.')) found.pop_back();
  if (found.empty() || found.size() > kMaxName || !std::all_of(found.begin(), found.end(), is_name_letter))
    return std::nullopt;
  return found;
}

/// RFC 7301 3.1.
std::optional<std::vector<std::string>> parse_alpn(std::string_view extension) {
  Fields list(Fields(extension).vector(2));
  std::vector<std::string> names;
  while (!list.empty()) {
    const auto name = list.vector(1);
    if (list.failed() || name.empty()) return std::nullopt;
    names.emplace_back(name);
  }
  if (names.empty()) return std::nullopt;
  return names;
}

bool parse_extensions(std::string_view block, ClientHello& hello) {
  Fields extensions(block);
  bool has_name = false;
  while (!extensions.empty()) {
    const auto kind = extensions.number(2);
    const auto content = extensions.vector(2);
    if (extensions.failed()) return false;
    if (kind == kServerNameExtension) {
      auto name = parse_server_name(content);
      if (!name || has_name) return false;
      has_name = true;
      hello.server_name = std::move(*name);
    } else if (kind == kAlpnExtension) {
      auto names = parse_alpn(content);
      if (!names || !hello.alpn.empty()) return false;
      hello.alpn = std::move(*names);
    }
  }
  return true;
}

/// RFC 8446 4.1.2; `body` is the whole message without its header.
bool parse_body(std::string_view body, ClientHello& hello) {
  Fields fields(body);
  const auto version = fields.number(2);
  fields.bytes(kRandom);
  const auto session_id = fields.vector(1);
  const auto ciphers = fields.vector(2);
  const auto compressions = fields.vector(1);
  if (fields.failed() || version >> 8 != 3 || session_id.size() > kMaxSessionId || ciphers.empty() ||
      ciphers.size() % 2 != 0 || compressions.empty())
    return false;
  if (fields.empty()) return true;  // TLS 1.2 without extensions
  const auto block = fields.vector(2);
  return !fields.failed() && fields.empty() && parse_extensions(block, hello);
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

/// Joins the contents of the records into one message, and stops when that is complete.
struct Message {
  State state = State::need_more;
  std::string bytes;
  std::size_t size = 0;  ///< with its header; 0: not known yet
};

State take_record(std::string_view record, Message& message) {
  message.bytes += record;
  if (byte_at(message.bytes, 0) != kClientHelloMessage) return State::not_tls;
  if (message.bytes.size() < kMessageHeader) return State::need_more;
  Fields header(std::string_view(message.bytes).substr(1, 3));
  message.size = kMessageHeader + header.number(3);
  if (message.size > kMaxClientHello) return State::malformed;
  return message.bytes.size() < message.size ? State::need_more : State::complete;
}

Message join_records(std::string_view bytes) {
  Message message;
  while (message.state == State::need_more && !bytes.empty()) {
    const bool begins_record =
        byte_at(bytes, 0) == kHandshakeRecord && (bytes.size() < 2 || byte_at(bytes, 1) == 3);
    if (!begins_record) {
      message.state = message.bytes.empty() ? State::not_tls : State::malformed;
      return message;
    }
    if (bytes.size() < kRecordHeader) return message;
    const std::size_t size = static_cast<std::size_t>(byte_at(bytes, 3)) << 8 | byte_at(bytes, 4);
    if (size == 0 || size > kMaxRecord) {
      message.state = State::malformed;
      return message;
    }
    bytes.remove_prefix(kRecordHeader);
    const auto record = bytes.substr(0, size);
    if (record.empty()) return message;
    message.state = take_record(record, message);
    bytes.remove_prefix(record.size());
  }
  return message;
}

}  // namespace

HelloScan scan_client_hello(std::string_view bytes) {
  HelloScan scan;
  const Message message = join_records(bytes);
  scan.state = message.state;
  if (message.state == State::need_more && bytes.size() >= kMostBytes) scan.state = State::malformed;
  if (message.state != State::complete) return scan;
  const auto body = std::string_view(message.bytes).substr(kMessageHeader, message.size - kMessageHeader);
  if (!parse_body(body, scan.hello)) scan.state = State::malformed;
  return scan;
}

}  // namespace gatehouse::tls
