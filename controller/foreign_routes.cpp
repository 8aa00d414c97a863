// SPDX-License-Identifier: Apache-2.0
#include "controller/foreign_routes.h"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace gatehouse::controller {
namespace {

using objects::ParentReference;

/// What an object of this kind leads to: a class to its controller, a Gateway to its class.
std::string next_of(const objects::AnyObject& object) {
  using objects::Gateway, objects::GatewayClass, objects::ListenerSet;
  if (const auto* made = std::get_if<std::shared_ptr<const GatewayClass>>(&object))
    return (*made)->controller_name;
  if (const auto* gateway = std::get_if<std::shared_ptr<const Gateway>>(&object))
    return (*gateway)->gateway_class_name;
  if (const auto* set = std::get_if<std::shared_ptr<const ListenerSet>>(&object)) {
    const auto& parent = (*set)->parent_ref;
    return parent.ns.value_or((*set)->meta.ns) + "/" + parent.name;
  }
  return {};
}

/// "Gateway namespace/name".
std::string parent_of(const ParentReference& ref, const std::string& ns) {
  return (ref.group == objects::kGatewayGroup ? ref.kind : ref.group + "/" + ref.kind) + " " +
         ref.ns.value_or(ns) + "/" + ref.name;
}

/// Empty for what is no route.
std::vector<std::string> parents_of(const objects::AnyObject& object) {
  std::vector<std::string> parents;
  std::visit(
      [&](const auto& pointer) {
        using Object = std::decay_t<decltype(*pointer)>;
        if constexpr (requires(const Object& route) { route.parent_refs; })
          for (const auto& ref : pointer->parent_refs) parents.push_back(parent_of(ref, pointer->meta.ns));
      },
      object);
  return parents;
}

}  // namespace

void ForeignRoutes::learn(const Delivery& delivery) {
  bool are_wanted = false;
  {
    const std::lock_guard lock(mutex_);
    if (table_of(delivery.kind) == nullptr) return;
    learn_locked(delivery);
    are_wanted = has_become_ours();
    // What is passed over from now on is added anew.
    if (are_wanted) passed_over_.clear();
  }
  learned_.notify_all();
  if (are_wanted && options_.list_again) options_.list_again();
}

void ForeignRoutes::learn_locked(const Delivery& delivery) {
  auto& table = *table_of(delivery.kind);
  ByName before;
  if (delivery.whole) before.swap(table);
  for (const auto& arrival : delivery.arrivals) {
    if (arrival.object) {
      table[arrival.name] = next_of(*arrival.object);
    } else if (const auto last_good = before.find(arrival.name); last_good != before.end()) {
      table.insert(*last_good);
    }
  }
  for (const auto& name : delivery.gone) table.erase(name);
  knows_classes_ = knows_classes_ || &table == &classes_;
  knows_gateways_ = knows_gateways_ || &table == &gateways_;
}

bool ForeignRoutes::wants(const Arrival& arrival) {
  if (!arrival.object) return true;
  auto parents = parents_of(*arrival.object);
  if (parents.empty()) return true;
  const auto& names = options_.controller_names;
  // Entries of ours are to be taken out of it.
  if (std::any_of(names.begin(), names.end(),
                  [&](const auto& name) { return arrival.observed.status.find(name) != std::string::npos; }))
    return true;
  std::unique_lock lock(mutex_);
  await_owners(lock);
  if (!std::all_of(parents.begin(), parents.end(),
                   [&](const auto& parent) { return owner_of(parent) == Owner::other; }))
    return true;
  for (auto& parent : parents) passed_over_.insert(std::move(parent));
  return false;
}

void ForeignRoutes::await_owners(std::unique_lock<std::mutex>& lock) {
  if (has_waited_) return;
  learned_.wait_for(lock, options_.patience,
                    [&] { return has_waited_ || (knows_classes_ && knows_gateways_); });
  has_waited_ = true;
  learned_.notify_all();
}

ForeignRoutes::ByName* ForeignRoutes::table_of(std::string_view kind) {
  if (kind == objects::GatewayClass::kKind) return &classes_;
  if (kind == objects::Gateway::kKind) return &gateways_;
  if (kind == objects::ListenerSet::kKind) return &listener_sets_;
  return nullptr;
}

bool ForeignRoutes::is_ours(const std::string& controller_name) const {
  const auto& names = options_.controller_names;
  return std::find(names.begin(), names.end(), controller_name) != names.end();
}

ForeignRoutes::Owner ForeignRoutes::owner_of_gateway(const std::string& name) const {
  const auto gateway = gateways_.find(name);
  if (gateway == gateways_.end()) return Owner::unknown;
  const auto its_class = classes_.find(gateway->second);
  if (its_class == classes_.end()) return Owner::unknown;
  return is_ours(its_class->second) ? Owner::ours : Owner::other;
}

ForeignRoutes::Owner ForeignRoutes::owner_of(const std::string& parent) const {
  const auto space = parent.find(' ');
  const auto kind = parent.substr(0, space);
  const auto name = parent.substr(space + 1);
  if (kind == objects::Gateway::kKind) return owner_of_gateway(name);
  if (kind != objects::ListenerSet::kKind) return Owner::unknown;
  const auto set = listener_sets_.find(name);
  return set == listener_sets_.end() ? Owner::unknown : owner_of_gateway(set->second);
}

bool ForeignRoutes::has_become_ours() const {
  return std::any_of(passed_over_.begin(), passed_over_.end(),
                     [&](const auto& parent) { return owner_of(parent) == Owner::ours; });
}

}  // namespace gatehouse::controller
