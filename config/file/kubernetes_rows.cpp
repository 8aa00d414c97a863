// SPDX-License-Identifier: Apache-2.0
#include "config/file/kubernetes_rows.h"

#include <optional>

#include "config/file/setting_fields.h"
#include "config/objects/constraints.h"

namespace gatehouse::file {
namespace {

std::optional<std::string> parse_namespace(std::string_view text) {
  return objects::check_dns_label(text) ? std::nullopt : std::optional<std::string>(text);
}

/// "namespace/name".
template <typename Get>
SettingField object_name(Get get) {
  auto field = text(get);
  field.assign = [=](Settings& to, std::string_view value) -> std::string {
    const auto slash = value.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == value.size() ||
        value.find('/', slash + 1) != std::string_view::npos)
      return "is not the name of an object; write namespace/name";
    get(to) = value;
    return {};
  };
  return field;
}

SettingField address_mode() {
  return choice(at(&Settings::kubernetes, &KubernetesSettings::address_mode),
                Choices<AddressMode>{{"pool", AddressMode::pool},
                                     {"merged", AddressMode::merged},
                                     {"shared", AddressMode::shared},
                                     {"dedicated", AddressMode::dedicated}});
}

}  // namespace

std::vector<Setting> make_kubernetes_rows() {
  constexpr std::string_view kGroup = "Kubernetes";
  const auto of = [](auto member) { return at(&Settings::kubernetes, member); };
  using K = KubernetesSettings;
  return {
      {"kubernetes", kGroup, "on|off", "take the objects from an API server instead of files",
       on_off(of(&K::enabled)), 0, true},
      {"kubeconfig", kGroup, "FILE", "how to reach it; without it KUBECONFIG, else the pod's service account",
       text(of(&K::kubeconfig))},
      {"context", kGroup, "NAME", "of the kubeconfig; without it the current one", text(of(&K::context))},
      {"namespaces", kGroup, "NAME", "look at these namespaces only; repeatable; without it at all",
       list(of(&K::namespaces), parse_namespace, "is not the name of a namespace")},
      {"selector", kGroup, "LABELS",
       "look only at Gateways, routes and policies with these labels: team=web,stage!=dev",
       text(of(&K::selector))},
      {"address-mode", kGroup, "MODE",
       "where Gateways get their addresses: pool (--address-pool), merged (all from --gateway-service), "
       "shared "
       "(a Service each, in front of our pods), dedicated (a Deployment and Service each)",
       address_mode()},
      {"gateway-service", kGroup, "NAMESPACE/NAME",
       "the Service in front of our pods; implies --address-mode merged",
       object_name(of(&K::gateway_service))},
      {"gateway", kGroup, "NAMESPACE/NAME", "serve this Gateway only", object_name(of(&K::gateway))},
      {"image", kGroup, "IMAGE", "what the pods of dedicated Gateways run", text(of(&K::image))},
      {"leader-election", kGroup, "on|off",
       "of several replicas only the leader writes statuses; off: this one does",
       on_off(of(&K::leader_election))},
      {"lease", kGroup, "NAMESPACE/NAME",
       "the Lease that replicas elect their leader by; without it gatehouse in "
       "the pod's namespace",
       object_name(of(&K::lease))},
  };
}

}  // namespace gatehouse::file
