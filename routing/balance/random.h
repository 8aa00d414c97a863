// SPDX-License-Identifier: Apache-2.0
// Random choice, and the less loaded of two random ones.
#pragma once

#include <span>

#include "routing/balance/candidate.h"
#include "routing/balance/dice.h"

namespace gatehouse::routing::balance {

/// `ready` is not empty. Those with a part of their share are passed over that much more often.
inline std::uint32_t pick_random(std::span<const Candidate> ready, Dice& dice) {
  const auto count = static_cast<std::uint32_t>(ready.size());
  for (std::uint32_t tries = std::min(count, 8u); tries > 1; --tries) {
    const Candidate& candidate = ready[dice.below(count)];
    if (candidate.share == kFullShare || dice.below(kFullShare) < candidate.share) return candidate.endpoint;
  }
  return ready[dice.below(count)].endpoint;
}

/// Power of two choices. `load(endpoint)` is the number of requests in flight there.
template <typename Load>
std::uint32_t pick_least_loaded(std::span<const Candidate> ready, Dice& dice, Load load) {
  if (ready.size() == 1) return ready.front().endpoint;
  const auto [first, second] = dice.two_below(static_cast<std::uint32_t>(ready.size()));
  const Candidate& a = ready[first];
  const Candidate& b = ready[second];
  // (load + 1) / share without dividing: an endpoint at half its share counts as twice as loaded.
  const std::uint64_t cost_a = (std::uint64_t{load(a.endpoint)} + 1) * b.share;
  const std::uint64_t cost_b = (std::uint64_t{load(b.endpoint)} + 1) * a.share;
  return cost_a <= cost_b ? a.endpoint : b.endpoint;
}

}  // namespace gatehouse::routing::balance
