// SPDX-License-Identifier: Apache-2.0
// gRPC-Web's own framing: base64 text that may come in any pieces, and trailers as the last frame of a body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace gatehouse::http {

/// Decodes base64 (RFC 4648 4) whose groups may be split anywhere and may end with padding in the middle:
/// each message may have been encoded on its own. Strict: nothing but the alphabet, no stray bits.
class Base64Stream {
 public:
  /// Appends what `text` completes to `to`. False when it is not base64, for good.
  bool decode(std::string_view text, std::string& to);
  /// No group is half here.
  bool is_complete() const { return count_ == 0; }

 private:
  bool take(char c, std::string& to);
  bool flush(std::string& to);

  std::uint32_t bits_ = 0;
  std::uint8_t count_ = 0;
  std::uint8_t padding_ = 0;
  bool failed_ = false;
};

/// Appends `bytes` as base64 of its own, with padding: what is here must not wait for what follows.
void append_base64(std::string_view bytes, std::string& to);

/// Appends the frame that stands for `trailers`: lower-case "name: value" lines. Values cannot break out of
/// their line.
void append_trailer_frame(const HeaderList& trailers, std::string& to);

}  // namespace gatehouse::http
