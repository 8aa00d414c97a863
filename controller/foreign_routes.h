// SPDX-License-Identifier: Apache-2.0
// Which routes are nobody's business here: those of Gateways of other controllers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "controller/delivery.h"

namespace gatehouse::controller {

/// A route is foreign when each of its parents is known to belong to another controller, and its status does
/// not mention ours. What is not known is not foreign. Tens of thousands of foreign routes cost nothing: of
/// them only the names of their parents are kept, so that they are listed again when such a parent becomes
/// ours. Functions: any thread.
class ForeignRoutes {
 public:
  struct Options {
    std::vector<std::string> controller_names;  ///< ours
    /// How long the first route waits until Gateways and GatewayClasses have been listed. Only a start is
    /// concerned; what is not known by then is kept.
    Duration patience = std::chrono::seconds(2);
    /// Routes that were not wanted are; must not wait. Runs in learn().
    std::function<void()> list_again;
  };

  explicit ForeignRoutes(Options options) : options_(std::move(options)) {}

  /// Of GatewayClasses, Gateways and ListenerSets; all else is passed over.
  void learn(const Delivery& delivery);
  /// Whether anybody wants to know of it; of other kinds than routes always.
  bool wants(const Arrival& arrival);

 private:
  enum class Owner : std::uint8_t { unknown, ours, other };
  using ByName = std::unordered_map<std::string, std::string>;

  void learn_locked(const Delivery& delivery);
  ByName* table_of(std::string_view kind);
  bool is_ours(const std::string& controller_name) const;
  Owner owner_of_gateway(const std::string& name) const;
  Owner owner_of(const std::string& parent) const;
  bool has_become_ours() const;
  void await_owners(std::unique_lock<std::mutex>& lock);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable learned_;
  ByName classes_;        ///< to the controller's name
  ByName gateways_;       ///< "namespace/name", to the class
  ByName listener_sets_;  ///< "namespace/name", to the Gateway
  bool knows_classes_ = false;
  bool knows_gateways_ = false;
  bool has_waited_ = false;
  std::unordered_set<std::string> passed_over_;  ///< parents of foreign routes: "Gateway namespace/name"
};

}  // namespace gatehouse::controller
