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
};

constexpr Row kRows[] = {
    {"*", "status"},
    {"*", "metadata.managedFields"},
    {"*", "metadata.ownerReferences"},
    {"*", "metadata.finalizers"},
    {"*", "metadata.generateName"},
    {"*", "metadata.selfLink"},
    {"*", "metadata.deletionTimestamp"},
    {"*", "metadata.deletionGracePeriodSeconds"},
    {"*", "metadata.clusterName"},

    {"Namespace", "spec"},

    {"Secret", "immutable"},
    {"ConfigMap", "immutable"},

    {"Service", "spec.sessionAffinity"},
    {"Service", "spec.sessionAffinityConfig"},
    {"Service", "spec.externalTrafficPolicy"},
    {"Service", "spec.internalTrafficPolicy"},
    {"Service", "spec.trafficDistribution"},
    {"Service", "spec.healthCheckNodePort"},
    {"Service", "spec.ipFamilyPolicy"},
    {"Service", "spec.allocateLoadBalancerNodePorts"},
    {"Service", "spec.loadBalancerIP"},
    {"Service", "spec.loadBalancerClass"},
    {"Service", "spec.loadBalancerSourceRanges"},
    {"Service", "spec.publishNotReadyAddresses"},
    {"Service", "spec.ports[].nodePort"},
    {"Service", "status.conditions"},
    {"Service", "status.loadBalancer.ingress[].ipMode"},
    {"Service", "status.loadBalancer.ingress[].ports"},

    {"EndpointSlice", "endpoints[].targetRef.apiVersion"},
    {"EndpointSlice", "endpoints[].targetRef.fieldPath"},
    {"EndpointSlice", "endpoints[].targetRef.namespace"},
    {"EndpointSlice", "endpoints[].targetRef.resourceVersion"},
    {"EndpointSlice", "endpoints[].targetRef.uid"},
    {"EndpointSlice", "endpoints[].deprecatedTopology"},
};

}  // namespace

bool is_silent_field(std::string_view kind, std::string_view pattern) {
  return std::any_of(std::begin(kRows), std::end(kRows), [&](const Row& row) {
    return (row.kind == "*" || row.kind == kind) && row.pattern == pattern;
  });
}

}  // namespace gatehouse::objects
