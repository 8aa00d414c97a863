// SPDX-License-Identifier: Apache-2.0
// The pieces of one writev: what is left of them after a partial write.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "proxy/stream.h"

namespace gatehouse::proxy {

/// A few byte ranges in order, empty ones left out, and the chunked framing around them. Copyable: a
/// coroutine that sends the rest keeps its own.
class SendParts {
 public:
  SendParts() = default;
  SendParts(const SendParts& other) { *this = other; }
  SendParts& operator=(const SendParts& other);

  void add(std::string_view bytes) {
    if (!bytes.empty()) parts_[count_++] = {const_cast<char*>(bytes.data()), bytes.size()};  // only ever read
  }
  /// One chunk of the chunked coding, and with the end the last chunk and `trailer_block` (whole lines).
  void add_chunked(Chunk chunk, std::string_view trailer_block);

  bool empty() const { return first_ == count_; }
  std::span<const iovec> span() const { return {parts_.data() + first_, count_ - first_}; }
  /// `bytes` of the front were written.
  void advance(std::size_t bytes);

 private:
  std::string_view size_line(std::size_t size);

  std::array<iovec, 8> parts_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::array<char, 20> size_line_;
};

}  // namespace gatehouse::proxy
