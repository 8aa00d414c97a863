// SPDX-License-Identifier: Apache-2.0
// A slow decoder of the chunked coding, written line by line from RFC 9112 7.1: what the fast one is compared
// with.
#pragma once

#include <string>
#include <string_view>

#include "base/header_field.h"
#include "base/text.h"

namespace gatehouse::http::test {

struct Reference {
  enum class State { more, done, failed } state = State::more;
  std::string body;
  std::string trailers;  ///< "a: 1|b: 2"
  std::size_t consumed = 0;
};

/// The line at `at`, without its CRLF, in `line`. A CR that is not followed by LF, or a LF alone, is a
/// failure.
inline Reference::State take_line(std::string_view input, std::size_t& at, std::string_view& line) {
  for (std::size_t i = at; i < input.size(); ++i) {
    const auto byte = static_cast<unsigned char>(input[i]);
    if (byte == '\r') {
      if (i + 1 == input.size()) return Reference::State::more;
      if (input[i + 1] != '\n') return Reference::State::failed;
      line = input.substr(at, i - at);
      at = i + 2;
      return Reference::State::done;
    }
    if (byte == '\n') return Reference::State::failed;
  }
  line = input.substr(at);
  return Reference::State::more;
}

inline bool has_control(std::string_view text) {
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return true;
  return false;
}

/// Whether `text` can be the beginning of (or, when `whole`, all of) a size line. Sets `size`.
inline bool is_size_line(std::string_view text, bool whole, std::uint64_t& size) {
  size = 0;
  std::size_t digits = 0;
  while (digits < text.size() && hex_value(text[digits]) >= 0) {
    if (size >= (std::uint64_t{1} << 59)) return false;
    size = size * 16 + static_cast<unsigned>(hex_value(text[digits++]));
  }
  if (digits > 16 || has_control(text)) return false;
  if (digits == 0) return !whole && text.empty();
  return digits == text.size() || text[digits] == ';';
}

inline bool is_trailer(std::string_view line, std::string& to) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line.substr(colon)))
    return false;
  if (field_id(line.substr(0, colon)) != FieldId::other) return true;
  if (!to.empty()) to += '|';
  to.append(line.substr(0, colon)).append(": ").append(trim(line.substr(colon + 1)));
  return true;
}

/// Small bodies only; extensions and trailers under their limits.
inline Reference decode_chunked(std::string_view input) {
  using State = Reference::State;
  Reference result;
  std::size_t& at = result.consumed;
  for (std::uint64_t size = 1; size != 0;) {
    std::string_view line;
    const auto start = at;
    const auto state = take_line(input, at, line);
    if (state == State::failed) return {State::failed, {}, {}, 0};
    const auto cr = input.find('\r', start);
    const auto text =
        state == State::done ? line : input.substr(start, cr == std::string_view::npos ? cr : cr - start);
    const bool ended = state == State::done || cr != std::string_view::npos;
    if (!is_size_line(text, ended, size)) return {State::failed, {}, {}, 0};
    if (state == State::more) return result;
    if (size == 0) break;
    const auto data = input.substr(at, size);
    result.body += data;
    at += data.size();
    const auto behind = input.substr(at, 2);
    if (behind != std::string_view("\r\n").substr(0, behind.size())) return {State::failed, {}, {}, 0};
    if (behind.size() < 2) return result;
    at += 2;
  }
  for (;;) {
    std::string_view line;
    const auto state = take_line(input, at, line);
    if (state != State::done) return state == State::more ? result : Reference{State::failed, {}, {}, 0};
    if (line.empty()) break;
    if (!is_trailer(line, result.trailers)) return {State::failed, {}, {}, 0};
  }
  result.state = State::done;
  return result;
}

}  // namespace gatehouse::http::test
