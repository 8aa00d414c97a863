// SPDX-License-Identifier: Apache-2.0
#include "config/translate/data_references.h"

#include <algorithm>

namespace gatehouse::translate {
namespace {

/// Fills the references of one walk over the objects.
class Collector {
 public:
  Collector(const objects::Snapshot& snapshot, const std::vector<std::string>& controller_names,
            std::string_view only_gateway)
      : snapshot_(snapshot), controller_names_(controller_names), only_gateway_(only_gateway) {}

  DataReferences run() {
    for (const auto& [name, gateway] : snapshot_.gateways)
      if (is_ours(*gateway)) of_gateway(*gateway);
    for (const auto& [name, set] : snapshot_.listener_sets) {
      const auto parent =
          snapshot_.gateways.find(set->parent_ref.ns.value_or(set->meta.ns) + "/" + set->parent_ref.name);
      if (parent != snapshot_.gateways.end() && is_ours(*parent->second))
        of_listeners(set->listeners, set->meta.ns);
    }
    for (const auto& [name, policy] : snapshot_.backend_tls_policies)
      for (const auto& ref : policy->validation.ca_certificate_refs)
        add(ref.group, ref.kind, policy->meta.ns + "/" + ref.name);
    return std::move(found_);
  }

 private:
  bool is_ours(const objects::Gateway& gateway) const {
    if (!only_gateway_.empty() && gateway.meta.full_name() != only_gateway_) return false;
    const auto owner = snapshot_.gateway_classes.find(gateway.gateway_class_name);
    return owner != snapshot_.gateway_classes.end() &&
           std::find(controller_names_.begin(), controller_names_.end(), owner->second->controller_name) !=
               controller_names_.end();
  }

  void of_gateway(const objects::Gateway& gateway) {
    const auto& ns = gateway.meta.ns;
    of_listeners(gateway.listeners, ns);
    const auto& tls = gateway.tls;
    if (tls.backend_client_certificate) add(*tls.backend_client_certificate, ns);
    if (tls.frontend_default) of_validation(*tls.frontend_default, ns);
    for (const auto& port : tls.frontend_per_port)
      if (port.validation) of_validation(*port.validation, ns);
  }

  void of_listeners(const std::vector<objects::GatewayListener>& listeners, const std::string& ns) {
    for (const auto& listener : listeners) {
      if (!listener.tls) continue;
      for (const auto& ref : listener.tls->certificate_refs) add(ref, ns);
    }
  }

  void of_validation(const objects::FrontendValidation& validation, const std::string& ns) {
    for (const auto& ref : validation.ca_certificate_refs) add(ref, ns);
  }

  template <typename Reference>
  void add(const Reference& ref, const std::string& ns) {
    add(ref.group, ref.kind, ref.ns.value_or(ns) + "/" + ref.name);
  }

  void add(const std::string& group, const std::string& kind, std::string name) {
    if (!group.empty()) return;
    if (kind == objects::Secret::kKind)
      found_.secrets.insert(std::move(name));
    else if (kind == objects::ConfigMap::kKind)
      found_.config_maps.insert(std::move(name));
  }

  const objects::Snapshot& snapshot_;
  const std::vector<std::string>& controller_names_;
  const std::string_view only_gateway_;
  DataReferences found_;
};

}  // namespace

DataReferences data_references(const objects::Snapshot& snapshot,
                               const std::vector<std::string>& controller_names,
                               std::string_view only_gateway) {
  return Collector(snapshot, controller_names, only_gateway).run();
}

}  // namespace gatehouse::translate
