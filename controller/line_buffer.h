// SPDX-License-Identifier: Apache-2.0
// Lines out of a stream of pieces.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace gatehouse::controller {

/// Hands on whole lines, without their ends, from the piece itself where they lie in one.
class LineBuffer {
 public:
  static constexpr std::size_t kMaxLineBytes = 64u << 20;

  enum class Outcome : unsigned char { more, refused, too_long };

  /// Ends early when `on_line` says no.
  Outcome feed(std::string_view piece, const std::function<bool(std::string_view)>& on_line);

 private:
  std::string begun_;
};

}  // namespace gatehouse::controller
