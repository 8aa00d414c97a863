// SPDX-License-Identifier: Apache-2.0
// Resolves the DNS names among endpoints (externalName) on a thread of its own, off every request path.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "config/ir/config.h"

namespace gatehouse::gateway {

/// Names are looked up by the system's resolver, again every kRefresh; a failure keeps the last good answer
/// (B10).
class NameResolver {
 public:
  static constexpr auto kRefresh = std::chrono::seconds(30);

  /// `changed` is called on the resolver's thread when some answer is new, never after the destructor; it
  /// must not call back.
  explicit NameResolver(std::function<void()> changed);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// `config` with every name replaced by its addresses; names without an answer yet give no endpoint.
  /// Returns `config` itself when it has none. Clusters whose answers did not change keep their identity.
  /// Control thread.
  std::shared_ptr<const ir::Config> resolve(std::shared_ptr<const ir::Config> config);

 private:
  using Answers = std::map<std::string, std::vector<std::string>>;
  struct Resolved {
    std::shared_ptr<const ir::Cluster> from;
    std::shared_ptr<const ir::Cluster> to;
  };
  /// Shared with the thread, which outlives us when a lookup hangs: the system's resolver cannot be
  /// interrupted.
  struct Shared {
    std::mutex mutex;
    std::condition_variable wake;
    std::function<void()> changed;
    std::set<std::string> wanted;
    Answers answers;
    bool stopping = false;
    bool news = false;
  };

  std::shared_ptr<const ir::Cluster> substitute(const std::shared_ptr<const ir::Cluster>& cluster,
                                                const Answers& answers);
  void want(std::set<std::string> names);
  static void run(const std::shared_ptr<Shared>& shared);
  static void look_up_all(Shared& shared, std::unique_lock<std::mutex>& lock);

  std::map<std::string, Resolved> resolved_;  ///< control thread; by cluster key
  std::shared_ptr<Shared> shared_;
};

}  // namespace gatehouse::gateway
