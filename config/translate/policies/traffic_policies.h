// SPDX-License-Identifier: Apache-2.0
// BackendTrafficPolicy and XBackendTrafficPolicy as one family: who decides what for which backend.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/http_route.h"
#include "config/translate/policies/attachment.h"
#include "config/translate/policies/traffic_fields.h"

namespace gatehouse::translate {

/// An XBackendTrafficPolicy is kept as what it would be written as in our own kind.
struct TrafficPolicy {
  std::string kind;
  std::shared_ptr<const objects::BackendTrafficPolicy> object;
  std::shared_ptr<const void> source;  ///< the object it was read from: its identity

  std::string name() const { return kind + " " + object->meta.full_name(); }
};

/// Where a field of the effective policy comes from, for `explain`.
struct EffectiveField {
  std::string field;  ///< "timeouts.connect"
  std::string value;
  std::string from;  ///< "BackendTrafficPolicy shop/slow at HTTPRoute shop/cart"
  bool operator==(const EffectiveField&) const = default;
};

/// One backend of one rule of a route on a listener.
struct PolicyScope {
  std::string listener;  ///< ir::Listener::name
  const objects::HttpRoute* route = nullptr;
  std::size_t rule = 0;
  std::string backend;  ///< ir::WeightedBackend::cluster; may be empty
};

/// Immutable once a translation is done; shared with whoever wants to explain it.
class TrafficPolicies {
 public:
  TrafficPolicies(std::vector<TrafficPolicy> policies, const PolicyAttachments::Check& check);

  /// Says which policies hold on a listener, most specific first.
  void add_listener(std::string name, PolicyChain chain) {
    listeners_.emplace(std::move(name), std::move(chain));
  }
  const PolicyChain& listener(std::string_view name) const;
  /// `chain` of a listener with the policies of the route and of its rule before it.
  PolicyChain rule_chain(const objects::HttpRoute& route, std::size_t rule, const PolicyChain& chain,
                         std::string_view kind = objects::HttpRoute::kKind) const;
  /// Null when the backend that `cluster` stands for has no policy.
  const TargetPolicies* backend(std::string_view cluster) const;

  const std::vector<TrafficPolicy>& policies() const { return policies_; }
  const PolicyAttachments& attachments() const { return attachments_; }
  /// Whether the object at `key` is to all policies what it was.
  bool still_hold(std::string_view key, const PolicyAttachments::Check& check) const;
  /// Whether both attach the same policies to the same targets and listeners.
  bool is_same_as(const TrafficPolicies& other) const;

  const objects::TrafficSettings& settings_of(const FieldGiver& giver) const;
  std::string origin_of(const FieldGiver& giver) const;

 private:
  std::vector<TrafficPolicy> policies_;
  PolicyAttachments attachments_;
  std::map<std::string, PolicyChain, std::less<>> listeners_;
};

/// What a rule says itself, which only overrides beat.
objects::TrafficSettings own_settings(const objects::HttpRouteRule& rule);

/// Of all fields with Part::rule that `chains` (one per backend) agree on, who gives them; where they differ
/// `base` decides.
struct RuleGivers {
  std::vector<FieldGiver> givers;  ///< by field; empty for other parts
  FieldSet disputed;
};
RuleGivers rule_givers(const TrafficPolicies& policies, const PolicyChain& base,
                       const std::vector<PolicyChain>& chains);

/// Every field that is not at its default, with its origin; `policies` may be null.
std::vector<EffectiveField> effective_fields(const TrafficPolicies* policies, const PolicyScope& scope);

}  // namespace gatehouse::translate
