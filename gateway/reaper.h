// SPDX-License-Identifier: Apache-2.0
// Destroys old runtimes on a thread of its own, so that no worker pays for it.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/runtime.h"

namespace gatehouse::gateway {

/// Outlives the workers. The destructor destroys what is left.
class Reaper final : public proxy::RuntimeReaper {
 public:
  Reaper();
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  void take(std::shared_ptr<const proxy::Runtime> runtime) override;

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<const proxy::Runtime>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::gateway
