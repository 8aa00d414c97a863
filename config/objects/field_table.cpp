// SPDX-License-Identifier: Apache-2.0
// The table, by kind. A decoder that starts to read a field takes its row out.
#include "config/objects/field_table.h"

#include <algorithm>
#include <array>

namespace gatehouse::objects {
namespace {

struct Row {
  std::string_view kind;  ///< "*" for every kind
  std::string_view pattern;
  FieldUse use;
};

using enum FieldUse;

constexpr Row kRows[] = {
    {"*", "status", silent},
    {"*", "metadata.managedFields", silent},
    {"*", "metadata.ownerReferences", silent},
    {"*", "metadata.finalizers", silent},
    {"*", "metadata.generateName", silent},
    {"*", "metadata.selfLink", silent},
    {"*", "metadata.deletionTimestamp", silent},
    {"*", "metadata.deletionGracePeriodSeconds", silent},
    {"*", "metadata.clusterName", silent},

    {"Gateway", "spec.infrastructure", unsupported},
    {"Gateway", "spec.allowedListeners", unsupported},
    {"Gateway", "spec.tls", unsupported},
    {"Gateway", "spec.backendTLS", unsupported},
    {"Gateway", "spec.defaultScope", unsupported},
    {"Gateway", "spec.listeners[].tls", unsupported},

    {"HTTPRoute", "spec.useDefaultGateways", unsupported},
    {"HTTPRoute", "spec.rules[].retry", unsupported},
    {"HTTPRoute", "spec.rules[].sessionPersistence", unsupported},
    {"HTTPRoute", "spec.rules[].filters[].requestMirror", unsupported},
    {"HTTPRoute", "spec.rules[].filters[].requestRedirect", unsupported},
    {"HTTPRoute", "spec.rules[].filters[].urlRewrite", unsupported},
    {"HTTPRoute", "spec.rules[].filters[].cors", unsupported},
    {"HTTPRoute", "spec.rules[].filters[].externalAuth", unsupported},
    {"HTTPRoute", "spec.rules[].filters[].extensionRef", unsupported},
    {"HTTPRoute", "spec.rules[].backendRefs[].filters[].requestMirror", unsupported},
    {"HTTPRoute", "spec.rules[].backendRefs[].filters[].requestRedirect", unsupported},
    {"HTTPRoute", "spec.rules[].backendRefs[].filters[].urlRewrite", unsupported},
    {"HTTPRoute", "spec.rules[].backendRefs[].filters[].cors", unsupported},
    {"HTTPRoute", "spec.rules[].backendRefs[].filters[].externalAuth", unsupported},
    {"HTTPRoute", "spec.rules[].backendRefs[].filters[].extensionRef", unsupported},

    {"Namespace", "spec", silent},

    {"Service", "spec.selector", silent},
    {"Service", "spec.sessionAffinity", silent},
    {"Service", "spec.sessionAffinityConfig", silent},
    {"Service", "spec.externalIPs", silent},
    {"Service", "spec.externalTrafficPolicy", silent},
    {"Service", "spec.internalTrafficPolicy", silent},
    {"Service", "spec.trafficDistribution", silent},
    {"Service", "spec.healthCheckNodePort", silent},
    {"Service", "spec.ipFamilies", silent},
    {"Service", "spec.ipFamilyPolicy", silent},
    {"Service", "spec.allocateLoadBalancerNodePorts", silent},
    {"Service", "spec.loadBalancerIP", silent},
    {"Service", "spec.loadBalancerClass", silent},
    {"Service", "spec.loadBalancerSourceRanges", silent},
    {"Service", "spec.publishNotReadyAddresses", silent},
    {"Service", "spec.ports[].nodePort", silent},

    {"EndpointSlice", "endpoints[].hostname", silent},
    {"EndpointSlice", "endpoints[].nodeName", silent},
    {"EndpointSlice", "endpoints[].zone", silent},
    {"EndpointSlice", "endpoints[].hints", silent},
    {"EndpointSlice", "endpoints[].targetRef", silent},
    {"EndpointSlice", "endpoints[].deprecatedTopology", silent},
};

}  // namespace

FieldUse field_use(std::string_view kind, std::string_view pattern) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) {
    return (r.kind == "*" || r.kind == kind) && r.pattern == pattern;
  });
  return row == std::end(kRows) ? FieldUse::unknown : row->use;
}

}  // namespace gatehouse::objects
