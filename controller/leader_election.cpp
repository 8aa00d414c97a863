// SPDX-License-Identifier: Apache-2.0
#include "controller/leader_election.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "controller/lease.h"

namespace gatehouse::controller {
namespace {

constexpr Duration kShortestPause = std::chrono::milliseconds(10);

}  // namespace

LeaderElection::LeaderElection(LeaderElectionOptions options, std::unique_ptr<ApiClient> client,
                               const Clock& clock)
    : options_(std::move(options)), client_(std::move(client)), clock_(clock) {}

LeaderElection::~LeaderElection() {
  stop();
}

void LeaderElection::start() {
  thread_ = std::thread([this] { run(); });
}

void LeaderElection::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_asked_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool LeaderElection::is_leader() const {
  return clock_.now().time_since_epoch().count() < leader_until_.load(std::memory_order_acquire);
}

void LeaderElection::run() {
  const LeaseOptions lease_options{.ns = options_.ns,
                                   .name = options_.lease,
                                   .identity = options_.identity,
                                   .duration = options_.lease_duration};
  Lease lease(lease_options, *client_, clock_);
  Duration pause{};
  while (wait(pause)) pause = turn(lease);

  leader_until_.store(0, std::memory_order_release);
  tell(false);
  lease.release();
}

/// Returns how long to wait for the next.
Duration LeaderElection::turn(Lease& lease) {
  // From before the request: whoever else sees its effect sees it later.
  const auto asked_at = clock_.now();
  const auto answer = lease.acquire_or_renew();
  if (answer == Lease::Answer::held)
    leader_until_.store((asked_at + options_.renew_deadline).time_since_epoch().count(),
                        std::memory_order_release);
  if (answer == Lease::Answer::taken) leader_until_.store(0, std::memory_order_release);
  note(answer == Lease::Answer::no_answer ? lease.error() : std::string());
  tell(is_leader());

  const Duration period = options_.retry_period;
  const auto now = clock_.now();
  const Duration until_lost(leader_until_.load(std::memory_order_relaxed) - now.time_since_epoch().count());
  if (until_lost > Duration::zero()) return std::min(period, until_lost);
  const auto expires = lease.expires();
  const auto pause = expires ? std::min<Duration>(period / 2, *expires - now) : period / 2;
  return std::max(pause, kShortestPause);
}

std::string LeaderElection::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

/// Each trouble is logged once.
void LeaderElection::note(std::string error) {
  if (!error.empty())
    error = fmt::format("the Lease {}/{} cannot be read or renewed: {}", options_.ns, options_.lease, error);
  const std::lock_guard lock(mutex_);
  if (!error.empty() && error != error_) log_warning("leader: {}", escaped(error));
  error_ = std::move(error);
}

void LeaderElection::tell(bool leader) {
  if (std::exchange(told_, leader) == leader) return;
  if (options_.on_change) options_.on_change(leader);
}

/// False when it is time to stop.
bool LeaderElection::wait(Duration at_most) {
  std::unique_lock lock(mutex_);
  return !stop_asked_.wait_for(lock, at_most, [this] { return stopping_; });
}

}  // namespace gatehouse::controller
