// SPDX-License-Identifier: Apache-2.0
// From objects to what serves: one pass per change, each step one call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/objects/snapshot.h"
#include "config/translate/translate.h"
#include "gateway/health_checker.h"
#include "gateway/name_resolver.h"
#include "gateway/published_state.h"
#include "gateway/publisher.h"
#include "proxy/probes.h"
#include "proxy/runtime.h"
#include "routing/ids.h"

namespace gatehouse::gateway {

/// Owned by the application; control thread.
class ReconcileLoop {
 public:
  struct Parts {
    Publisher& publisher;
    NameResolver& resolver;
    HealthChecker& health;
    PublishedState& state;
    proxy::Probes& probes;
    const proxy::ProxySettings& proxy_settings;
    translate::Options options;
    /// Statuses as of the last pass whose runtime is served; empty: nobody else wants them.
    std::function<void(std::shared_ptr<const objects::Statuses>)> on_statuses;
  };

  explicit ReconcileLoop(Parts parts) : parts_(std::move(parts)), memo_(translate::make_memo()) {}

  /// translate -> diff -> build -> publish -> statuses. Nothing is published when nothing changed, unless a
  /// socket still waits to be bound. Of `now` depends only what expires.
  void run_once(const objects::Snapshot& snapshot, WallTime now);
  /// When a pass is due although nothing changes: something has expired by then.
  std::optional<WallTime> next_expiry() const;
  /// Of the last pass; null before the first.
  const std::shared_ptr<const ir::Config>& config() const { return config_; }
  /// Some name has other addresses: serves what the last pass translated with them.
  void renew_names();

 private:
  void serve();
  void warn(const std::vector<objects::Problem>& warnings);
  void adopted(std::uint64_t generation, const translate::Translation& translation);
  void report(const translate::Translation& translation) const;

  Parts parts_;
  std::shared_ptr<translate::Memo> memo_;
  routing::Ids cluster_ids_;
  routing::Ids route_ids_;
  std::optional<translate::Translation> translation_;  ///< of the last pass
  std::shared_ptr<const ir::Config> config_;           ///< the same with addresses for names
  std::shared_ptr<const proxy::Runtime> runtime_;
  std::uint64_t generation_ = 0;  ///< published last
  std::uint64_t adopted_ = 0;     ///< that all workers serve by
  std::set<std::string> warned_;
};

}  // namespace gatehouse::gateway
