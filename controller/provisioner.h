// SPDX-License-Identifier: Apache-2.0
// The thread that makes the objects of Gateways what they should be.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "controller/api_client.h"
#include "controller/infrastructure.h"

namespace gatehouse::controller {

/// Writes while this process is the leader, and from then on keeps at it: what failed is tried again, later
/// each time; what somebody changed is put right within minutes. Changes that come while it writes are taken
/// together. Its thread runs from construction to destruction.
class Provisioner {
 public:
  /// `may_write` is asked before every write, besides set_leader().
  Provisioner(std::unique_ptr<ApiClient> client, InfrastructureOptions options,
              std::function<bool()> may_write);
  ~Provisioner();
  Provisioner(const Provisioner&) = delete;
  Provisioner& operator=(const Provisioner&) = delete;

  // Any thread.
  void set_input(InfrastructureInput input);
  void set_leader(bool is_leader);

 private:
  void run();

  std::unique_ptr<ApiClient> client_;
  const InfrastructureOptions options_;
  const std::function<bool()> may_write_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const InfrastructureInput> input_;  ///< null: not known yet
  bool is_leader_ = false;
  bool is_changed_ = false;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::controller
