// SPDX-License-Identifier: Apache-2.0
// Joins desired statuses with what happened to the sockets.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/translate/translate.h"

namespace gatehouse::translate {
namespace {

using OutcomeByAddress = std::map<std::pair<SocketAddress, ir::Transport>, const BindOutcome*>;
using ListenersByName = std::map<std::string_view, const ir::Listener*>;  ///< "namespace/owner/listener"

enum class Bound { yes, pending, failed };

struct ListenerOutcome {
  Bound bound = Bound::yes;
  std::string message;
};

ListenerOutcome outcome_of(const ir::Listener& listener, const OutcomeByAddress& outcomes) {
  ListenerOutcome result;
  for (const auto& bind : listener.binds) {
    const auto found = outcomes.find({bind, ir::transport_of(listener)});
    if (found == outcomes.end()) {
      if (result.bound == Bound::yes) result = {Bound::pending, "waiting for socket " + bind.to_string()};
      continue;
    }
    if (found->second->error.empty()) continue;
    const auto lead = result.bound == Bound::failed ? result.message + "; " : std::string();
    result = {Bound::failed, fmt::format("{}{}: {}", lead, bind.to_string(), found->second->error)};
  }
  return result;
}

objects::Condition* find(std::vector<objects::Condition>& conditions, std::string_view type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [type](const auto& condition) { return condition.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

/// Only a desired True can become less; what is wrong already stays as it is.
void merge(objects::Condition* condition, const ListenerOutcome& outcome, const char* failed_reason) {
  if (!condition || condition->status != "True" || outcome.bound == Bound::yes) return;
  condition->status = outcome.bound == Bound::failed ? "False" : "Unknown";
  condition->reason = outcome.bound == Bound::failed ? failed_reason : "Pending";
  condition->message = outcome.message;
}

/// Addresses that some socket failed on and none works on: nobody reaches the Gateway there.
std::set<std::string> dead_addresses(const ir::Config& config, const std::string& gateway,
                                     const OutcomeByAddress& outcomes) {
  std::set<std::string> dead;
  std::set<std::string> alive;
  for (const auto& listener : config.listeners) {
    if (listener->gateway != gateway) continue;
    for (const auto& bind : listener->binds) {
      const auto found = outcomes.find({bind, ir::transport_of(*listener)});
      const bool failed = found != outcomes.end() && !found->second->error.empty();
      (failed ? dead : alive).insert(bind.ip.to_string());
    }
  }
  for (const auto& address : alive) dead.erase(address);
  return dead;
}

/// What is dropped is not assigned any more.
void drop_addresses(objects::GatewayStatus& status, const std::string& name,
                    const std::set<std::string>& dead) {
  const auto dropped = std::erase_if(status.addresses, [&dead](const auto& address) {
    const auto ip = IpAddress::parse(address.value);
    return ip && dead.contains(ip->to_string());
  });
  auto* assigned = find(status.conditions, "AddressesAssigned");
  if (dropped == 0 || !assigned) return;
  assigned->status = "False";
  assigned->reason = status.addresses.empty() ? "NotAssigned" : "PartiallyAssigned";
  assigned->message = fmt::format("Gateway {}: no socket works on {}: see the condition Programmed", name,
                                  fmt::join(dead, ", "));
}

/// The listeners that are served, apart by who has them.
struct ServedListeners {
  ListenersByName of_gateways;
  ListenersByName of_sets;

  explicit ServedListeners(const ir::Config& config) {
    for (const auto& listener : config.listeners) {
      const std::string_view own = std::string_view(listener->name).substr(listener->gateway.size() + 1);
      if (own.find('/') == own.npos)
        of_gateways.emplace(listener->name, listener.get());
      else
        of_sets.emplace(own, listener.get());
    }
  }
};

/// Whose listeners these are, and the reason why one of them is not programmed when its socket failed.
struct Owner {
  const char* kind;
  const std::string& name;
  const char* failed_reason;
};

/// Returns the worst of all outcomes.
ListenerOutcome merge(std::vector<objects::ListenerStatus>& entries, const Owner& owner,
                      const ListenersByName& served, const OutcomeByAddress& outcomes) {
  ListenerOutcome worst;
  for (auto& entry : entries) {
    const auto listener = served.find(owner.name + "/" + entry.name);
    if (listener == served.end()) continue;
    auto outcome = outcome_of(*listener->second, outcomes);
    outcome.message =
        fmt::format("{} {}: listener {}: {}", owner.kind, owner.name, entry.name, outcome.message);
    merge(find(entry.conditions, "Programmed"), outcome, owner.failed_reason);
    if (outcome.bound > worst.bound) worst = outcome;
  }
  return worst;
}

}  // namespace

objects::Statuses merge_bind_outcomes(const Translation& translation,
                                      const std::vector<BindOutcome>& outcomes) {
  OutcomeByAddress by_address;
  for (const auto& outcome : outcomes)
    by_address.emplace(std::pair(outcome.address, outcome.transport), &outcome);
  const ServedListeners served(*translation.config);
  auto statuses = translation.statuses;
  for (auto& [name, status] : statuses.gateways) {
    const Owner owner{objects::Gateway::kKind, name, "Invalid"};
    const auto worst = merge(status.listeners, owner, served.of_gateways, by_address);
    merge(find(status.conditions, "Programmed"), worst, "AddressNotUsable");
    drop_addresses(status, name, dead_addresses(*translation.config, name, by_address));
  }
  for (auto& [name, status] : statuses.listener_sets) {
    const Owner owner{objects::ListenerSet::kKind, name, "PortUnavailable"};
    const auto worst = merge(status.listeners, owner, served.of_sets, by_address);
    merge(find(status.conditions, "Programmed"), worst, "PortUnavailable");
  }
  return statuses;
}

}  // namespace gatehouse::translate
