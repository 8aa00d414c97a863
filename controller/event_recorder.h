// SPDX-License-Identifier: Apache-2.0
// Kubernetes Events for what a user must know, written on a thread of their own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "controller/api_client.h"
#include "controller/delivery.h"
#include "controller/event_desk.h"
#include "controller/status_merge.h"

namespace gatehouse::controller {

/// One Event per change, or one more count of an Event that said the same within ten minutes. At most 25 of
/// an object at once and one every five minutes after that. What comes while 1,000 wait is dropped; a failure
/// costs an Event but nothing else. Functions: any thread, none of them waits.
class EventRecorder {
 public:
  EventRecorder(EventRecorderOptions options, std::unique_ptr<ApiClient> client, const Clock& clock);
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  void start();
  /// What StatusWriterOptions::on_change says.
  void record(const ObjectKey& key, const ObservedObject& object, const ConditionChange& change);

  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run();
  /// False when it is time to stop.
  bool wait_for(EventNote& next);

  const EventRecorderOptions options_;
  const std::unique_ptr<ApiClient> client_;
  const Clock& clock_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};

  std::mutex mutex_;
  std::condition_variable something_new_;
  std::deque<EventNote> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::controller
