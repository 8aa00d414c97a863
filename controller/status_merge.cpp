// SPDX-License-Identifier: Apache-2.0
#include "controller/status_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/objects/gateway.h"
#include "config/objects/listener_set.h"
#include "controller/status_json.h"

namespace gatehouse::controller {
namespace {

using Json = nlohmann::json;
using objects::Condition;
using objects::ParentReference;

/// Everything we ever write; any other type belongs to somebody else.
constexpr std::array<std::string_view, 9> kOwnTypes = {
    "Accepted",          "Programmed",       "ResolvedRefs",
    "Conflicted",        "PartiallyInvalid", "OverlappingTLSConfig",
    "AddressesAssigned", "DefaultGateway",   "InsecureFrontendValidationMode"};
/// What a user waits for.
constexpr std::array<std::string_view, 3> kMainTypes = {"Accepted", "Programmed", "ResolvedRefs"};

// Limits of the CRDs.
constexpr std::size_t kMostConditions = 8;
constexpr std::size_t kMostAddresses = 16;
constexpr std::size_t kMostParents = 32;
constexpr std::size_t kMostAncestors = 16;
constexpr std::size_t kMostFeatures = 64;

/// What the CRDs fill in for an object that is new.
constexpr std::string_view kTimeOfDefaults = "1970-01-01T00:00:00Z";

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view text_field(const Json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? std::string_view(at->get_ref<const std::string&>())
                                               : std::string_view();
}

std::int64_t integer_field(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}

Json list_field(const Json& object, const char* name) {
  if (!object.is_object()) return Json::array();
  const auto at = object.find(name);
  return at != object.end() && at->is_array() ? *at : Json::array();
}

/// So that two texts are equal when the values are, and text that is no UTF-8 is no reason to throw.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string name_of(std::string_view role, const ParentReference& reference) {
  std::string name(role);
  name.append(" ");
  if (reference.ns) name.append(*reference.ns).append("/");
  name.append(reference.name);
  if (reference.section_name) name.append(" section ").append(*reference.section_name);
  if (reference.port) name.append(fmt::format(" port {}", *reference.port));
  return name;
}

/// Ours of status.parents or status.ancestors.
struct Entry {
  const ParentReference* reference;
  const std::string* controller_name;
  const std::vector<Condition>* conditions;
};

/// status.parents or status.ancestors.
struct EntryList {
  const char* list;
  const char* reference;
  const char* role;
  std::size_t most;
};
constexpr EntryList kParents = {"parents", "parentRef", "parent", kMostParents};
constexpr EntryList kAncestors = {"ancestors", "ancestorRef", "ancestor", kMostAncestors};

class Merger {
 public:
  explicit Merger(const StatusMerge& in)
      : in_(in), status_(Json::parse(in.observed, nullptr, /*allow_exceptions=*/false)) {
    if (!status_.is_object()) status_ = Json::object();
    before_ = text_of(status_);
  }

  MergedStatus finish() {
    using Outcome = MergedStatus::Outcome;
    if (outdated_) return {.outcome = Outcome::outdated, .status = {}, .changes = {}};
    auto after = text_of(status_);
    if (after == before_) return {.outcome = Outcome::unchanged, .status = {}, .changes = {}};
    return {.outcome = Outcome::changed, .status = std::move(after), .changes = std::move(changes_)};
  }

  void merge(std::monostate) {
    for (const auto& list : {kParents, kAncestors})
      if (status_.contains(list.list)) merge_entries(list, {});
  }

  void merge(const objects::GatewayClassStatus* desired) {
    merge_own_conditions(desired->conditions);
    auto features = Json::array();
    for (const auto& feature : desired->supported_features)
      if (features.size() < kMostFeatures) features.push_back({{"name", feature}});
    set_list("supportedFeatures", std::move(features));
  }

  void merge(const objects::GatewayStatus* desired) {
    auto addresses = Json::array();
    for (const auto& address : desired->addresses)
      if (!address.value.empty() && addresses.size() < kMostAddresses) addresses.push_back(to_json(address));
    set_list("addresses", std::move(addresses));
    if (desired->attached_listener_sets != 0) {
      status_["attachedListenerSets"] = desired->attached_listener_sets;
    } else {
      status_.erase("attachedListenerSets");
    }
    merge_own_conditions(desired->conditions);
    merge_listeners(desired->listeners);
  }

  void merge(const objects::ListenerSetStatus* desired) {
    merge_own_conditions(desired->conditions);
    merge_listeners(desired->listeners);
  }

  void merge(const objects::RouteStatus* desired) {
    std::vector<Entry> entries;
    for (const auto& parent : desired->parents)
      entries.push_back({&parent.parent_ref, &parent.controller_name, &parent.conditions});
    merge_entries(kParents, std::move(entries));
  }

  void merge(const objects::PolicyStatus* desired) {
    std::vector<Entry> entries;
    for (const auto& ancestor : desired->ancestors)
      entries.push_back({&ancestor.ancestor_ref, &ancestor.controller_name, &ancestor.conditions});
    merge_entries(kAncestors, std::move(entries));
  }

 private:
  /// A field that was never there and is to be empty stays away.
  void set_list(const char* field, Json list) {
    if (!list.empty() || !list_field(status_, field).empty()) status_[field] = std::move(list);
  }

  void merge_own_conditions(const std::vector<Condition>& desired) {
    set_list("conditions", merge_conditions(list_field(status_, "conditions"), desired, ""));
  }

  Json merge_conditions(const Json& observed, const std::vector<Condition>& desired,
                        const std::string& where) {
    auto merged = Json::array();
    std::vector<bool> done(desired.size());
    for (const auto& condition : observed) {
      const auto type = text_field(condition, "type");
      const auto same =
          std::find_if(desired.begin(), desired.end(), [&](const Condition& c) { return c.type == type; });
      if (same != desired.end()) {
        const auto at = static_cast<std::size_t>(same - desired.begin());
        if (!done[at]) merged.push_back(merge_condition(condition, *same, where));
        done[at] = true;
      } else if (!is_among(kOwnTypes, type)) {
        merged.push_back(condition);
      }
    }
    for (std::size_t i = 0; i < desired.size(); ++i)
      if (!done[i]) merged.push_back(merge_condition(Json::object(), desired[i], where));
    drop_beyond_limit(merged);
    return merged;
  }

  Json merge_condition(const Json& observed, const Condition& desired, const std::string& where) {
    const auto generation = integer_field(observed, "observedGeneration");
    // A newer one than the object itself has comes from a backup and says nothing.
    if (generation > desired.observed_generation && generation <= in_.generation) outdated_ = true;
    // Said of a predecessor of the same name.
    if (desired.observed_generation > in_.generation) outdated_ = true;
    const auto status = text_field(observed, "status");
    const auto since = text_field(observed, "lastTransitionTime");
    const bool keep_time = status == desired.status && !since.empty() && since != kTimeOfDefaults;
    note_change(status, desired, where);
    return to_json(desired, keep_time ? since : in_.now);
  }

  void note_change(std::string_view from, const Condition& to, const std::string& where) {
    if (from == to.status || !is_among(kMainTypes, to.type)) return;
    const bool bad = to.status == "False";
    if (!bad && !(from == "False" && to.status == "True")) return;
    using Turn = ConditionChange::Turn;
    changes_.push_back({bad ? Turn::bad : Turn::good, where, to.type, to.reason, to.message});
  }

  /// Those of others stay; of ours, the last that nobody waits for goes first.
  static void drop_beyond_limit(Json& conditions) {
    for (auto i = conditions.size(); i > 0 && conditions.size() > kMostConditions; --i) {
      const auto type = text_field(conditions[i - 1], "type");
      if (is_among(kOwnTypes, type) && !is_among(kMainTypes, type)) conditions.erase(i - 1);
    }
  }

  void merge_listeners(const std::vector<objects::ListenerStatus>& desired) {
    const auto observed = list_field(status_, "listeners");
    auto merged = Json::array();
    for (const auto& listener : desired) {
      const auto same = std::find_if(observed.begin(), observed.end(), [&](const Json& candidate) {
        return text_field(candidate, "name") == listener.name;
      });
      merged.push_back(merge_listener(same == observed.end() ? Json::object() : *same, listener));
    }
    set_list("listeners", std::move(merged));
  }

  Json merge_listener(Json listener, const objects::ListenerStatus& desired) {
    const bool is_new = listener.empty();
    auto kinds = Json::array();
    for (const auto& kind : desired.supported_kinds) kinds.push_back(to_json(kind));
    // CRDs before v1.5 want the field, others may have dropped it because it is empty.
    if (is_new || !kinds.empty() || !list_field(listener, "supportedKinds").empty())
      listener["supportedKinds"] = std::move(kinds);
    listener["name"] = desired.name;
    listener["attachedRoutes"] = desired.attached_routes;
    listener["conditions"] =
        merge_conditions(list_field(listener, "conditions"), desired.conditions, "listener " + desired.name);
    return listener;
  }

  bool is_ours(std::string_view controller_name, const std::vector<Entry>& desired) const {
    const auto& names = in_.controller_names;
    return std::find(names.begin(), names.end(), controller_name) != names.end() ||
           std::any_of(desired.begin(), desired.end(),
                       [&](const Entry& entry) { return *entry.controller_name == controller_name; });
  }

  bool is_of_another_part(const ParentReference& reference) const {
    if (!in_.seen) return false;
    const auto name =
        std::string(reference.ns ? std::string_view(*reference.ns) : in_.ns) + "/" + reference.name;
    if (reference.kind == objects::Gateway::kKind) return !in_.seen->gateways.contains(name);
    return reference.kind == objects::ListenerSet::kKind && !in_.seen->listener_sets.contains(name);
  }

  void merge_entries(const EntryList& list, std::vector<Entry> desired) {
    auto merged = Json::array();
    const auto ours = desired;  // also those that are placed already
    for (const auto& observed : list_field(status_, list.list)) {
      const auto controller_name = text_field(observed, "controllerName");
      if (!is_ours(controller_name, ours)) {
        merged.push_back(observed);
        continue;
      }
      const auto reference = parent_reference(observed.value(list.reference, Json::object()));
      const auto same = std::find_if(desired.begin(), desired.end(), [&](const Entry& entry) {
        return *entry.reference == reference && *entry.controller_name == controller_name;
      });
      if (same == desired.end()) {
        if (is_of_another_part(reference)) merged.push_back(observed);
        continue;
      }
      merged.push_back(merge_entry(list, observed, *same));
      desired.erase(same);
    }
    for (const auto& entry : desired)
      if (merged.size() < list.most) merged.push_back(merge_entry(list, Json::object(), entry));
    set_list(list.list, std::move(merged));
  }

  Json merge_entry(const EntryList& list, Json entry, const Entry& desired) {
    entry[list.reference] = to_json(*desired.reference);
    entry["controllerName"] = *desired.controller_name;
    entry["conditions"] = merge_conditions(list_field(entry, "conditions"), *desired.conditions,
                                           name_of(list.role, *desired.reference));
    return entry;
  }

  const StatusMerge& in_;
  Json status_;
  std::string before_;
  bool outdated_ = false;
  std::vector<ConditionChange> changes_;
};

}  // namespace

MergedStatus merge_status(const StatusMerge& in) {
  Merger merger(in);
  std::visit([&](const auto desired) { merger.merge(desired); }, in.desired);
  return merger.finish();
}

}  // namespace gatehouse::controller
