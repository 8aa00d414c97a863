// SPDX-License-Identifier: Apache-2.0
// What has passed of a request body, kept for a second sending: retries, mirrors, external authorization.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "proxy/stream.h"

namespace gatehouse::proxy {

/// Off until begin(); a body over the limit is forgotten and cannot be sent again. Owned by its exchange.
class BodyReplay {
 public:
  static constexpr std::size_t kMostBytes = 64 * 1024;

  /// Again: keeps what it has, and may raise the limit.
  void begin(std::size_t most = kMostBytes) {
    if (state_ == State::off) state_ = State::keeping;
    most_ = std::max(most_, most);
  }
  /// Chunks are to be added.
  bool is_keeping() const { return state_ == State::keeping && !complete_; }
  /// Something was kept, and nothing was lost: a sending starts with bytes().
  bool has_bytes() const { return state_ == State::keeping && (complete_ || !bytes_.empty()); }
  bool is_complete() const { return state_ == State::keeping && complete_; }
  /// Nothing that was added is missing; perhaps nothing was added yet.
  bool is_whole() const { return state_ == State::keeping; }
  bool is_lost() const { return state_ == State::lost; }
  std::string_view bytes() const { return bytes_; }

  void add(Chunk chunk) {
    if (!is_keeping()) return;
    if (bytes_.size() + chunk.data.size() > most_) {
      state_ = State::lost;
      bytes_ = std::string();
      return;
    }
    if (bytes_.empty() && !chunk.data.empty()) bytes_.reserve(most_);  // views of it stay valid
    bytes_.append(chunk.data);
    complete_ = chunk.end;
  }

 private:
  enum class State : unsigned char { off, keeping, lost };
  std::string bytes_;
  std::size_t most_ = 0;
  State state_ = State::off;
  bool complete_ = false;
};

}  // namespace gatehouse::proxy
