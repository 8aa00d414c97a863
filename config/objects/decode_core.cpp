// SPDX-License-Identifier: Apache-2.0
// Namespace, Service, EndpointSlice.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 3> kProtocols{"TCP", "UDP", "SCTP"};
constexpr std::array<std::string_view, 4> kServiceTypes{"ClusterIP", "NodePort", "LoadBalancer",
                                                        "ExternalName"};
constexpr std::array<std::string_view, 3> kAddressTypes{"IPv4", "IPv6", "FQDN"};
constexpr std::size_t kMaxServicePorts = 1000;
constexpr std::size_t kMaxServiceAddresses = 1000;
constexpr std::size_t kMaxSliceEndpoints = 1000;
constexpr std::size_t kMaxSlicePorts = 20000;  ///< discovery.k8s.io/v1 of Kubernetes 1.32; 100 before
constexpr std::size_t kMaxSliceAddresses = 100;
constexpr std::size_t kMaxZoneHints = 8;
constexpr std::array<std::string_view, 2> kIpFamilies{"IPv4", "IPv6"};

ServicePort read_service_port(Reader& reader) {
  ServicePort port;
  port.name = reader.text_or("name", "");
  port.protocol = reader.choice("protocol", kProtocols, port.protocol);
  reader.require("port", "add it");
  port.port = reader.small_integer("port", kPortRange).value_or(0);
  port.target_port = reader.number_or_text("targetPort", kPortRange).value_or("");
  port.app_protocol = reader.text_or("appProtocol", "");
  return port;
}

std::optional<Complaint> check_ip_family(std::string_view text) {
  if (std::find(kIpFamilies.begin(), kIpFamilies.end(), text) != kIpFamilies.end()) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not one of {}", text, fmt::join(kIpFamilies, ", ")),
                   "write one of them"};
}

void read_cluster_ips(Reader& spec, Service& to) {
  const auto first = spec.text("clusterIP");
  to.cluster_ips = spec.texts("clusterIPs", 2, check_not_empty);
  if (to.cluster_ips.empty() && first && !first->empty()) to.cluster_ips.push_back(*first);
}

void read_ingress(Reader& balancer, Service& to) {
  balancer.each("ingress", kMaxServiceAddresses, [&](Reader& entry) {
    to.ingress.push_back({entry.text_or("ip", ""), entry.text_or("hostname", "")});
  });
}

void check_service_ports(Reader& spec, const std::vector<ServicePort>& ports) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (ports.size() > 1 && ports[i].name.empty()) {
      spec.error_at("ports", {"every port needs a name when there are several", "add name: to each"});
      return;
    }
    for (std::size_t j = 0; j < i; ++j)
      if (ports[j].name == ports[i].name) {
        spec.error_at("ports", {"two ports have the name " + ports[i].name, "rename one"});
        return;
      }
  }
}

void read_hints(Reader& hints, SliceEndpoint& to) {
  hints.each("forZones", kMaxZoneHints,
             [&](Reader& zone) { to.for_zones.push_back(zone.required_text("name", check_not_empty)); });
  hints.each("forNodes", kMaxZoneHints,
             [&](Reader& node) { to.for_nodes.push_back(node.required_text("name", check_not_empty)); });
}

SliceEndpoint read_slice_endpoint(Reader& reader) {
  SliceEndpoint endpoint;
  endpoint.addresses = reader.texts("addresses", kMaxSliceAddresses, check_not_empty);
  if (endpoint.addresses.empty()) reader.error_at("addresses", {"is required", "list at least one address"});
  reader.object("conditions", [&](Reader& conditions) {
    endpoint.ready = conditions.boolean("ready");
    endpoint.serving = conditions.boolean("serving");
    endpoint.terminating = conditions.boolean("terminating");
  });
  endpoint.hostname = reader.text_or("hostname", "");
  endpoint.node_name = reader.text_or("nodeName", "");
  endpoint.zone = reader.text_or("zone", "");
  reader.object("hints", [&](Reader& hints) { read_hints(hints, endpoint); });
  reader.object("targetRef", [&](Reader& target) {
    endpoint.target_kind = target.text_or("kind", "");
    endpoint.target_name = target.text_or("name", "");
  });
  return endpoint;
}

SlicePort read_slice_port(Reader& reader) {
  SlicePort port;
  port.name = reader.text_or("name", "");
  port.protocol = reader.choice("protocol", kProtocols, port.protocol);
  port.port = reader.small_integer("port", kPortRange);
  port.app_protocol = reader.text_or("appProtocol", "");
  return port;
}

}  // namespace

/// An API server adds this label itself; selectors of allowedRoutes rely on it.
void decode(Reader& /*root*/, Namespace& to) {
  to.meta.labels["kubernetes.io/metadata.name"] = to.meta.name;
}

void decode(Reader& root, Service& to) {
  root.object("spec", [&](Reader& spec) {
    to.type = spec.choice("type", kServiceTypes, to.type);
    read_cluster_ips(spec, to);
    to.external_name = spec.text_or("externalName", "");
    to.ip_families = spec.texts("ipFamilies", kIpFamilies.size(), check_ip_family);
    to.external_ips = spec.texts("externalIPs", kMaxServiceAddresses, check_not_empty);
    to.selector = spec.text_map("selector");
    spec.each("ports", kMaxServicePorts, [&](Reader& port) { to.ports.push_back(read_service_port(port)); });
    check_service_ports(spec, to.ports);
    if (to.type != "ExternalName") return;
    if (to.external_name.empty())
      spec.error_at("externalName", {"is required for type ExternalName", "add the DNS name"});
    else if (const auto complaint = check_precise_hostname(to.external_name))
      spec.error_at("externalName", *complaint);
  });
  root.object("status", [&](Reader& status) {
    status.object("loadBalancer", [&](Reader& balancer) { read_ingress(balancer, to); });
  });
}

void decode(Reader& root, EndpointSlice& to) {
  to.address_type = root.required_choice("addressType", kAddressTypes);
  root.each("endpoints", kMaxSliceEndpoints,
            [&](Reader& endpoint) { to.endpoints.push_back(read_slice_endpoint(endpoint)); });
  root.each("ports", kMaxSlicePorts, [&](Reader& port) { to.ports.push_back(read_slice_port(port)); });
}

}  // namespace gatehouse::objects
