// SPDX-License-Identifier: Apache-2.0
#include "config/translate/impact.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/translate/namespaces.h"
#include "config/translate/policies/backend_tls.h"
#include "config/translate/policies/policy_draft.h"
#include "config/translate/policies/targets.h"

namespace gatehouse::translate {
namespace {

using objects::Namespace;
using objects::Service;

/// Judges one change after the other; lives for one translation.
class Judgement {
 public:
  explicit Judgement(const Draft& draft) : draft_(draft) {}

  bool needs_everything(const RouteName& route) const {
    return !is_same_target(fmt::format("{}/{}", name_of(route.kind), route.full_name));
  }

  bool needs_everything(const Edit<Service>& edit) const {
    return gives_addresses(edit.name) || asked_by_listeners("Service/" + edit.name) ||
           !draft_.backend_refs.tls_policies().still_hold(draft_.snapshot, edit.name) ||
           !is_same_target("Service/" + edit.name);
  }

  bool needs_everything(const Edit<Namespace>& edit) const {
    const auto is_told_apart = [&edit](const auto& rule) {
      return rule.from == "Selector" && rule.selector &&
             selects_namespace(*rule.selector, edit.name, edit.before.get()) !=
                 selects_namespace(*rule.selector, edit.name, edit.after.get());
    };
    const auto reads_it = [&](const GatewayDraft& gateway) {
      return is_told_apart(gateway.object->allowed_listeners) ||
             std::any_of(gateway.listeners.begin(), gateway.listeners.end(),
                         [&](const auto& listener) { return is_told_apart(listener.spec->allowed_routes); });
    };
    return std::any_of(draft_.gateways.begin(), draft_.gateways.end(), reads_it);
  }

  /// Whether a Gateway exists counts for all that names it, its contents only for those of our classes.
  bool needs_everything(const Edit<objects::Gateway>& edit) const {
    if (!edit.before || !edit.after) return true;
    const auto& only = draft_.options.only_gateway;
    const auto& name = edit.after->gateway_class_name;
    if (edit.before->gateway_class_name != name) return true;
    if (!only.empty() && only != edit.name) return false;
    const auto owner = draft_.snapshot.gateway_classes.find(name);
    const auto& ours = draft_.options.controller_names;
    return owner != draft_.snapshot.gateway_classes.end() &&
           std::find(ours.begin(), ours.end(), owner->second->controller_name) != ours.end();
  }

 private:
  bool is_same_target(const std::string& key) const {
    if (!draft_.policies) return true;
    const auto& traffic = *draft_.policies->traffic;
    if (!traffic.attachments().name(key)) return true;
    const PolicyTargetCheck check(draft_);
    return traffic.still_hold(key,
                              [&check](const auto& policy, const auto& ref) { return check(policy, ref); });
  }

  /// Services that Gateways are reached through.
  bool gives_addresses(const std::string& service) const {
    const auto& options = draft_.options;
    if (options.address_mode == AddressMode::pool) return false;
    return service == options.gateway_service || service.starts_with(options.own_namespace + "/");
  }

  bool asked_by_listeners(const std::string& backend) const {
    for (const auto& gateway : draft_.gateways)
      for (const auto& listener : gateway.listeners)
        for (const auto& filter : listener.spec->request_filters) {
          if (!filter.external_auth) continue;
          const auto& ref = filter.external_auth->backend_ref;
          const auto ns = ref.ns.value_or(owner_of(gateway, listener).ns);
          if (fmt::format("{}/{}/{}", ref.kind, ns, ref.name) == backend) return true;
        }
    return false;
  }

  const Draft& draft_;
};

template <typename Edits>
bool any_needs_everything(const Edits& edits, const Judgement& judgement) {
  return std::any_of(edits.begin(), edits.end(),
                     [&](const auto& edit) { return judgement.needs_everything(edit); });
}

}  // namespace

Impact impact_of(const Changes& changes, const Draft& draft, const RouteTraces& traces) {
  const Judgement judgement(draft);
  Impact impact;
  impact.everything = changes.others || any_needs_everything(changes.routes, judgement) ||
                      any_needs_everything(changes.services, judgement) ||
                      any_needs_everything(changes.namespaces, judgement) ||
                      any_needs_everything(changes.gateways, judgement);
  impact.routes = changes.routes;
  impact.endpoints_of = changes.endpoints_of;
  for (const auto& edit : changes.services) {
    impact.routes.merge(traces.users_of("Service/" + edit.name));
    impact.endpoints_of.insert(edit.name);
  }
  return impact;
}

}  // namespace gatehouse::translate
