// SPDX-License-Identifier: Apache-2.0
// Splitting at line ends.
#include "controller/line_buffer.h"

namespace gatehouse::controller {

LineBuffer::Outcome LineBuffer::feed(std::string_view piece,
                                     const std::function<bool(std::string_view)>& on_line) {
  for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    auto line = piece.substr(0, end);
    piece.remove_prefix(end + 1);
    std::string joined;
    if (!begun_.empty()) {
      if (begun_.size() + line.size() > kMaxLineBytes) return Outcome::too_long;
      joined.swap(begun_);
      joined.append(line);
      line = joined;
    }
    if (!line.empty() && !on_line(line)) return Outcome::refused;
  }
  if (begun_.size() + piece.size() > kMaxLineBytes) return Outcome::too_long;
  begun_.append(piece);
  return Outcome::more;
}

}  // namespace gatehouse::controller
