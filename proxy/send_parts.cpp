// SPDX-License-Identifier: Apache-2.0
#include "proxy/send_parts.h"

#include "base/text.h"

namespace gatehouse::proxy {

SendParts& SendParts::operator=(const SendParts& other) {
  first_ = other.first_;
  count_ = other.count_;
  size_line_ = other.size_line_;
  const char* old_line = other.size_line_.data();
  for (std::size_t i = first_; i < count_; ++i) {
    parts_[i] = other.parts_[i];
    const char* base = static_cast<const char*>(parts_[i].iov_base);
    // The size line lives in the object itself: a copy points to its own.
    if (base >= old_line && base < old_line + other.size_line_.size())
      parts_[i].iov_base = size_line_.data() + (base - old_line);
  }
  return *this;
}

std::string_view SendParts::size_line(std::size_t size) {
  char* end = write_hex(size_line_.data(), size);
  *end++ = '\r';
  *end++ = '\n';
  return {size_line_.data(), static_cast<std::size_t>(end - size_line_.data())};
}

void SendParts::add_chunked(Chunk chunk, std::string_view trailer_block) {
  if (!chunk.data.empty()) {
    add(size_line(chunk.data.size()));
    add(chunk.data);
    if (!chunk.end) return add("\r\n");
  }
  if (!chunk.end) return;
  if (trailer_block.empty()) return add(chunk.data.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n");
  add(chunk.data.empty() ? "0\r\n" : "\r\n0\r\n");
  add(trailer_block);
  add("\r\n");
}

void SendParts::advance(std::size_t bytes) {
  while (!empty() && bytes >= parts_[first_].iov_len) bytes -= parts_[first_++].iov_len;
  if (empty()) return;
  parts_[first_].iov_base = static_cast<char*>(parts_[first_].iov_base) + bytes;
  parts_[first_].iov_len -= bytes;
}

}  // namespace gatehouse::proxy
