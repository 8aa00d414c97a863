// SPDX-License-Identifier: Apache-2.0
#include "controller/dedicated_pods.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace gatehouse::controller {
namespace {

using nlohmann::json;

constexpr int kUser = 65'532;
constexpr const char* kStateFolder = "/var/lib/gatehouse";
constexpr std::int64_t kMaxReplicas = 1'000;
/// Beyond the drain timeout: to hear of SIGTERM and to end.
constexpr std::chrono::seconds kTimeToEnd{30};

json probe(const char* path, std::uint16_t port) {
  return {{"httpGet", {{"path", path}, {"port", port}}}, {"periodSeconds", 5}, {"timeoutSeconds", 3}};
}

json arguments_of(const objects::Gateway& gateway, const InfrastructureOptions& options) {
  json arguments{"run",
                 "--kubernetes",
                 "--address-mode=dedicated",
                 "--image=" + options.image,
                 "--gateway=" + gateway.meta.full_name(),
                 fmt::format("--admin-address=0.0.0.0:{}", options.admin_port)};
  for (const auto& argument : options.arguments) arguments.push_back(argument);
  return arguments;
}

json container_of(const objects::Gateway& gateway, const std::vector<TargetPort>& ports,
                  const InfrastructureOptions& options) {
  json container{{"name", "gatehouse"},
                 {"image", options.image},
                 {"args", arguments_of(gateway, options)},
                 {"env", json::array({{{"name", "STATE_DIRECTORY"}, {"value", kStateFolder}}})},
                 {"volumeMounts", json::array({{{"name", "state"}, {"mountPath", kStateFolder}}})},
                 {"readinessProbe", probe("/readyz", options.admin_port)},
                 {"livenessProbe", probe("/healthz", options.admin_port)},
                 {"securityContext",
                  {{"allowPrivilegeEscalation", false},
                   {"readOnlyRootFilesystem", true},
                   {"capabilities", {{"drop", {"ALL"}}}}}}};
  auto& listed = container["ports"];
  listed.push_back({{"name", "admin"}, {"containerPort", options.admin_port}, {"protocol", "TCP"}});
  for (const auto& entry : ports)
    listed.push_back({{"name", fmt::format("{}-{}", entry.port.is_udp ? "udp" : "tcp", entry.port.port)},
                      {"containerPort", entry.target},
                      {"protocol", entry.port.is_udp ? "UDP" : "TCP"}});
  return container;
}

}  // namespace

std::map<std::string, std::string> dedicated_pod_labels(const objects::Gateway& gateway) {
  return {{"app.kubernetes.io/name", "gatehouse-dedicated"},
          {"gatehouse.dev/pods-of", translate::infrastructure_name(gateway.meta.full_name())}};
}

json dedicated_deployment(const objects::Gateway& gateway, const std::vector<TargetPort>& ports,
                          const InfrastructureOptions& options) {
  const auto selector = dedicated_pod_labels(gateway);
  auto labels = gateway.infrastructure.labels;
  labels[translate::kGatewayNameLabel] = translate::label_value(gateway.meta.name);
  // These last: a Gateway's labels must not make its pods those of another Service. Its annotations stay with
  // the Deployment: some change what a pod may do.
  for (const auto& [key, value] : selector) labels[key] = value;

  json pod{{"serviceAccountName", translate::infrastructure_name(gateway.meta.full_name())},
           {"automountServiceAccountToken", true},
           {"terminationGracePeriodSeconds", (options.drain_timeout + kTimeToEnd).count()},
           {"securityContext",
            {{"runAsNonRoot", true},
             {"runAsUser", kUser},
             {"runAsGroup", kUser},
             {"fsGroup", kUser},
             {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
           {"volumes", json::array({{{"name", "state"}, {"emptyDir", {{"sizeLimit", "16Mi"}}}}})},
           {"containers", json::array({container_of(gateway, ports, options)})}};
  json spec{
      {"selector", {{"matchLabels", selector}}},
      {"strategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", 1}}}}},
      {"template", {{"metadata", {{"labels", labels}}}, {"spec", std::move(pod)}}}};
  const auto& annotations = gateway.infrastructure.annotations;
  const auto wanted = annotations.find(kReplicasAnnotation);
  if (wanted == annotations.end()) return spec;
  const auto replicas = parse_decimal(wanted->second);
  if (replicas && *replicas <= static_cast<std::uint64_t>(kMaxReplicas)) spec["replicas"] = *replicas;
  return spec;
}

}  // namespace gatehouse::controller
