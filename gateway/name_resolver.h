// SPDX-License-Identifier: Apache-2.0
// Resolves the DNS names among endpoints (externalName, headless) on a thread of its own, off every request
// path.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "config/ir/config.h"
#include "gateway/name_table.h"
#include "proxy/process_probe.h"

namespace gatehouse::gateway {

/// The thread only ever waits in poll(2), so an end never waits for a lookup, and no name for another.
/// NameTable says when a name is looked up.
class NameResolver {
 public:
  struct Options {
    DnsOptions dns;
    proxy::ProcessProbe* probe = nullptr;  ///< outlives us; null: nothing is counted
    const Clock& clock = system_clock();
    /// Answers that make no endpoint, whoever owns the name; null: none are refused.
    std::function<bool(const SocketAddress&)> refuses{};
  };

  /// `changed` is called on the resolver's thread when some answer is new, once until the next resolve();
  /// never after the destructor. It must not call back.
  NameResolver(Options options, std::function<void()> changed);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// `config` with every name replaced by its addresses; names without an answer yet give no endpoint.
  /// Returns `config` itself when it has none. Clusters whose answers did not change keep their identity.
  /// Control thread.
  std::shared_ptr<const ir::Config> resolve(std::shared_ptr<const ir::Config> config);

  /// Looks at the clock, for a test that has moved it.
  void look_at_clock() const { wake(); }

 private:
  struct Resolved {
    std::shared_ptr<const ir::Cluster> from;
    std::shared_ptr<const ir::Cluster> to;
  };

  std::shared_ptr<const ir::Cluster> substitute(const std::shared_ptr<const ir::Cluster>& cluster);
  void want(NameTable::Wanted names);
  void wake() const;
  void run();
  std::chrono::milliseconds start_lookups(DnsClient& client);
  void take(const std::vector<DnsAnswer>& answers);

  const Options options_;
  const std::function<void()> changed_;
  const int wake_fd_;
  std::map<std::string, Resolved> resolved_;  ///< control thread; by cluster key
  NameTable::Wanted wanted_;                  ///< control thread

  std::mutex mutex_;
  NameTable table_;
  bool has_told_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::gateway
