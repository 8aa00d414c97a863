// SPDX-License-Identifier: Apache-2.0
#include "tests/support/wire_message.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace gatehouse::test {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

/// The line at the front of `bytes` without CRLF; empty optional while it is not complete.
std::optional<std::string_view> take_line(std::string_view& bytes) {
  const auto end = bytes.find(kLineEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = bytes.substr(0, end);
  bytes.remove_prefix(end + kLineEnd.size());
  return line;
}

std::optional<WireMessage> take_head(std::string_view& bytes) {
  const auto end = bytes.find(kHeadEnd);
  if (end == std::string_view::npos) return std::nullopt;
  WireMessage message;
  message.head = std::string(bytes.substr(0, end + kHeadEnd.size()));
  std::string_view rest(message.head);
  message.start_line = std::string(*take_line(rest));
  for (auto line = take_line(rest); line && !line->empty(); line = take_line(rest)) {
    const auto colon = std::min(line->find(':'), line->size());
    const auto value = colon < line->size() ? line->substr(colon + 1) : std::string_view();
    message.fields.emplace_back(std::string(line->substr(0, colon)), std::string(trim(value)));
  }
  bytes.remove_prefix(message.head.size());
  return message;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

enum class Took { complete, more, broken };

Took take_counted(std::string_view& bytes, std::size_t size, std::string& to) {
  if (bytes.size() < size) return Took::more;
  to.append(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return Took::complete;
}

Took take_trailers(std::string_view& bytes, std::string& to) {
  for (;;) {
    const auto line = take_line(bytes);
    if (!line) return Took::more;
    if (line->empty()) return Took::complete;
    to.append(*line).append(kLineEnd);
  }
}

Took take_chunks(std::string_view& bytes, WireMessage& message) {
  for (;;) {
    const auto line = take_line(bytes);
    if (!line) return Took::more;
    const auto size = number(line->substr(0, line->find(';')), 16);
    if (!size) return Took::broken;
    if (*size == 0) return take_trailers(bytes, message.trailers);
    if (take_counted(bytes, *size, message.body) == Took::more || bytes.size() < kLineEnd.size())
      return Took::more;
    if (!bytes.starts_with(kLineEnd)) return Took::broken;
    bytes.remove_prefix(kLineEnd.size());
  }
}

Took take_framed_body(std::string_view& bytes, WireMessage& message) {
  if (message.has("Transfer-Encoding")) {
    message.chunked = true;
    return take_chunks(bytes, message);
  }
  const auto size = number(message.field("Content-Length"), 10);
  return size ? take_counted(bytes, *size, message.body) : Took::broken;
}

bool is_framed(const WireMessage& message) {
  return message.has("Transfer-Encoding") || message.has("Content-Length");
}

/// Reads the framed body behind `message`, whose head is off `rest`; on success `bytes` moves on.
std::optional<WireMessage> finish(WireMessage message, std::string_view rest, std::string_view& bytes) {
  const auto took = take_framed_body(rest, message);
  if (took == Took::more) return std::nullopt;
  if (took == Took::broken) {
    message.broken = true;
    message.body.append(rest);
    rest = {};
  }
  bytes = rest;
  return message;
}

}  // namespace

int WireMessage::status() const {
  if (!start_line.starts_with("HTTP/1.") || start_line.size() < 12) return 0;
  return static_cast<int>(number(std::string_view(start_line).substr(9, 3), 10).value_or(0));
}

std::size_t WireMessage::count(std::string_view name) const {
  return all(name).size();
}

std::string WireMessage::field(std::string_view name) const {
  const auto values = all(name);
  return values.empty() ? std::string() : values.front();
}

std::vector<std::string> WireMessage::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : fields)
    if (equals_ignoring_case(key, name)) values.push_back(value);
  return values;
}

std::optional<WireMessage> take_request(std::string_view& bytes) {
  auto rest = bytes;
  auto message = take_head(rest);
  if (!message) return std::nullopt;
  if (is_framed(*message)) return finish(std::move(*message), rest, bytes);
  bytes = rest;
  return message;
}

std::optional<WireMessage> take_response(std::string_view& bytes, HasBody body, Stream stream) {
  auto rest = bytes;
  auto message = take_head(rest);
  if (!message) return std::nullopt;
  const int status = message->status();
  if (body == HasBody::no || status < 200 || status == 204 || status == 304) {
    bytes = rest;
    return message;
  }
  if (is_framed(*message)) return finish(std::move(*message), rest, bytes);
  if (stream == Stream::open) return std::nullopt;
  message->until_close = true;
  message->body = std::string(rest);
  bytes = {};
  return message;
}

std::vector<WireMessage> all_requests(std::string_view bytes) {
  std::vector<WireMessage> requests;
  while (auto request = take_request(bytes)) requests.push_back(std::move(*request));
  return requests;
}

}  // namespace gatehouse::test
