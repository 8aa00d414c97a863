// SPDX-License-Identifier: Apache-2.0
// Path normalisation in one pass, with a scan in front that finds most paths normal already.
#include "proxy/http/normalize_path.h"

#include "base/text.h"
#include "proxy/http/field_syntax.h"
#include "proxy/http/word_scan.h"

namespace gatehouse::http {
namespace {

Error bad(std::string_view detail) {
  return {Fault::bad_request, Side::downstream, Retry::never, detail};
}

constexpr bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

char upper_hex(int value) {
  return "0123456789ABCDEF"[value];
}

/// Nothing in it that is forbidden, or could be an escape or a dot segment.
bool is_plain(std::string_view path) {
  return !any_word(path, [](std::uint64_t w) {
    return has_less<0x21>(w) || has_high(w) || has_byte<0x7f>(w) || has_byte<'#'>(w) || has_byte<'%'>(w) ||
           has_byte<'.'>(w);
  });
}

/// The closer look at a path with a dot or an escape in it.
bool may_change(std::string_view path) {
  return path.find('%') != std::string_view::npos || path.find("/.") != std::string_view::npos;
}

bool has_slashes_to_merge(std::string_view path, const PathRules& rules) {
  return rules.merge_slashes && path.find("//") != std::string_view::npos;
}

/// Writes the normal form of one path. `out` holds as many bytes as the raw path: the form never grows.
class PathWriter {
 public:
  PathWriter(char* out, const PathRules& rules) : begin_(out), end_(out), rules_(rules) {}

  /// Takes one segment, without its slashes, and writes "/" and its normal form.
  /// Returns static text that says what is wrong with it, or nothing.
  std::string_view add_segment(std::string_view segment) {
    char* const start = end_;
    *end_++ = '/';
    for (std::size_t i = 0; i < segment.size(); ++i) {
      if (segment[i] != '%') {
        *end_++ = segment[i];
        continue;
      }
      const auto wrong = add_escape(segment.substr(i, 3));
      if (!wrong.empty()) return wrong;
      i += 2;
    }
    return settle(start);
  }

  /// A dot segment at the end leaves the slash in front of it: "/a/.." is "/".
  void end_path() {
    if (last_was_dots_ || end_ == begin_) *end_++ = '/';
  }

  std::string_view text() const { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }

 private:
  std::string_view add_escape(std::string_view escape) {
    const int high = escape.size() == 3 ? hex_value(escape[1]) : -1;
    const int low = escape.size() == 3 ? hex_value(escape[2]) : -1;
    if (high < 0 || low < 0) return "broken escape in path";
    const char c = static_cast<char>(high * 16 + low);
    if (c == 0) return "NUL in path";
    if ((c == '/' || c == '\\') && rules_.escaped_slashes == EscapedSlashes::reject)
      return "escaped slash in path";
    if (is_unreserved(c)) {
      *end_++ = c;
      return {};
    }
    *end_++ = '%';
    *end_++ = upper_hex(high);
    *end_++ = upper_hex(low);
    return {};
  }

  /// Drops what was written from `start` on when it is a dot segment (RFC 3986 5.2.4), or empty and merged.
  std::string_view settle(char* start) {
    const std::string_view written(start, static_cast<std::size_t>(end_ - start));
    last_was_dots_ = written == "/." || written == "/..";
    if (last_was_dots_) end_ = start;
    if (written == "/..") {
      if (end_ == begin_) return "path leaves the root";
      do --end_;
      while (*end_ != '/');
    }
    return {};
  }

  char* const begin_;
  char* end_;
  const PathRules& rules_;
  bool last_was_dots_ = false;
};

}  // namespace

Result<std::string_view> normalize_path(std::string_view raw, const PathRules& rules, Arena& arena) {
  if (raw.empty() || raw.front() != '/') return bad("path must start with '/'");
  const bool plain = is_plain(raw);
  if (!plain && !is_target_text(raw)) return bad("invalid byte in target");
  if ((plain || !may_change(raw)) && !has_slashes_to_merge(raw, rules)) return raw;

  PathWriter writer(arena.allocate(raw.size()), rules);
  for (std::size_t at = 0; at < raw.size();) {
    const auto slash = raw.find('/', at + 1);
    const auto end = slash == std::string_view::npos ? raw.size() : slash;
    const bool merged = rules.merge_slashes && end == at + 1 && slash != std::string_view::npos;
    const auto wrong = merged ? std::string_view{} : writer.add_segment(raw.substr(at + 1, end - at - 1));
    if (!wrong.empty()) return bad(wrong);
    at = end;
  }
  writer.end_path();
  return writer.text() == raw ? raw : writer.text();
}

}  // namespace gatehouse::http
