// SPDX-License-Identifier: Apache-2.0
// Brings runtimes to the workers, opens and closes listening sockets, gathers what became of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/translate/translate.h"
#include "gateway/listening_sockets.h"
#include "gateway/worker.h"

namespace gatehouse::gateway {

/// Owned by the application; control thread. Keeps one set of descriptors per address for as long as runtimes
/// name it.
class Publisher {
 public:
  /// Runs a function on the control thread, from any thread.
  using Post = std::function<void(std::function<void()>)>;

  Publisher(std::vector<std::unique_ptr<Worker>>& workers, Post post)
      : workers_(workers), post_(std::move(post)) {}

  /// Hands `runtime` to every worker. `adopted` is called on the control thread once all of them serve by it.
  void publish(std::shared_ptr<const proxy::Runtime> runtime, std::function<void()> adopted);

  /// How binding went for the addresses of the last runtime.
  std::vector<translate::BindOutcome> outcomes() const;
  bool has_failed_binds() const;

 private:
  std::vector<OpenedSocket> open_missing(const proxy::Runtime& runtime);
  void forget_unlisted(const proxy::Runtime& runtime);

  std::vector<std::unique_ptr<Worker>>& workers_;
  Post post_;
  using Key = std::pair<SocketAddress, ir::Transport>;
  std::map<Key, std::string> bound_;  ///< the error, empty when it is served
};

}  // namespace gatehouse::gateway
