// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/head_scanner.h"

#include <cstring>

namespace gatehouse::http {

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* line = begin + line_start_;
  for (const char* from = begin + scanned_;; from = line) {
    const void* found = std::memchr(from, '\n', static_cast<std::size_t>(end - from));
    if (!found) {
      line_start_ = static_cast<std::size_t>(line - begin);
      scanned_ = bytes.size();
      return State::need_more;
    }
    const char* feed = static_cast<const char*>(found);
    if (feed == line || feed[-1] != '\r') return State::bad_line_end;
    if ((*line == ' ' || *line == '\t') && line != begin) return State::folded_line;
    if (feed == line + 1) {
      size_ = static_cast<std::size_t>(feed + 1 - begin);
      return State::complete;
    }
    line = feed + 1;
  }
}

}  // namespace gatehouse::http
