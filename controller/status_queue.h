// SPDX-License-Identifier: Apache-2.0
// Which object's status is looked at next, and when.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "controller/status_diff.h"

namespace gatehouse::controller {

/// Each object once, GatewayClasses and Gateways before all others. Thread: one.
class StatusQueue {
 public:
  /// At once.
  void add(const ObjectKey& key, MonoTime now);
  /// At once, but no earlier than it is queued for.
  void add_unless_queued(const ObjectKey& key, MonoTime now);
  /// A Gateway of which nothing but counts changed: at once after a pause, else when it has been quiet for
  /// 150 ms, or a pause after its last write that grows from 100 ms to 1 s while changes keep coming.
  void add_paced(const ObjectKey& key, MonoTime now);
  /// Failed: after 5 ms, twice that the next time and so on, up to 30 s, or after `at_least`.
  void retry(const ObjectKey& key, MonoTime now, Duration at_least = {});

  /// The next that is due, which is in the queue no longer.
  std::optional<ObjectKey> take(MonoTime now);
  /// It is as it should be: no backoff the next time.
  void settle(const ObjectKey& key);
  void note_write(const ObjectKey& key, MonoTime now);

  std::optional<MonoTime> next_due() const;
  std::size_t size() const { return items_.size(); }
  void clear();

 private:
  struct Item {
    MonoTime due;
    bool paced = false;
  };
  struct Pace {
    MonoTime last_write;
    Duration pause;
  };
  using Schedule = std::set<std::pair<MonoTime, ObjectKey>>;

  void put(const ObjectKey& key, Item item);
  Schedule& schedule_of(const ObjectKey& key);

  std::map<ObjectKey, Item> items_;
  std::array<Schedule, 2> schedules_;  ///< GatewayClasses and Gateways; the rest
  std::map<ObjectKey, Duration> backoffs_;
  std::map<std::string, Pace> paces_;  ///< of Gateways
};

}  // namespace gatehouse::controller
