// SPDX-License-Identifier: Apache-2.0
// The state machine of the chunked coding; data is passed on in pieces, all else byte by byte.
#include "proxy/http/chunked_decoder.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace gatehouse::http {
namespace {

constexpr std::uint8_t kMaxSizeDigits = 16;
constexpr std::size_t kFirstLineRoom = 256;

/// Not known by id, but they change framing, routing, credentials or meaning of what was passed on (RFC
/// 9110 6.5.1).
constexpr std::string_view kNeverInTrailers[] = {
    "cache-control", "content-encoding",    "content-range", "content-type",
    "location",      "max-forwards",        "range",         "proxy-authenticate",
    "set-cookie",    "proxy-authorization", "vary",          "www-authenticate",
};

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view input) {
  std::size_t at = 0;
  while (at < input.size() && at_ != At::done && at_ != At::failed) {
    if (at_ == At::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      left_ -= size;
      if (left_ == 0) at_ = At::data_cr;
      return {at + size, input.substr(at, size), State::data};
    }
    if (at_ == At::trailer) {
      at += take_trailer(input.substr(at));
    } else if (step_framing(input[at])) {
      ++at;
    }
  }
  if (at_ == At::failed) return {at, {}, State::failed};
  return {at, {}, at_ == At::done ? State::done : State::need_more};
}

/// One byte outside data and trailer text. Returns whether it was used up.
bool ChunkedDecoder::step_framing(char c) {
  switch (at_) {
    case At::size_start:
      return take_size_digit(c);
    case At::size:
      if (c == '\r') at_ = At::size_lf;
      if (c == ';') at_ = At::extension;
      return c == '\r' || c == ';' ? count_line_byte() : take_size_digit(c);
    case At::extension:
      return take_extension_byte(c);
    case At::size_lf:
      if (c != '\n') return fail(400, "chunk size line without CRLF");
      end_size_line();
      return true;
    case At::data_cr:
      return expect(c, '\r', At::data_lf);
    case At::data_lf:
      return expect(c, '\n', At::size_start);
    case At::trailer_start:
      at_ = c == '\r' ? At::end_lf : At::trailer;
      return c == '\r';
    case At::trailer_lf:
      if (c != '\n') return fail(400, "trailer line without CRLF");
      return end_trailer_line();
    case At::end_lf:
      return expect(c, '\n', At::done);
    default:
      return fail(400, "chunked decoder in no state");
  }
}

bool ChunkedDecoder::expect(char c, char wanted, At next) {
  if (c != wanted) return fail(400, "chunk not followed by CRLF");
  at_ = next;
  return true;
}

bool ChunkedDecoder::take_size_digit(char c) {
  const int value = hex_value(c);
  if (value < 0) return fail(400, "invalid chunk size");
  if (++digits_ > kMaxSizeDigits || left_ >> 59 != 0) return fail(400, "chunk size too large");
  left_ = left_ * 16 + static_cast<unsigned>(value);
  at_ = At::size;
  return count_line_byte();
}

bool ChunkedDecoder::take_extension_byte(char c) {
  if (c == '\r') {
    at_ = At::size_lf;
    return true;
  }
  const auto byte = static_cast<unsigned char>(c);
  if ((byte < 0x20 && c != '\t') || byte == 0x7f) return fail(400, "invalid byte in a chunk extension");
  if (++extension_bytes_ > rules_.max_extension_bytes) return fail(400, "too many chunk extensions");
  return count_line_byte();
}

bool ChunkedDecoder::count_line_byte() {
  if (++line_bytes_ > rules_.max_line_bytes) return fail(400, "chunk size line too long");
  return true;
}

void ChunkedDecoder::end_size_line() {
  at_ = left_ == 0 ? At::trailer_start : At::data;
  line_bytes_ = 0;
  digits_ = 0;
}

/// Takes trailer text up to its CR. Returns the bytes used.
std::size_t ChunkedDecoder::take_trailer(std::string_view input) {
  const auto end = std::min(input.find_first_of("\r\n"), input.size());
  if (!append_trailer(input.substr(0, end))) return end;
  if (end == input.size()) return end;
  if (input[end] == '\n') {
    fail(400, "trailer line without CRLF");
    return end;
  }
  at_ = At::trailer_lf;
  return end + 1;
}

bool ChunkedDecoder::append_trailer(std::string_view part) {
  trailer_bytes_ +=
      static_cast<std::uint32_t>(std::min<std::size_t>(part.size(), rules_.max_trailer_bytes + 1));
  if (trailer_bytes_ > rules_.max_trailer_bytes) return fail(431, "trailers too large");
  const auto size = line_size_ + part.size();
  if (size > line_room_) {
    line_room_ = std::max(kFirstLineRoom, 2 * size);
    char* wider = arena_->allocate(line_room_);
    if (line_size_ > 0) std::memcpy(wider, line_, line_size_);
    line_ = wider;
  }
  if (!part.empty()) std::memcpy(line_ + line_size_, part.data(), part.size());
  line_size_ = size;
  return true;
}

/// F10, F12 on one whole trailer line; the next one starts behind it in the same room.
bool ChunkedDecoder::end_trailer_line() {
  const std::string_view line(line_, line_size_);
  line_ += line_size_;
  line_room_ -= line_size_;
  line_size_ = 0;
  at_ = At::trailer_start;
  if (++trailer_lines_ > rules_.max_trailer_count) return fail(431, "too many trailers");

  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return fail(400, "trailer without a colon");
  const HeaderField field{line.substr(0, colon), trim(line.substr(colon + 1)),
                          field_id(line.substr(0, colon))};
  const auto syntax = name_syntax(field.name);
  if (syntax == NameSyntax::invalid) return fail(400, "invalid trailer name");
  if (!is_field_value(field.value)) return fail(400, "invalid byte in a trailer");
  if (syntax == NameSyntax::token_with_underscore && rules_.underscores != Underscores::allow)
    return rules_.underscores == Underscores::drop || fail(400, "underscore in a trailer name");
  if (is_forwardable(field)) trailers_.push_back(field);
  return true;
}

bool may_be_trailer(const HeaderField& field) {
  // Every field the proxy itself acts on is one that must not come late.
  if (field.id != FieldId::other) return false;
  const auto is_it = [&](std::string_view name) { return equals_ignoring_case(name, field.name); };
  return std::none_of(std::begin(kNeverInTrailers), std::end(kNeverInTrailers), is_it);
}

bool ChunkedDecoder::is_forwardable(const HeaderField& field) const {
  const auto is_it = [&](std::string_view name) { return equals_ignoring_case(name, field.name); };
  return may_be_trailer(field) && std::none_of(rules_.hop_names.begin(), rules_.hop_names.end(), is_it);
}

bool ChunkedDecoder::fail(std::uint16_t status, std::string_view reason) {
  at_ = At::failed;
  rejection_ = {status, reason};
  return false;
}

}  // namespace gatehouse::http
