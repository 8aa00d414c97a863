// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/circuit_breaker.h"

#include <algorithm>

namespace gatehouse::proxy {

std::uint32_t WorkerShare::of(std::uint32_t limit) const {
  if (limit == 0) return UINT32_MAX;
  return std::max(1u, limit / count + (index < limit % count ? 1 : 0));
}

void CircuitBreaker::set_limits(const ir::CircuitBreaker& limits) {
  max_connections_ = share_.of(limits.max_connections);
  max_pending_ = share_.of(limits.max_pending_requests);
  max_requests_ = share_.of(limits.max_requests);
  max_retries_ = share_.of(limits.max_retries);
}

void CircuitBreaker::wake_first() {
  if (room_.empty()) return;
  auto& first = static_cast<RoomWait&>(*room_.pop());
  first.loop_.make_ready(first, io::Wake::ready);
}

void CircuitBreaker::wake_all() {
  while (!room_.empty()) wake_first();
}

}  // namespace gatehouse::proxy
