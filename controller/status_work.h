// SPDX-License-Identifier: Apache-2.0
// What a status writer does, one object at a time, without its thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "controller/api_client.h"
#include "controller/observed_statuses.h"
#include "controller/status_queue.h"
#include "controller/status_writer.h"
#include "controller/token_bucket.h"

namespace gatehouse::controller {

/// Thread: one, and everything it is given outlives it.
class StatusWork {
 public:
  StatusWork(const StatusWriterOptions& options, ObservedStatuses& observed, ApiClient& client,
             const Clock& clock, StatusWriterCounters& counters);

  void set_desired(std::shared_ptr<const objects::Statuses> desired);
  void set_leader(bool leader);
  void look_at(const std::vector<ObjectKey>& keys);

  /// Looks at the next object that is due, which takes at most one write that succeeds. Returns how long
  /// nothing is to be done, at most a minute.
  Duration step();

 private:
  /// What was sent and what the API server made of it, where it is not the same: an older CRD lacks a field.
  struct Pruned {
    std::string sent;
    std::string resource_version;
  };
  enum class Verdict : std::uint8_t { settled, conflict, failed };

  void queue_everything();
  void write(const ObjectKey& key);
  Verdict try_write(const ObjectKey& key, ObservedObject& object);
  Verdict read_again(const ObjectKey& key, ObservedObject& object);
  MergedStatus merge(const ObjectKey& key, const ObservedObject& object) const;
  void take_in(const ObjectKey& key, ObservedObject& object, const ApiAnswer& answer);
  void note_pruned(const ObjectKey& key, const ObservedObject& object, const std::string& sent);
  Verdict fail(const ObjectKey& key, const ApiAnswer& answer);
  bool may_write() const { return leader_ && (!options_.may_write || options_.may_write()); }

  const StatusWriterOptions& options_;
  ObservedStatuses& observed_;
  ApiClient& client_;
  const Clock& clock_;
  StatusWriterCounters& counters_;

  std::shared_ptr<const objects::Statuses> desired_;
  bool leader_ = false;
  StatusQueue queue_;
  TokenBucket tokens_;
  MonoTime not_before_;     ///< the API server is away or has asked for a pause
  Duration pause_{};        ///< grows with each failure of that sort
  Duration asked_pause_{};  ///< of the answer that just failed
  std::map<ObjectKey, Pruned> pruned_;
  std::array<MonoTime, kStatusKinds.size()> complaint_due_{};
};

}  // namespace gatehouse::controller
