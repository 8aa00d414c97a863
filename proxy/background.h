// SPDX-License-Identifier: Apache-2.0
// Work of a worker that belongs to no connection, so that it can be bounded and ended with the worker.
#pragma once

#include <cstddef>
#include <vector>

namespace gatehouse::proxy {

class BackgroundTask;

/// Those that exist now. Thread: the worker's.
class BackgroundTasks {
 public:
  std::size_t size() const { return tasks_.size(); }
  /// Every one ends within a turn or two of the loop.
  void cancel_all();

 private:
  friend class BackgroundTask;
  std::vector<BackgroundTask*> tasks_;
};

/// Enters the list when made and leaves it when destroyed. Owns itself.
class BackgroundTask {
 public:
  virtual void cancel() = 0;

 protected:
  explicit BackgroundTask(BackgroundTasks& all) : all_(all), index_(all.tasks_.size()) {
    all_.tasks_.push_back(this);
  }
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;
  virtual ~BackgroundTask() {
    all_.tasks_[index_] = all_.tasks_.back();
    all_.tasks_[index_]->index_ = index_;
    all_.tasks_.pop_back();
  }

 private:
  friend class BackgroundTasks;
  BackgroundTasks& all_;
  std::size_t index_;
};

inline void BackgroundTasks::cancel_all() {
  for (std::size_t i = 0; i < tasks_.size(); ++i) tasks_[i]->cancel();
}

}  // namespace gatehouse::proxy
