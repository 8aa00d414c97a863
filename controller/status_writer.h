// SPDX-License-Identifier: Apache-2.0
// Writes statuses to the API server, on a thread of its own.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "config/objects/status.h"
#include "controller/api_client.h"
#include "controller/delivery.h"
#include "controller/observed_statuses.h"
#include "controller/status_kinds.h"
#include "controller/status_merge.h"

namespace gatehouse::controller {

/// Read by any thread; written by the status writer's.
struct StatusWriterCounters {
  struct OfKind {
    std::atomic<std::uint64_t> writes{0};  ///< that the API server took
    std::atomic<std::uint64_t> conflicts{0};
    std::atomic<std::uint64_t> errors{0};  ///< anything else that was not taken
  };
  std::array<OfKind, kStatusKinds.size()> kinds;  ///< as in kStatusKinds
  std::atomic<std::uint64_t> waiting{0};          ///< objects that are still to be compared or written
};

struct StatusWriterOptions {
  std::vector<std::string> controller_names;  ///< whose parents[] and ancestors[] are ours
  /// Whether entries of ours go from objects that desired statuses know nothing of. `keep` where only some of
  /// the objects are seen: one Gateway, some namespaces.
  enum class Leftovers : std::uint8_t { remove, keep };
  Leftovers leftovers = Leftovers::remove;
  /// Asked right before every write, besides set_leader(); empty: yes. Any thread.
  std::function<bool()> may_write;
  /// A status with this change was written. On the writer's thread; must not wait.
  std::function<void(const ObjectKey&, const ObservedObject&, const ConditionChange&)> on_change;
};

/// Rule K8: writes what is desired where it differs from what is observed, at most one write per object and
/// pass, GatewayClasses and Gateways first, 100 a second after a burst of 200; a Gateway of which only
/// counts change ever more seldom, up to once a second, while they keep changing. Conflicts are read anew and
/// merged again. Level-triggered: whatever was missed, the next comparison finds. Writes nothing while it is
/// not the leader. Functions: any thread, none of them waits.
class StatusWriter {
 public:
  StatusWriter(StatusWriterOptions options, ObservedStatuses& observed, std::unique_ptr<ApiClient> client,
               const Clock& clock);
  ~StatusWriter();  ///< ends the thread; what was not written stays unwritten
  StatusWriter(const StatusWriter&) = delete;
  StatusWriter& operator=(const StatusWriter&) = delete;

  void start();

  /// Every object is in it that should have a status of ours: only once all kinds have been listed.
  void set_desired(std::shared_ptr<const objects::Statuses> desired);
  /// Nobody is at first. Whoever becomes it compares everything.
  void set_leader(bool leader);
  /// Puts it into ObservedStatuses too.
  void observe(const Delivery& delivery);

  const StatusWriterCounters& counters() const { return counters_; }

 private:
  struct Inbox {
    std::shared_ptr<const objects::Statuses> desired;
    std::optional<bool> leader;
    std::vector<ObjectKey> observed;
    bool empty() const { return !desired && !leader && observed.empty(); }
  };

  void run();
  /// Nullopt: it is time to stop.
  std::optional<Inbox> wait(Duration at_most);

  const StatusWriterOptions options_;
  ObservedStatuses& observed_;
  const std::unique_ptr<ApiClient> client_;
  const Clock& clock_;
  StatusWriterCounters counters_;

  std::mutex mutex_;
  std::condition_variable something_new_;
  Inbox inbox_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::controller
