// SPDX-License-Identifier: Apache-2.0
#include "gateway/reaper.h"

namespace gatehouse::gateway {

Reaper::Reaper() : thread_([this] { run(); }) {}

Reaper::~Reaper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Reaper::take(std::shared_ptr<const proxy::Runtime> runtime) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(runtime));
  }
  wake_.notify_one();
}

void Reaper::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    std::vector<std::shared_ptr<const proxy::Runtime>> taken;
    taken.swap(waiting_);
    const bool last = stopping_;
    lock.unlock();
    taken.clear();
    lock.lock();
    if (last && waiting_.empty()) return;
  }
}

}  // namespace gatehouse::gateway
