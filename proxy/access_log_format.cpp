// SPDX-License-Identifier: Apache-2.0
#include "proxy/access_log_format.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace gatehouse::proxy {
namespace {

/// Appends to a fixed buffer and silently stops at its end.
class LineWriter {
 public:
  LineWriter(char* to, std::size_t room) : begin_(to), at_(to), end_(to + room) {}

  void text(std::string_view text) {
    const auto size = std::min(text.size(), room());
    std::memcpy(at_, text.data(), size);
    at_ += size;
  }
  void decimal(std::uint64_t value) {
    char digits[20];
    text({digits, static_cast<std::size_t>(write_decimal(digits, value) - digits)});
  }
  void digits(unsigned value, unsigned width) {
    char out[8];
    for (unsigned at = width; at-- > 0; value /= 10) out[at] = static_cast<char>('0' + value % 10);
    text({out, width});
  }
  /// Seconds with three decimals, as nginx writes them.
  void seconds(Duration duration) {
    const auto ms =
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
    decimal(static_cast<std::uint64_t>(ms / 1000));
    text(".");
    digits(static_cast<unsigned>(ms % 1000), 3);
  }
  void escaped(std::string_view text, std::size_t longest);
  std::string_view written() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  std::size_t room() const { return static_cast<std::size_t>(end_ - at_); }

  char* begin_;
  char* at_;
  char* end_;
};

constexpr std::size_t kLongestPath = 1400;
constexpr std::string_view kCut = "...";

constexpr std::size_t escaped_size(char c) {
  if (c == '"' || c == '\\') return 2;
  return c >= 0x20 && c < 0x7f ? 1 : 6;
}

/// At most `longest` bytes come out, and kCut when there was more. An escape sequence is never cut in two.
void LineWriter::escaped(std::string_view text, std::size_t longest) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto limit = at_ + std::min(longest + kCut.size(), room());
  for (const char c : text) {
    const auto size = escaped_size(c);
    if (static_cast<std::size_t>(limit - at_) < size + kCut.size()) return this->text(kCut);
    const auto byte = static_cast<unsigned char>(c);
    const char sequence[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    const char pair[] = {'\\', c};
    if (size == 1) *at_++ = c;
    if (size == 2) this->text({pair, size});
    if (size == 6) this->text({sequence, size});
  }
}

void write_time(const AccessRecord& record, LineWriter& to) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(record.time.time_since_epoch());
  const auto seconds = static_cast<time_t>(since_epoch.count() / 1000);
  struct tm utc {};
  gmtime_r(&seconds, &utc);
  const auto part = [&to](int value, unsigned width, std::string_view end) {
    to.digits(static_cast<unsigned>(value), width);
    to.text(end);
  };
  part(utc.tm_year + 1900, 4, "-");
  part(utc.tm_mon + 1, 2, "-");
  part(utc.tm_mday, 2, "T");
  part(utc.tm_hour, 2, ":");
  part(utc.tm_min, 2, ":");
  part(utc.tm_sec, 2, ".");
  part(static_cast<int>(since_epoch.count() % 1000), 3, "Z");
}

using Write = void (*)(const AccessRecord&, LineWriter&);
enum class Quoting : std::uint8_t { text, number };

struct Variable {
  std::string_view name;
  Quoting json;
  std::size_t longest;  ///< bytes that `write` makes at most
  Write write;
};

template <std::string_view AccessRecord::*member, std::size_t longest>
constexpr Variable text_variable(std::string_view name) {
  return {name, Quoting::text, longest + kCut.size(),
          [](const AccessRecord& record, LineWriter& to) { to.escaped(record.*member, longest); }};
}

void write_uri(const AccessRecord& record, LineWriter& to) {
  to.escaped(record.path, kLongestPath);
  if (record.query.empty()) return;
  to.text("?");
  to.escaped(record.query, kLongestPath);
}

void write_upstream_duration(const AccessRecord& record, LineWriter& to) {
  if (record.upstream_duration) return to.seconds(*record.upstream_duration);
  to.text("0.000");
}

constexpr std::size_t kNumber = 24;

constexpr std::array kVariables{
    Variable{"time", Quoting::text, 24, write_time},
    text_variable<&AccessRecord::method, 32>("method"),
    text_variable<&AccessRecord::host, 256>("host"),
    text_variable<&AccessRecord::path, kLongestPath>("path"),
    text_variable<&AccessRecord::protocol, 8>("protocol"),
    Variable{"status", Quoting::number, kNumber,
             [](const AccessRecord& r, LineWriter& to) { to.decimal(r.status); }},
    Variable{"bytes_in", Quoting::number, kNumber,
             [](const AccessRecord& r, LineWriter& to) { to.decimal(r.bytes_in); }},
    Variable{"bytes_out", Quoting::number, kNumber,
             [](const AccessRecord& r, LineWriter& to) { to.decimal(r.bytes_out); }},
    Variable{"duration", Quoting::number, kNumber,
             [](const AccessRecord& r, LineWriter& to) { to.seconds(r.duration); }},
    text_variable<&AccessRecord::route, 512>("route"),
    text_variable<&AccessRecord::cluster, 512>("cluster"),
    text_variable<&AccessRecord::endpoint, 64>("endpoint"),
    Variable{"upstream_duration", Quoting::number, kNumber, write_upstream_duration},
    text_variable<&AccessRecord::request_id, 128>("request_id"),
    text_variable<&AccessRecord::client, 64>("client"),
    text_variable<&AccessRecord::user_agent, 448>("user_agent"),
    text_variable<&AccessRecord::reason, 64>("reason"),
    // Not part of the JSON line:
    text_variable<&AccessRecord::query, kLongestPath>("query"),
    Variable{"uri", Quoting::text, 2 * kLongestPath + 7, write_uri},
};
constexpr std::size_t kJsonVariables = 17;

/// {"name":"value", for every variable, and "}\n".
constexpr std::size_t longest_json_line() {
  std::size_t size = 2;
  for (std::size_t at = 0; at < kJsonVariables; ++at)
    size += kVariables[at].name.size() + kVariables[at].longest + std::size("{\"\":\"\"");
  return size;
}
static_assert(longest_json_line() <= AccessLogFormat::kMaxLine, "a JSON line must never be cut");

std::optional<std::uint8_t> find_variable(std::string_view name) {
  for (std::size_t at = 0; at < kVariables.size(); ++at)
    if (kVariables[at].name == name) return static_cast<std::uint8_t>(at);
  return std::nullopt;
}

/// The name behind a '$' and how many bytes it takes there; an empty name is an error.
struct Reference {
  std::string_view name;
  std::size_t size = 0;
};
Reference read_reference(std::string_view text) {
  if (text.starts_with('{')) {
    const auto end = text.find('}');
    return end == std::string_view::npos ? Reference{} : Reference{text.substr(1, end - 1), end + 1};
  }
  std::size_t size = 0;
  while (size < text.size() && (is_alpha(text[size]) || text[size] == '_')) ++size;
  return {text.substr(0, size), size};
}

}  // namespace

AccessLogFormat AccessLogFormat::json() {
  AccessLogFormat format;
  std::string before = "{";
  for (std::size_t at = 0; at < kJsonVariables; ++at) {
    const std::string_view quote = kVariables[at].json == Quoting::text ? "\"" : "";
    before.append("\"").append(kVariables[at].name).append("\":").append(quote);
    format.pieces_.push_back({before, static_cast<std::uint8_t>(at)});
    before.assign(quote).append(",");
  }
  before.pop_back();
  format.pieces_.push_back({before + "}", std::nullopt});
  return format;
}

std::variant<AccessLogFormat, std::string> AccessLogFormat::compile(std::string_view text) {
  AccessLogFormat format;
  std::string before;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (static_cast<unsigned char>(text[at]) < 0x20) return std::string("a control character in the format");
    if (text[at] != '$') {
      before += text[at];
      continue;
    }
    if (text.substr(at + 1).starts_with('$')) {
      before += text[at++];
      continue;
    }
    const auto [name, size] = read_reference(text.substr(at + 1));
    const auto variable = find_variable(name);
    if (!variable) return "unknown variable '$" + std::string(name) + "', known are " + variables();
    format.pieces_.push_back({std::exchange(before, {}), variable});
    at += size;
  }
  format.pieces_.push_back({before, std::nullopt});
  return format;
}

std::string AccessLogFormat::variables() {
  std::string names;
  for (const auto& variable : kVariables) names.append(names.empty() ? "$" : " $").append(variable.name);
  return names;
}

std::string_view AccessLogFormat::write(const AccessRecord& record, std::span<char, kMaxLine> to) const {
  LineWriter line(to.data(), to.size() - 1);
  for (const auto& piece : pieces_) {
    line.text(piece.text);
    if (piece.variable) kVariables[*piece.variable].write(record, line);
  }
  const auto size = line.written().size();
  to[size] = '\n';
  return {to.data(), size + 1};
}

}  // namespace gatehouse::proxy
