// SPDX-License-Identifier: Apache-2.0
// Passes over GatewayClasses and Gateways: which of them are ours.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

/// Sorted, as the API demands. A name belongs here once its conformance tests pass.
constexpr const char* kSupportedFeatures[] = {
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayHTTPListenerIsolation",
    "GatewayPort8080",
    "GatewayRouteHostnameIntersectionPrecedence",
    "GatewayStaticAddresses",
    "HTTPRoute",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
};

bool is_ours(const objects::GatewayClass& object, const Options& options) {
  const auto& names = options.controller_names;
  return std::find(names.begin(), names.end(), object.controller_name) != names.end();
}

objects::Condition accepted_condition(const objects::GatewayClass& object) {
  objects::Condition condition{"Accepted", "True", "Accepted", {}, object.meta.generation};
  if (!object.parameters_ref) {
    condition.message = "Gateways of this class are served.";
    return condition;
  }
  condition.status = "False";
  condition.reason = "InvalidParameters";
  condition.message = fmt::format(
      "GatewayClass {}: spec.parametersRef names {} {}, but this controller takes no parameters: remove the "
      "field",
      object.meta.name, object.parameters_ref->kind, object.parameters_ref->name);
  return condition;
}

bool older(const GatewayDraft& a, const GatewayDraft& b) {
  const auto& x = a.object->meta;
  const auto& y = b.object->meta;
  return std::pair(x.creation_timestamp, x.full_name()) < std::pair(y.creation_timestamp, y.full_name());
}

GatewayDraft draft_of(const std::shared_ptr<const objects::Gateway>& object,
                      const objects::GatewayClass& owner) {
  GatewayDraft gateway;
  gateway.object = object;
  gateway.controller_name = owner.controller_name;
  if (owner.parameters_ref)
    gateway.accepted = Verdict::bad(
        "InvalidParameters",
        fmt::format("Gateway {}: spec.gatewayClassName names {}, whose spec.parametersRef is not supported: "
                    "remove that field from the class",
                    object->meta.full_name(), owner.meta.name));
  for (const auto& spec : object->listeners) {
    ListenerDraft listener;
    listener.spec = &spec;
    listener.name = object->meta.full_name() + "/" + spec.name;
    listener.hostname = lower_case(spec.hostname.value_or(""));
    gateway.listeners.push_back(std::move(listener));
  }
  return gateway;
}

}  // namespace

void gateway_classes(Draft& draft) {
  for (const auto& [name, object] : draft.snapshot.gateway_classes) {
    if (!is_ours(*object, draft.options)) continue;
    auto& status = draft.result.statuses.gateway_classes[name];
    status.conditions = {accepted_condition(*object)};
    status.supported_features.assign(std::begin(kSupportedFeatures), std::end(kSupportedFeatures));
  }
}

void gateways(Draft& draft) {
  const auto& classes = draft.snapshot.gateway_classes;
  const auto& ours = draft.result.statuses.gateway_classes;
  for (const auto& [name, object] : draft.snapshot.gateways) {
    const auto owner = classes.find(object->gateway_class_name);
    if (owner == classes.end())
      draft.warn("Gateway " + name, "spec.gatewayClassName",
                 fmt::format("there is no GatewayClass {}", object->gateway_class_name),
                 "create it or correct the name");
    if (owner == classes.end() || !ours.contains(owner->first)) continue;
    draft.gateways.push_back(draft_of(object, *owner->second));
  }
  std::sort(draft.gateways.begin(), draft.gateways.end(), older);
}

}  // namespace gatehouse::translate
