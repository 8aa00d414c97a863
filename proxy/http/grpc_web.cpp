// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/grpc_web.h"

#include <array>

#include "base/text.h"
#include "proxy/http/grpc.h"

namespace gatehouse::http {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kInvalid = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = kInvalid;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto kValues = make_values();

char byte_at(std::uint32_t bits, unsigned shift) {
  return static_cast<char>(bits >> shift & 0xffU);
}

}  // namespace

bool Base64Stream::decode(std::string_view text, std::string& to) {
  for (const char c : text) {
    if (failed_) return false;
    failed_ = !take(c, to);
  }
  return !failed_;
}

bool Base64Stream::take(char c, std::string& to) {
  if (c == '=') {
    if (count_ < 2) return false;
    ++padding_;
    bits_ <<= 6U;
  } else {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kInvalid || padding_ != 0) return false;
    bits_ = bits_ << 6U | value;
  }
  return ++count_ < 4 || flush(to);
}

bool Base64Stream::flush(std::string& to) {
  const std::uint32_t unused = padding_ == 0 ? 0 : (padding_ == 1 ? 0xffU : 0xffffU);
  if ((bits_ & unused) != 0) return false;
  to.push_back(byte_at(bits_, 16));
  if (padding_ < 2) to.push_back(byte_at(bits_, 8));
  if (padding_ < 1) to.push_back(byte_at(bits_, 0));
  bits_ = 0;
  count_ = padding_ = 0;
  return true;
}

void append_base64(std::string_view bytes, std::string& to) {
  const auto at = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t bits = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
    to.push_back(kAlphabet[bits >> 18U]);
    to.push_back(kAlphabet[bits >> 12U & 63U]);
    to.push_back(i + 1 < bytes.size() ? kAlphabet[bits >> 6U & 63U] : '=');
    to.push_back(i + 2 < bytes.size() ? kAlphabet[bits & 63U] : '=');
  }
}

void append_trailer_frame(const HeaderList& trailers, std::string& to) {
  const std::size_t start = to.size();
  to.append(kGrpcFrameHead, '\0');
  for (const auto& field : trailers) {
    for (const char c : field.name) to.push_back(to_lower(c));
    to += ": ";
    for (const char c : field.value) to.push_back(c == '\r' || c == '\n' ? ' ' : c);
    to += "\r\n";
  }
  const auto length = static_cast<std::uint32_t>(to.size() - start - kGrpcFrameHead);
  write_grpc_frame_head(to.data() + start, kGrpcWebTrailers, length);
}

}  // namespace gatehouse::http
