// SPDX-License-Identifier: Apache-2.0
// Joins desired statuses with what happened to the sockets.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/translate/translate.h"

namespace gatehouse::translate {
namespace {

using OutcomeByAddress = std::map<SocketAddress, const BindOutcome*>;

enum class Bound { yes, pending, failed };

struct ListenerOutcome {
  Bound bound = Bound::yes;
  std::string message;
};

ListenerOutcome outcome_of(const ir::Listener& listener, const OutcomeByAddress& outcomes) {
  ListenerOutcome result;
  for (const auto& bind : listener.binds) {
    const auto found = outcomes.find(bind);
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

objects::Condition* programmed(std::vector<objects::Condition>& conditions) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [](const auto& c) { return c.type == "Programmed"; });
  return found == conditions.end() ? nullptr : &*found;
}

/// Only a desired True can become less; what is wrong already stays as it is.
void merge(objects::Condition* condition, Bound bound, const char* failed_reason,
           const std::string& message) {
  if (!condition || condition->status != "True" || bound == Bound::yes) return;
  condition->status = bound == Bound::failed ? "False" : "Unknown";
  condition->reason = bound == Bound::failed ? failed_reason : "Pending";
  condition->message = message;
}

/// Addresses that some socket failed on and none works on: nobody reaches the Gateway there.
std::set<std::string> dead_addresses(const ir::Config& config, const std::string& gateway,
                                     const OutcomeByAddress& outcomes) {
  std::set<std::string> dead;
  std::set<std::string> alive;
  for (const auto& listener : config.listeners) {
    if (listener->gateway != gateway) continue;
    for (const auto& bind : listener->binds) {
      const auto found = outcomes.find(bind);
      const bool failed = found != outcomes.end() && !found->second->error.empty();
      (failed ? dead : alive).insert(bind.ip.to_string());
    }
  }
  for (const auto& address : alive) dead.erase(address);
  return dead;
}

void drop_addresses(objects::GatewayStatus& status, const std::set<std::string>& dead) {
  std::erase_if(status.addresses, [&dead](const auto& address) {
    const auto ip = IpAddress::parse(address.value);
    return ip && dead.contains(ip->to_string());
  });
}

void merge(objects::GatewayStatus& status, const std::string& name, const ir::Config& config,
           const OutcomeByAddress& outcomes) {
  ListenerOutcome worst;
  for (const auto& listener : config.listeners) {
    if (listener->gateway != name) continue;
    const auto outcome = outcome_of(*listener, outcomes);
    const auto own = listener->name.substr(name.size() + 1);
    for (auto& entry : status.listeners)
      if (entry.name == own)
        merge(programmed(entry.conditions), outcome.bound, "Invalid",
              "Gateway " + name + ": listener " + own + ": " + outcome.message);
    if (outcome.bound > worst.bound)
      worst = {outcome.bound, fmt::format("Gateway {}: listener {}: {}", name, own, outcome.message)};
  }
  merge(programmed(status.conditions), worst.bound, "AddressNotUsable", worst.message);
  drop_addresses(status, dead_addresses(config, name, outcomes));
}

}  // namespace

objects::Statuses merge_bind_outcomes(const Translation& translation,
                                      const std::vector<BindOutcome>& outcomes) {
  OutcomeByAddress by_address;
  for (const auto& outcome : outcomes) by_address.emplace(outcome.address, &outcome);
  auto statuses = translation.statuses;
  for (auto& [name, status] : statuses.gateways) merge(status, name, *translation.config, by_address);
  return statuses;
}

}  // namespace gatehouse::translate
