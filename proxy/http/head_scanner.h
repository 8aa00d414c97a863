// SPDX-License-Identifier: Apache-2.0
// Finds the end of a message head in bytes that arrive in any pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatehouse::http {

/// Every byte is looked at once, however the head is cut up. A line that ends in a lone LF is refused at once
/// (F11), so such a sender gets its 400 instead of a timeout. So is a line that continues the one before
/// (obs-fold, F12).
class HeadScanner {
 public:
  enum class State : std::uint8_t { need_more, complete, bad_line_end, folded_line };

  /// `bytes` starts at the head's first byte and only ever grows between calls.
  State scan(std::string_view bytes);

  /// Bytes of the head including the empty line; valid after `complete`.
  std::size_t size() const { return size_; }
  void reset() { scanned_ = line_start_ = size_ = 0; }

 private:
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
  std::size_t size_ = 0;
};

}  // namespace gatehouse::http
