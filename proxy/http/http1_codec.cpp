// SPDX-License-Identifier: Apache-2.0
// Heads taken apart: the start line, then one field per line. What the parts may hold is for request_rules
// and response_rules to say; here nothing is believed but where they begin and end.
#include "proxy/http/http1_codec.h"

#include <cstring>

#include "base/text.h"

namespace gatehouse::http {
namespace {

constexpr Rejection kMalformed{400, "the head is malformed"};
constexpr Rejection kBadVersion{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
constexpr std::string_view kVersion = "HTTP/1.";  // and one digit

/// The lines of a complete head, one after another.
class Lines {
 public:
  explicit Lines(std::string_view head) : at_(head.data()), end_(head.data() + head.size()) {}

  /// Without its CRLF. nullopt where no line ends, or not in CRLF.
  std::optional<std::string_view> next() {
    if (at_ == end_) return std::nullopt;
    const void* found = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
    const char* feed = static_cast<const char*>(found);
    if (!found || feed == at_ || feed[-1] != '\r') return std::nullopt;
    const std::string_view line(at_, static_cast<std::size_t>(feed - 1 - at_));
    at_ = feed + 1;
    return line;
  }
  bool at_end() const { return at_ == end_; }

 private:
  const char* at_;
  const char* end_;
};

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// F11: nothing but the name stands in front of the colon; blanks there make a name that no rule lets pass.
std::optional<Rejection> parse_fields(Lines& lines, HeaderList& fields) {
  for (;;) {
    const auto line = lines.next();
    if (!line) return kMalformed;
    if (line->empty()) return lines.at_end() ? std::nullopt : std::optional(kMalformed);
    const auto colon = line->find(':');
    if (is_blank(line->front())) return Rejection{400, "a field is folded over several lines"};
    if (colon == 0 || colon == std::string_view::npos) return Rejection{400, "a field has no name"};
    const std::string_view name(line->data(), colon);
    const char* value = name.end() + 1;
    const char* end = line->end();
    while (value != end && is_blank(*value)) ++value;
    while (value != end && is_blank(end[-1])) --end;
    fields.push_back({name, {value, static_cast<std::size_t>(end - value)}, field_id(name)});
  }
}

/// RFC 9112 2.3: a later minor version of HTTP/1 is handled as 1.1.
std::uint8_t minor_version_of(char digit) {
  return digit == '0' ? 0 : 1;
}

bool is_version_1(std::string_view text) {
  return text.size() == kVersion.size() + 1 && text.starts_with(kVersion) && is_digit(text.back());
}

/// "HTTP/", a digit, a dot and a digit.
bool is_other_version(std::string_view text) {
  return text.size() == kVersion.size() + 1 && text.starts_with("HTTP/") && is_digit(text[5]) &&
         text[5] != '1' && text[6] == '.' && is_digit(text[7]);
}

/// F14: exactly two spaces, around a target without any.
std::optional<Rejection> parse_request_line(std::string_view line, RequestHead& head) {
  const Rejection malformed{400, "the request line is malformed"};
  const auto first = line.find(' ');
  if (first == 0 || first == std::string_view::npos) return malformed;
  const auto second = line.find(' ', first + 1);
  if (second == first + 1 || second == std::string_view::npos) return malformed;
  const auto version = line.substr(second + 1);
  if (!is_version_1(version)) {
    if (!is_other_version(version)) return malformed;
    const bool is_preface = line.starts_with("PRI ");
    return is_preface ? Rejection{400, "HTTP/2 is not enabled on this listener"} : kBadVersion;
  }
  head.method_name = line.substr(0, first);
  head.target = line.substr(first + 1, second - first - 1);
  head.minor_version = minor_version_of(version.back());
  return std::nullopt;
}

/// "HTTP/1.1 200 " and whatever the backend calls that.
bool parse_status_line(std::string_view line, ResponseHead& head) {
  constexpr std::size_t kStatus = kVersion.size() + 2;
  constexpr std::size_t kReason = kStatus + 4;
  if (line.size() < kReason || !is_version_1(line.substr(0, kStatus - 1)) || line[kStatus - 1] != ' ' ||
      line[kReason - 1] != ' ')
    return false;
  const auto digits = line.substr(kStatus, 3);
  if (!is_digit(digits[0]) || !is_digit(digits[1]) || !is_digit(digits[2])) return false;
  head.status =
      static_cast<std::uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0');
  head.reason = line.substr(kReason);
  head.minor_version = minor_version_of(line[kVersion.size()]);
  return true;
}

}  // namespace

std::size_t leading_blank_lines(std::string_view bytes) {
  std::size_t n = 0;
  while (bytes.size() >= n + 2 && bytes[n] == '\r' && bytes[n + 1] == '\n') n += 2;
  return n;
}

std::optional<Rejection> parse_request_head(std::string_view bytes, RequestHead& head) {
  head.fields.clear();
  Lines lines(bytes);
  const auto line = lines.next();
  if (!line) return kMalformed;
  if (const auto rejected = parse_request_line(*line, head)) return rejected;
  return parse_fields(lines, head.fields);
}

std::optional<Rejection> parse_response_head(std::string_view bytes, ResponseHead& head) {
  head.fields.clear();
  Lines lines(bytes);
  const auto line = lines.next();
  if (!line || !parse_status_line(*line, head)) return Rejection{502, "the status line is malformed"};
  if (const auto rejected = parse_fields(lines, head.fields)) return Rejection{502, rejected->reason};
  return std::nullopt;
}

}  // namespace gatehouse::http
