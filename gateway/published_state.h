// SPDX-License-Identifier: Apache-2.0
// What the admin port shows: handed from the control thread to the admin thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/ir/config.h"
#include "config/objects/status.h"
#include "gateway/admin/admin_server.h"
#include "proxy/cluster_runtime.h"

namespace gatehouse::gateway {

/// Any thread; every call copies under a lock, the texts are made outside of it.
class PublishedState {
 public:
  void set_config(std::shared_ptr<const ir::Config> config);
  void set_clusters(std::vector<proxy::ClusterRuntime> clusters);
  void set_statuses(std::shared_ptr<const objects::Statuses> statuses);
  /// All workers serve by generation `generation`.
  void set_serving(std::uint64_t generation);
  void set_draining();
  /// Problems that hold now, one line each.
  void set_problems(std::vector<std::string> problems);

  std::string config_dump() const;
  /// The endpoints of every cluster, each with the verdict of its active check.
  std::string endpoints() const;
  std::string statuses() const;
  Readiness readiness() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ir::Config> config_;
  std::vector<proxy::ClusterRuntime> clusters_;
  std::shared_ptr<const objects::Statuses> statuses_;
  std::uint64_t generation_ = 0;
  bool draining_ = false;
  std::vector<std::string> problems_;
};

}  // namespace gatehouse::gateway
