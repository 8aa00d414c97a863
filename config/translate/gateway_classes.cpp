// SPDX-License-Identifier: Apache-2.0
// The pass over GatewayClasses: which of them are ours, and what we say we can do.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

/// Sorted, as the API demands. HTTPRouteRetry is what v1.6 calls HTTPRouteRetryCodes; a suite passes over
/// names it does not know.
constexpr std::string_view kSupportedFeatures[] = {
    "BackendTLSPolicy",
    "BackendTLSPolicySANValidation",
    "GRPCRoute",
    "GRPCRouteNamedRouteRule",
    "GRPCRouteRequestHeaderModifier",
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayAddressRoutability",
    "GatewayBackendClientCertificate",
    "GatewayFrontendClientCertificateValidation",
    "GatewayFrontendClientCertificateValidationInsecureFallback",
    "GatewayHTTPListenerIsolation",
    "GatewayHTTPSListenerDetectMisdirectedRequests",
    "GatewayListenerFilters",
    "GatewayPort8080",
    "GatewayRouteHostnameIntersectionPrecedence",
    "GatewayStaticAddresses",
    "HTTPRoute",
    "HTTPRoute303RedirectStatusCode",
    "HTTPRoute307RedirectStatusCode",
    "HTTPRoute308RedirectStatusCode",
    "HTTPRouteBackendProtocolH2C",
    "HTTPRouteBackendProtocolWebSocket",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteBackendURLRewrite",
    "HTTPRouteCORS",
    "HTTPRouteDestinationPortMatching",
    "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite",
    "HTTPRoutePortRedirect",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
    "HTTPRouteRetry",
    "HTTPRouteRetryCodes",
    "HTTPRouteRetryConnectionError",
    "HTTPRouteSchemeRedirect",
    "ListenerSet",
    "ReferenceGrant",
    "TCPRoute",
    "TLSRoute",
    "TLSRouteModeMixed",
    "TLSRouteModeTerminate",
    "UDPRoute",
};
static_assert(std::is_sorted(std::begin(kSupportedFeatures), std::end(kSupportedFeatures)));

/// Only where there is a cluster to make objects in. The second is what releases before v1.6.2 call it.
constexpr std::string_view kClusterFeatures[] = {
    "GatewayInfrastructure",
    "GatewayInfrastructurePropagation",
};
/// Where Gateways are reached through Services, which have ClusterIPs.
constexpr std::string_view kServiceFeature = "GatewayAddressRoutabilityCluster";
static_assert(std::size(kSupportedFeatures) + std::size(kClusterFeatures) + 1 <= 64,
              "more than GatewayClass.status may list");

std::vector<std::string> features(const Options& options) {
  std::vector<std::string> names(std::begin(kSupportedFeatures), std::end(kSupportedFeatures));
  if (options.in_cluster) names.insert(names.end(), std::begin(kClusterFeatures), std::end(kClusterFeatures));
  if (options.address_mode != AddressMode::pool) names.emplace_back(kServiceFeature);
  std::sort(names.begin(), names.end());
  return names;
}

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

}  // namespace

void gateway_classes(Draft& draft) {
  const auto supported = features(draft.options);
  for (const auto& [name, object] : draft.snapshot.gateway_classes) {
    if (!is_ours(*object, draft.options)) continue;
    auto& status = draft.result.statuses.gateway_classes[name];
    status.conditions = {accepted_condition(*object)};
    status.supported_features = supported;
  }
}

}  // namespace gatehouse::translate
