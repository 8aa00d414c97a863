// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/protobuf_wire.h"

#include <algorithm>

namespace gatehouse::http {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

/// Bytes of the sequence that `first` begins; 0 for none.
std::size_t length_of(unsigned char first) {
  if (first < 0x80U) return 1;
  if (first >= 0xc2U && first < 0xe0U) return 2;
  if (first >= 0xe0U && first < 0xf0U) return 3;
  return first >= 0xf0U && first < 0xf5U ? 4 : 0;
}

/// Overlong forms, surrogates and what is beyond Unicode show in the second byte.
bool is_in_range(unsigned char first, unsigned char second) {
  switch (first) {
    case 0xe0:
      return second >= 0xa0U;
    case 0xed:
      return second < 0xa0U;
    case 0xf0:
      return second >= 0x90U;
    case 0xf4:
      return second < 0x90U;
    default:
      return true;
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t size = length_of(first);
    if (size == 0 || size > text.size()) return false;
    const auto tail = text.substr(1, size - 1);
    if (!std::all_of(tail.begin(), tail.end(), is_continuation)) return false;
    if (size > 1 && !is_in_range(first, static_cast<unsigned char>(text[1]))) return false;
    text.remove_prefix(size);
  }
  return true;
}

void ProtobufWriter::varint(std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) data_.push_back(static_cast<char>(value | 0x80U));
  data_.push_back(static_cast<char>(value));
}

void ProtobufWriter::number(std::uint32_t field, std::uint64_t value) {
  varint(field << 3U | kVarint);
  varint(value);
}

void ProtobufWriter::bytes(std::uint32_t field, std::string_view value) {
  varint(field << 3U | kBytes);
  varint(value.size());
  data_.append(value);
}

void ProtobufWriter::text(std::uint32_t field, std::string_view value) {
  const std::size_t start = data_.size();
  bytes(field, value);
  if (is_utf8(value)) return;
  const auto is_foreign = [](char c) { return static_cast<unsigned char>(c) >= 0x80U; };
  const auto first = static_cast<std::ptrdiff_t>(std::max(start, data_.size() - value.size()));
  std::replace_if(data_.begin() + first, data_.end(), is_foreign, '?');
}

void ProtobufWriter::entry(std::uint32_t field, std::string_view key, std::string_view value) {
  ProtobufWriter inner;
  inner.text(1, key);
  inner.text(2, value);
  bytes(field, inner.data());
}

std::optional<std::uint64_t> ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80U) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> ProtobufReader::take(std::uint64_t size) {
  if (size > rest_.size()) return std::nullopt;
  const auto taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::optional<ProtobufReader::Field> ProtobufReader::next() {
  while (!rest_.empty() && !broken_) {
    const auto tag = varint();
    const auto number = tag.value_or(0) >> 3U;
    broken_ = number == 0 || number > 0x1fffffffU;
    if (broken_) break;
    Field field;
    field.number = static_cast<std::uint32_t>(number);
    const auto wire_type = static_cast<std::uint32_t>(*tag & 7U);
    broken_ = !read(wire_type, field);
    if (!broken_ && (wire_type == kVarint || wire_type == kBytes)) return field;
  }
  return std::nullopt;
}

bool ProtobufReader::read(std::uint32_t wire_type, Field& field) {
  if (wire_type == kFixed64) return take(8).has_value();
  if (wire_type == kFixed32) return take(4).has_value();
  if (wire_type != kVarint && wire_type != kBytes) return false;
  const auto value = varint();
  if (!value) return false;
  field.value = *value;
  if (wire_type == kVarint) return true;
  const auto bytes = take(*value);
  field.bytes = bytes.value_or(std::string_view());
  return bytes.has_value();
}

}  // namespace gatehouse::http
