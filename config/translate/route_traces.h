// SPDX-License-Identifier: Apache-2.0
// What every route left behind elsewhere: what has to go, or to be looked at again, when the route changes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/translate/cluster_uses.h"
#include "config/translate/draft.h"
#include "config/translate/policies/gateway_reach.h"

namespace gatehouse::translate {

/// What one pass over some routes changes elsewhere. Listeners by ListenerDraft::name.
struct Effects {
  std::map<std::string, std::int32_t, std::less<>> attached;  ///< more or fewer routes than before
  std::set<std::string, std::less<>> listeners;               ///< with other routes in the IR
  ClusterUses::Keys clusters;                                 ///< in use now, or no more
  std::vector<std::shared_ptr<const ir::HttpRoute>> gone;     ///< from the IR, as equal ones; unordered
  std::vector<std::shared_ptr<const ir::L4Route>> l4_gone;
  PolicyUses policy_uses;        ///< that may be others now
  std::set<std::string> unused;  ///< of their targets
  bool reach = false;            ///< Gateways lead to other backends
};

/// Owned by the short ways. Holds what add() was given until remove().
class RouteTraces {
 public:
  void clear();
  /// Of the listeners themselves.
  void add_listeners(const Draft& draft);
  void add(const Draft& draft, Effects& effects);
  /// Names without traces are passed over.
  void remove(const RouteNames& names, Effects& effects);

  /// The routes that name a Service or XBackend, found or not: "Service/namespace/name".
  RouteNames users_of(const std::string& backend) const;
  /// All routes that compete for a listener with those in `draft`, or did with the same before, and those
  /// that compete with them.
  RouteNames with_rivals(const Draft& draft) const;

  const Reaches& reaches() const { return reaches_; }
  ClusterUses& clusters() { return clusters_; }

 private:
  struct Place {
    std::string listener;
    std::string gateway;
    bool is_contested;  ///< the listener has one route at a time
    bool is_served;
    std::shared_ptr<const RouteOutcome> outcome;
  };
  struct Trace {
    std::vector<Place> places;
    PolicyUses uses;
    std::vector<std::string> backends;
    std::vector<std::string> x_backends;
  };

  /// How often each way of use occurs.
  using UseBits = std::array<std::uint64_t, 4>;
  using UseCounts = std::map<UseBits, std::uint32_t>;
  enum class Step : std::int8_t { remove = -1, add = 1 };

  void follow(const RouteName& name, const Trace& trace, Step step, Effects& effects);
  void follow(const Place& place, const Trace& trace, Step step, Effects& effects);
  void follow(const PolicyUses& uses, Step step, Effects& effects);
  void add_rivals(const RouteName& name, RouteNames& to, std::vector<RouteName>& open) const;
  void add_rivals_on(const std::string& listener, RouteNames& to, std::vector<RouteName>& open) const;

  std::map<RouteName, Trace> traces_;
  std::map<std::string, RouteNames, std::less<>> users_;   ///< by backend
  std::map<std::string, RouteNames, std::less<>> rivals_;  ///< by listener that has one route at a time
  std::map<std::string, UseCounts, std::less<>> uses_;     ///< by target of policies
  Reaches reaches_;
  ClusterUses clusters_;
};

}  // namespace gatehouse::translate
