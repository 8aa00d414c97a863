// SPDX-License-Identifier: Apache-2.0
#include "controller/status_queue.h"

#include <algorithm>
#include <chrono>

#include "config/objects/gateway.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstBackoff = 5ms;
constexpr Duration kLongestBackoff = 30s;

constexpr Duration kQuiet = 150ms;
constexpr Duration kShortestPause = 100ms;
constexpr Duration kLongestPause = 1s;
/// After a time without writes the next change is a first one again.
constexpr Duration kForgetPauseAfter = 2s;

}  // namespace

void StatusQueue::add(const ObjectKey& key, MonoTime now) {
  const auto at = items_.find(key);
  put(key, {.due = at == items_.end() ? now : std::min(now, at->second.due), .paced = false});
}

void StatusQueue::add_unless_queued(const ObjectKey& key, MonoTime now) {
  if (!items_.contains(key)) put(key, {.due = now, .paced = false});
}

void StatusQueue::add_paced(const ObjectKey& key, MonoTime now) {
  const auto queued = items_.find(key);
  if (queued != items_.end() && !queued->second.paced) return;
  const auto pace = paces_.find(key.name);
  if (pace == paces_.end() || now - pace->second.last_write >= kForgetPauseAfter) {
    put(key, {.due = now, .paced = true});
    return;
  }
  const auto [last_write, pause] = pace->second;
  const auto when_quiet = std::max(last_write + kShortestPause, now + kQuiet);
  put(key, {.due = std::min(last_write + pause, when_quiet), .paced = true});
}

void StatusQueue::retry(const ObjectKey& key, MonoTime now, Duration at_least) {
  const auto known = backoffs_.find(key);
  const auto backoff =
      known == backoffs_.end() ? kFirstBackoff : std::min(2 * known->second, kLongestBackoff);
  backoffs_[key] = backoff;
  put(key, {.due = now + std::max(backoff, at_least), .paced = false});
}

std::optional<ObjectKey> StatusQueue::take(MonoTime now) {
  for (auto& schedule : schedules_) {
    if (schedule.empty() || schedule.begin()->first > now) continue;
    auto key = schedule.begin()->second;
    schedule.erase(schedule.begin());
    items_.erase(key);
    return key;
  }
  return std::nullopt;
}

void StatusQueue::settle(const ObjectKey& key) {
  backoffs_.erase(key);
}

void StatusQueue::note_write(const ObjectKey& key, MonoTime now) {
  if (key.kind != objects::Gateway::kKind) return;
  const auto known = paces_.find(key.name);
  const bool is_first = known == paces_.end() || now - known->second.last_write >= kForgetPauseAfter;
  const auto pause = is_first ? kShortestPause : std::min(2 * known->second.pause, kLongestPause);
  paces_[key.name] = {.last_write = now, .pause = pause};
}

std::optional<MonoTime> StatusQueue::next_due() const {
  std::optional<MonoTime> next;
  for (const auto& schedule : schedules_)
    if (!schedule.empty() && (!next || schedule.begin()->first < *next)) next = schedule.begin()->first;
  return next;
}

void StatusQueue::clear() {
  items_.clear();
  for (auto& schedule : schedules_) schedule.clear();
  backoffs_.clear();
  paces_.clear();
}

void StatusQueue::put(const ObjectKey& key, Item item) {
  auto& schedule = schedule_of(key);
  const auto [at, is_new] = items_.try_emplace(key, item);
  if (!is_new) {
    schedule.erase({at->second.due, key});
    at->second = item;
  }
  schedule.emplace(item.due, key);
}

StatusQueue::Schedule& StatusQueue::schedule_of(const ObjectKey& key) {
  const bool first = key.kind == objects::GatewayClass::kKind || key.kind == objects::Gateway::kKind;
  return schedules_[first ? 0 : 1];
}

}  // namespace gatehouse::controller
