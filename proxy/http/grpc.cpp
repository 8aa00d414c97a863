// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/grpc.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace gatehouse::http {
namespace {

struct KindName {
  GrpcKind kind;
  std::string_view name;
};
// The longer names first: each is the start of those before it.
constexpr std::array<KindName, 3> kKinds = {{{GrpcKind::web_text, "application/grpc-web-text"},
                                             {GrpcKind::web, "application/grpc-web"},
                                             {GrpcKind::grpc, "application/grpc"}}};

constexpr std::array<std::string_view, 17> kDigits = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                                      "9", "10", "11", "12", "13", "14", "15", "16"};

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equals_ignoring_case(text.substr(0, start.size()), start);
}

/// Null when `content_type` goes on with something that makes it another type.
const KindName* find_kind(std::string_view content_type) {
  for (const auto& row : kKinds) {
    if (!starts_with_ignoring_case(content_type, row.name)) continue;
    const auto rest = content_type.substr(row.name.size());
    const bool ends = rest.empty() || rest[0] == '+' || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t';
    return ends ? &row : nullptr;
  }
  return nullptr;
}

bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '%';
}

char upper_hex(unsigned value) {
  return "0123456789ABCDEF"[value & 15U];
}

std::optional<std::chrono::nanoseconds> unit_of(char unit) {
  using namespace std::chrono_literals;
  switch (unit) {
    case 'H':
      return 1h;
    case 'M':
      return 1min;
    case 'S':
      return 1s;
    case 'm':
      return 1ms;
    case 'u':
      return 1us;
    case 'n':
      return 1ns;
    default:
      return std::nullopt;
  }
}

}  // namespace

GrpcKind grpc_kind(std::string_view content_type) {
  const auto* found = find_kind(content_type);
  return found ? found->kind : GrpcKind::none;
}

GrpcKind grpc_kind(const HeaderList& fields) {
  for (const auto& field : fields)
    if (field.id == FieldId::other && equals_ignoring_case(field.name, "content-type"))
      return grpc_kind(field.value);
  return GrpcKind::none;
}

std::string_view grpc_subtype(std::string_view content_type) {
  const auto* found = find_kind(content_type);
  if (!found) return {};
  const auto rest = content_type.substr(found->name.size());
  return rest.starts_with('+') ? rest.substr(0, rest.find_first_of("; \t")) : std::string_view();
}

std::string_view content_type_of(GrpcKind kind) {
  for (const auto& row : kKinds)
    if (row.kind == kind) return row.name;
  return {};
}

/// The mapping that gRPC gives for answers without a grpc-status, but for those of which more is known: a
/// timeout is the deadline's, what is too large exhausts a limit.
GrpcStatus grpc_status_of(std::uint16_t http_status) {
  switch (http_status) {
    case 400:
    case 500:
    case 508:
      return GrpcStatus::internal;
    case 401:
      return GrpcStatus::unauthenticated;
    case 403:
      return GrpcStatus::permission_denied;
    case 404:
    case 421:
      return GrpcStatus::unimplemented;
    case 408:
    case 504:
      return GrpcStatus::deadline_exceeded;
    case 413:
    case 429:
    case 431:
      return GrpcStatus::resource_exhausted;
    case 499:
      return GrpcStatus::cancelled;
    case 502:
    case 503:
      return GrpcStatus::unavailable;
    default:
      return GrpcStatus::unknown;
  }
}

std::uint16_t http_status_of(GrpcStatus status) {
  switch (status) {
    case GrpcStatus::ok:
      return 200;
    case GrpcStatus::unauthenticated:
      return 401;
    case GrpcStatus::permission_denied:
      return 403;
    case GrpcStatus::resource_exhausted:
      return 429;
    case GrpcStatus::unavailable:
      return 503;
    case GrpcStatus::deadline_exceeded:
      return 504;
    default:
      return 500;
  }
}

std::string_view digits_of(GrpcStatus status) {
  return kDigits[static_cast<std::size_t>(status)];
}

std::optional<GrpcStatus> parse_grpc_status(std::string_view text) {
  const auto number = parse_decimal(text);
  if (!number) return std::nullopt;
  return *number < kDigits.size() ? static_cast<GrpcStatus>(*number) : GrpcStatus::unknown;
}

std::string_view encode_grpc_message(std::string_view text, Arena& arena) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const auto plain = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_plain));
  if (plain == text.size()) return text;
  const std::size_t size = plain + 3 * (text.size() - plain);
  char* const start = arena.allocate(size);
  char* to = start;
  for (const char c : text) {
    if (is_plain(c)) {
      *to++ = c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    *to++ = '%';
    *to++ = upper_hex(byte >> 4U);
    *to++ = upper_hex(byte);
  }
  return {start, size};
}

std::optional<std::chrono::nanoseconds> parse_grpc_timeout(std::string_view text) {
  constexpr std::size_t kMostDigits = 8;
  constexpr auto kLongest = std::chrono::nanoseconds(std::chrono::hours(24 * 365));
  if (text.size() < 2 || text.size() > kMostDigits + 1) return std::nullopt;
  const auto unit = unit_of(text.back());
  const auto count = parse_decimal(text.substr(0, text.size() - 1));
  if (!unit || !count) return std::nullopt;
  if (*count > static_cast<std::uint64_t>(kLongest / *unit)) return kLongest;
  return *unit * static_cast<std::int64_t>(*count);
}

void write_grpc_frame_head(char* to, std::uint8_t flags, std::uint32_t length) {
  *to++ = static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8)
    *to++ = static_cast<char>(length >> static_cast<unsigned>(shift));
}

std::uint32_t GrpcFrameReader::length() const {
  std::uint32_t length = 0;
  for (std::size_t i = 1; i < kGrpcFrameHead; ++i)
    length = length << 8U | static_cast<unsigned char>(head_[i]);
  return length;
}

std::size_t GrpcFrameReader::take_head(std::string_view bytes) {
  const std::size_t size = std::min(kGrpcFrameHead - head_size_, bytes.size());
  std::copy_n(bytes.data(), size, head_ + head_size_);
  head_size_ += size;
  return size;
}

GrpcFrameReader::Step GrpcFrameReader::feed(std::string_view bytes) {
  if (done_) {
    done_ = false;
    head_size_ = 0;
    payload_.clear();
  }
  std::size_t consumed = take_head(bytes);
  if (head_size_ < kGrpcFrameHead) return {State::need_more, consumed};
  if (length() > most_) return {State::failed, consumed};
  const std::size_t size = std::min(length() - payload_.size(), bytes.size() - consumed);
  payload_.append(bytes.substr(consumed, size));
  consumed += size;
  done_ = payload_.size() == length();
  return {done_ ? State::frame : State::need_more, consumed};
}

}  // namespace gatehouse::http
