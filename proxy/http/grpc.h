// SPDX-License-Identifier: Apache-2.0
// gRPC as HTTP carries it: content types, statuses, messages, timeouts and length-prefixed frames.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "proxy/http/message.h"

namespace gatehouse::http {

/// The codes that the gateway itself sends or reads; the numbers are the protocol's.
enum class GrpcStatus : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};

/// What a content type says a message is. gRPC-Web comes as bytes or as base64 text.
enum class GrpcKind : std::uint8_t { none, grpc, web, web_text };
GrpcKind grpc_kind(std::string_view content_type);
/// By its Content-Type, looked for among `fields`.
GrpcKind grpc_kind(const HeaderList& fields);
/// What follows the kind in a content type: "+proto", or nothing.
std::string_view grpc_subtype(std::string_view content_type);
/// "application/grpc-web-text".
std::string_view content_type_of(GrpcKind kind);

/// What an HTTP status of the gateway's own means to a gRPC client.
GrpcStatus grpc_status_of(std::uint16_t http_status);
/// The HTTP status that a client without gRPC is told instead.
std::uint16_t http_status_of(GrpcStatus status);
std::string_view digits_of(GrpcStatus status);
/// Of a grpc-status field; a number that no gRPC version names is `unknown`.
std::optional<GrpcStatus> parse_grpc_status(std::string_view text);

/// A grpc-message value: all but printable ASCII is percent-encoded, and so is '%'. Ends of lines at the end
/// are left out.
std::string_view encode_grpc_message(std::string_view text, Arena& arena);

/// "20S", "100m": at most eight digits and a unit (H M S m u n). Longer than a year is a year.
std::optional<std::chrono::nanoseconds> parse_grpc_timeout(std::string_view text);

constexpr std::size_t kGrpcFrameHead = 5;
constexpr std::uint8_t kGrpcCompressed = 0x01;
constexpr std::uint8_t kGrpcWebTrailers = 0x80;  ///< this frame holds the trailers as lines

/// Flags and length in front of a frame.
void write_grpc_frame_head(char* to, std::uint8_t flags, std::uint32_t length);

/// Takes length-prefixed frames from bytes that come in any pieces. Holds at most one frame of `most` bytes.
class GrpcFrameReader {
 public:
  enum class State : std::uint8_t {
    need_more,  ///< all bytes were taken
    frame,      ///< payload() is a whole frame, until the next feed()
    failed      ///< the frame is larger than allowed, for good
  };
  struct Step {
    State state;
    std::size_t consumed;
  };
  explicit GrpcFrameReader(std::size_t most) : most_(most) {}

  Step feed(std::string_view bytes);
  std::uint8_t flags() const { return static_cast<std::uint8_t>(head_[0]); }
  std::string_view payload() const { return payload_; }
  /// No frame has begun that has not ended.
  bool is_between_frames() const { return head_size_ == 0 || done_; }

 private:
  std::size_t take_head(std::string_view bytes);
  std::uint32_t length() const;

  std::size_t most_;
  std::string payload_;
  char head_[kGrpcFrameHead] = {};
  std::size_t head_size_ = 0;
  bool done_ = false;
};

}  // namespace gatehouse::http
