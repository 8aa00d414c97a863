// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/head_scanner.h"

#include <cstring>

namespace gatehouse::http {

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
    if (!found) {
      scanned_ = bytes.size();
      return State::need_more;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (at == line_start_ || bytes[at - 1] != '\r') return State::bad_line_end;
    const char first = bytes[line_start_];
    if ((first == ' ' || first == '\t') && line_start_ != 0) return State::folded_line;
    const bool empty_line = at == line_start_ + 1;
    scanned_ = line_start_ = at + 1;
    if (empty_line) {
      size_ = at + 1;
      return State::complete;
    }
  }
  return State::need_more;
}

}  // namespace gatehouse::http
