// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/retry_budget.h"

namespace gatehouse::proxy {

void RetryBudget::set_limits(const ir::RetryBudget& limits, WorkerShare share) {
  enabled_ = limits.enabled;
  percent_ = limits.percent;
  free_ = limits.min_count == 0 ? 0 : share.of(limits.min_count);
  requests_.set_length(limits.interval);
  retries_.set_length(limits.interval);
  recent_.set_length(limits.min_interval);
}

bool RetryBudget::take(MonoTime now) {
  if (!enabled_) return true;
  const bool within_percent = (retries_.sum(now) + 1) * 100 <= requests_.sum(now) * percent_;
  if (!within_percent && recent_.sum(now) >= free_) return false;
  retries_.add(now);
  recent_.add(now);
  return true;
}

void RetryBudget::Window::advance(MonoTime now) {
  const std::int64_t slot = now.time_since_epoch() / width_;
  if (slot == last_) return;
  if (slot - last_ >= kSlots || slot < last_) {
    counts_.fill(0);
    sum_ = 0;
  } else {
    for (std::int64_t gone = last_ + 1; gone <= slot; ++gone)
      sum_ -= std::exchange(counts_[static_cast<std::size_t>(gone % kSlots)], 0);
  }
  last_ = slot;
}

void RetryBudget::Window::add(MonoTime now) {
  advance(now);
  ++counts_[static_cast<std::size_t>(last_ % kSlots)];
  ++sum_;
}

std::uint64_t RetryBudget::Window::sum(MonoTime now) {
  advance(now);
  return sum_;
}

}  // namespace gatehouse::proxy
