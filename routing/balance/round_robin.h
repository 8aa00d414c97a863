// SPDX-License-Identifier: Apache-2.0
// Turn by turn, starting anywhere, so that workers do not march in step.
#pragma once

#include <span>

#include "routing/balance/candidate.h"
#include "routing/balance/dice.h"

namespace gatehouse::routing::balance {

/// The cursor survives changes of the candidates. Thread: its worker. Constant time while all shares are
/// full.
class RoundRobin {
 public:
  explicit RoundRobin(std::uint64_t start) : cursor_(static_cast<std::uint32_t>(start >> 33)) {}

  /// `ready` is not empty. An endpoint with a part of its share takes that part of its turns.
  std::uint32_t pick(std::span<const Candidate> ready, Dice& dice) {
    for (std::size_t turns = ready.size(); turns > 1; --turns) {
      const Candidate& candidate = next(ready);
      if (candidate.share == kFullShare || dice.below(kFullShare) < candidate.share)
        return candidate.endpoint;
    }
    return next(ready).endpoint;
  }
  /// The last turn was not used.
  void step_back() {
    if (cursor_ != 0) --cursor_;
  }

 private:
  const Candidate& next(std::span<const Candidate> ready) {
    const auto size = static_cast<std::uint32_t>(ready.size());
    if (cursor_ >= size) cursor_ = cursor_ == size ? 0 : cursor_ % size;
    return ready[cursor_++];
  }

  std::uint32_t cursor_;
};

}  // namespace gatehouse::routing::balance
