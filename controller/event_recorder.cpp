// SPDX-License-Identifier: Apache-2.0
#include "controller/event_recorder.h"

#include <utility>

namespace gatehouse::controller {
namespace {

constexpr std::size_t kMostWaiting = 1000;

}  // namespace

EventRecorder::EventRecorder(EventRecorderOptions options, std::unique_ptr<ApiClient> client,
                             const Clock& clock)
    : options_(std::move(options)), client_(std::move(client)), clock_(clock) {}

EventRecorder::~EventRecorder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  something_new_.notify_one();
  client_->stop();
  if (thread_.joinable()) thread_.join();
}

void EventRecorder::start() {
  thread_ = std::thread([this] { run(); });
}

void EventRecorder::record(const ObjectKey& key, const ObservedObject& object,
                           const ConditionChange& change) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostWaiting) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    waiting_.push_back({key, object.uid, object.api_version, change});
  }
  something_new_.notify_one();
}

void EventRecorder::run() {
  EventDesk desk(options_, *client_, clock_);
  EventNote next;
  while (wait_for(next)) {
    const bool written = desk.write(next) == EventDesk::Outcome::written;
    (written ? written_ : dropped_).fetch_add(1, std::memory_order_relaxed);
  }
}

bool EventRecorder::wait_for(EventNote& next) {
  std::unique_lock lock(mutex_);
  something_new_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  if (stopping_) return false;
  next = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

}  // namespace gatehouse::controller
