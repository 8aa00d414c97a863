// SPDX-License-Identifier: Apache-2.0
#include "controller/infrastructure.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "controller/dedicated_pods.h"
#include "controller/target_ports.h"

namespace gatehouse::controller {
namespace {

using nlohmann::json;
using translate::AddressMode;
using Labels = std::map<std::string, std::string>;

constexpr std::size_t kMaxObjectName = 253;
constexpr const char* kServiceTypes[] = {"LoadBalancer", "NodePort", "ClusterIP"};

bool has_own_service(const InfrastructureOptions& options) {
  return options.mode == AddressMode::shared || options.mode == AddressMode::dedicated;
}

/// nullopt for protocols that are not served.
std::optional<GatewayPort> port_of(const objects::GatewayListener& listener) {
  constexpr std::string_view kStreams[] = {"HTTP", "HTTPS", "TLS", "TCP"};
  const bool is_udp = listener.protocol == "UDP";
  if (!is_udp && std::find(std::begin(kStreams), std::end(kStreams), listener.protocol) == std::end(kStreams))
    return std::nullopt;
  return GatewayPort{static_cast<std::uint16_t>(listener.port), is_udp};
}

void add_ports(const std::vector<objects::GatewayListener>& listeners, std::vector<GatewayPort>& to) {
  for (const auto& listener : listeners)
    if (const auto port = port_of(listener)) to.push_back(*port);
}

std::string annotation_of(const objects::Gateway& gateway, const char* key) {
  const auto& annotations = gateway.infrastructure.annotations;
  const auto found = annotations.find(key);
  return found == annotations.end() ? std::string() : found->second;
}

/// What the user wants on it, and over that what makes it ours.
json metadata_of(const objects::Gateway& gateway, const InfrastructureOptions& options, const std::string& ns,
                 const std::string& name) {
  auto labels = gateway.infrastructure.labels;
  labels[translate::kGatewayNameLabel] = translate::label_value(gateway.meta.name);
  labels[kManagedByLabel] = kManagedBy;
  labels[kInstallationLabel] = options.installation();
  auto annotations = gateway.infrastructure.annotations;
  annotations[translate::kGatewayAnnotation] = gateway.meta.full_name();
  return {{"name", name}, {"namespace", ns}, {"labels", labels}, {"annotations", annotations}};
}

InfrastructureObject object_of(const char* group_version, const char* plural, const json& body) {
  const auto& meta = body["metadata"];
  const auto ns = meta["namespace"].get<std::string>();
  const auto name = meta["name"].get<std::string>();
  return {fmt::format("/{}/namespaces/{}/{}", group_version, ns, plural), name,
          fmt::format("{} {}/{}", body["kind"].get<std::string>(), ns, name), body.dump()};
}

/// In the Gateway's own namespace, so that labels and annotations of spec.infrastructure are where others
/// look for them. No pod runs as it; it goes with its Gateway.
InfrastructureObject marker_of(const objects::Gateway& gateway, const InfrastructureOptions& options) {
  auto name = gateway.meta.name + "-gatehouse";
  if (name.size() > kMaxObjectName) name = translate::infrastructure_name(gateway.meta.full_name());
  json body{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"automountServiceAccountToken", false}};
  body["metadata"] = metadata_of(gateway, options, gateway.meta.ns, name);
  body["metadata"]["ownerReferences"] = json::array({{{"apiVersion", "gateway.networking.k8s.io/v1"},
                                                      {"kind", "Gateway"},
                                                      {"name", gateway.meta.name},
                                                      {"uid", gateway.meta.uid},
                                                      {"controller", true}}});
  return object_of("api/v1", "serviceaccounts", body);
}

std::string service_type(const objects::Gateway& gateway) {
  const auto wanted = annotation_of(gateway, kServiceTypeAnnotation);
  const auto known = std::find(std::begin(kServiceTypes), std::end(kServiceTypes), wanted);
  return known == std::end(kServiceTypes) ? kServiceTypes[0] : *known;
}

/// A load balancer may be asked for one address.
std::string requested_address(const objects::Gateway& gateway) {
  for (const auto& address : gateway.addresses)
    if (address.type == "IPAddress" && !address.value.empty()) return address.value;
  return {};
}

InfrastructureObject service_of(const objects::Gateway& gateway, const std::vector<TargetPort>& ports,
                                const InfrastructureOptions& options) {
  json body{{"apiVersion", "v1"}, {"kind", "Service"}};
  const auto name = translate::infrastructure_name(gateway.meta.full_name());
  body["metadata"] = metadata_of(gateway, options, options.own_namespace, name);
  auto& spec = body["spec"];
  spec["type"] = service_type(gateway);
  const auto address = requested_address(gateway);
  if (spec["type"] == kServiceTypes[0] && !address.empty()) spec["loadBalancerIP"] = address;
  spec["selector"] =
      options.mode == AddressMode::dedicated ? dedicated_pod_labels(gateway) : options.pod_labels;
  for (const auto& entry : ports)
    spec["ports"].push_back(
        {{"name", fmt::format("{}-{}", entry.port.is_udp ? "udp" : "tcp", entry.port.port)},
         {"port", entry.port.port},
         {"protocol", entry.port.is_udp ? "UDP" : "TCP"},
         {"targetPort", entry.target}});
  return object_of("api/v1", "services", body);
}

/// What the pods of a dedicated Gateway run as.
InfrastructureObject account_of(const objects::Gateway& gateway, const InfrastructureOptions& options) {
  json body{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"automountServiceAccountToken", false}};
  body["metadata"] = metadata_of(gateway, options, options.own_namespace,
                                 translate::infrastructure_name(gateway.meta.full_name()));
  return object_of("api/v1", "serviceaccounts", body);
}

InfrastructureObject deployment_of(const objects::Gateway& gateway, const std::vector<TargetPort>& ports,
                                   const InfrastructureOptions& options) {
  json body{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}};
  body["metadata"] = metadata_of(gateway, options, options.own_namespace,
                                 translate::infrastructure_name(gateway.meta.full_name()));
  body["spec"] = dedicated_deployment(gateway, ports, options);
  return object_of("apis/apps/v1", "deployments", body);
}

}  // namespace

std::string InfrastructureOptions::installation() const {
  return translate::label_value(own_namespace + "." + controller_name);
}

InfrastructureInput infrastructure_input(const objects::Snapshot& snapshot, const objects::Statuses& statuses,
                                         const InfrastructureOptions& options) {
  InfrastructureInput input;
  std::map<std::string, std::vector<GatewayPort>> of_sets;
  for (const auto& [name, set] : snapshot.listener_sets) {
    const auto status = statuses.listener_sets.find(name);
    if (status == statuses.listener_sets.end() || status->second.listeners.empty()) continue;
    add_ports(set->listeners,
              of_sets[set->parent_ref.ns.value_or(set->meta.ns) + "/" + set->parent_ref.name]);
  }
  for (const auto& [name, status] : statuses.gateways) {
    const auto found = snapshot.gateways.find(name);
    if (found == snapshot.gateways.end()) continue;
    auto& entry = input.gateways.emplace_back(InfrastructureInput::Entry{found->second, of_sets[name]});
    add_ports(found->second->listeners, entry.ports);
    std::sort(entry.ports.begin(), entry.ports.end());
    entry.ports.erase(std::unique(entry.ports.begin(), entry.ports.end()), entry.ports.end());
  }
  if (!has_own_service(options)) return input;
  for (const auto& entry : input.gateways) {
    const auto name = translate::infrastructure_name(entry.gateway->meta.full_name());
    const auto found = snapshot.services.find(options.own_namespace + "/" + name);
    if (found != snapshot.services.end()) input.services.push_back(found->second);
  }
  return input;
}

std::vector<InfrastructureObject> desired_infrastructure(const InfrastructureInput& input,
                                                         const InfrastructureOptions& options) {
  std::vector<InfrastructureObject> desired;
  const auto ports = has_own_service(options) ? target_ports(input, options) : TargetPorts();
  for (const auto& entry : input.gateways) {
    const auto& gateway = *entry.gateway;
    desired.push_back(marker_of(gateway, options));
    const auto own = ports.find(gateway.meta.full_name());
    if (own == ports.end() || own->second.empty()) continue;
    desired.push_back(service_of(gateway, own->second, options));
    if (options.mode != AddressMode::dedicated) continue;
    desired.push_back(account_of(gateway, options));
    desired.push_back(deployment_of(gateway, own->second, options));
  }
  std::sort(desired.begin(), desired.end(), [](const auto& a, const auto& b) { return a.path() < b.path(); });
  return desired;
}

std::vector<std::string> infrastructure_collections(const InfrastructureOptions& options) {
  std::vector<std::string> collections;
  auto namespaces = options.namespaces;
  const auto& own = options.own_namespace;
  const bool has_accounts = options.mode == AddressMode::dedicated;
  if (has_accounts && !namespaces.empty() &&
      std::find(namespaces.begin(), namespaces.end(), own) == namespaces.end())
    namespaces.push_back(own);
  if (namespaces.empty()) collections.emplace_back("/api/v1/serviceaccounts");
  for (const auto& ns : namespaces)
    collections.push_back(fmt::format("/api/v1/namespaces/{}/serviceaccounts", ns));
  if (has_own_service(options)) collections.push_back(fmt::format("/api/v1/namespaces/{}/services", own));
  if (options.mode == AddressMode::dedicated)
    collections.push_back(fmt::format("/apis/apps/v1/namespaces/{}/deployments", own));
  return collections;
}

}  // namespace gatehouse::controller
