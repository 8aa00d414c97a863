// SPDX-License-Identifier: Apache-2.0
#include "config/translate/policies/targets.h"

#include <fmt/format.h>

#include <algorithm>

namespace gatehouse::translate {
namespace {

using objects::PolicyTargetReference;

bool is(const PolicyTargetReference& ref, std::string_view group, std::string_view kind) {
  return ref.group == group && ref.kind == kind;
}

std::string where(const PolicyHead& policy) {
  return fmt::format("{} {}: spec.targetRefs", policy.kind, policy.meta->full_name());
}

std::string name_of(const PolicyHead& policy, const PolicyTargetReference& ref) {
  return policy.meta->ns + "/" + ref.name;
}

Verdict not_found(const PolicyHead& policy, const PolicyTargetReference& ref) {
  return Verdict::bad("TargetNotFound",
                      fmt::format("{}: there is no {} {}: create it or correct the reference", where(policy),
                                  ref.kind, name_of(policy, ref)));
}

Verdict no_section(const PolicyHead& policy, const PolicyTargetReference& ref, std::string_view what) {
  return Verdict::bad("TargetNotFound",
                      fmt::format("{}: {} {} has no {} named {}: correct sectionName", where(policy),
                                  ref.kind, name_of(policy, ref), what, *ref.section_name));
}

template <typename Sections>
bool has_section(const Sections& sections, const std::string& name) {
  return std::any_of(sections.begin(), sections.end(),
                     [&](const auto& section) { return section.name == name; });
}

}  // namespace

PolicyTargetCheck::PolicyTargetCheck(const Draft& draft) : draft_(draft) {
  for (const auto& gateway : draft.gateways) gateways_.emplace(gateway.object->meta.full_name(), &gateway);
}

Verdict PolicyTargetCheck::operator()(const PolicyHead& policy, const PolicyTargetReference& ref) const {
  const bool is_backend =
      is(ref, "", objects::Service::kKind) || is(ref, objects::kExperimentalGroup, objects::XBackend::kKind);
  const bool is_gateway = is(ref, objects::kGatewayGroup, objects::Gateway::kKind);
  if (policy.overrides.any() && !is_gateway)
    return Verdict::bad("Invalid", fmt::format("{}: spec.overrides is for policies of Gateways: {} {} cannot "
                                               "have it: remove it or move it to a policy of the Gateway",
                                               where(policy), ref.kind, name_of(policy, ref)));
  if (is_backend) return check_backend(policy, ref);
  if (policy.kind == objects::BackendTrafficPolicy::kKind) {
    if (is_gateway) return check_gateway(policy, ref);
    if (is(ref, objects::kGatewayGroup, objects::HttpRoute::kKind))
      return check_route(draft_.snapshot.http_routes, policy, ref);
    if (is(ref, objects::kGatewayGroup, objects::GrpcRoute::kKind))
      return check_route(draft_.snapshot.grpc_routes, policy, ref);
    if (is(ref, objects::kGatewayGroup, objects::ListenerSet::kKind)) return check_listener_set(policy, ref);
  }
  return Verdict::bad("Invalid",
                      fmt::format("{}: {}{}{} cannot be the target of a {}: use another kind", where(policy),
                                  ref.group, ref.group.empty() ? "" : "/", ref.kind, policy.kind));
}

Verdict PolicyTargetCheck::check_backend(const PolicyHead& policy, const PolicyTargetReference& ref) const {
  if (ref.section_name)
    return Verdict::bad("Invalid", fmt::format("{}: a {} has no sections that a policy could be for: remove "
                                               "sectionName",
                                               where(policy), ref.kind));
  const auto name = name_of(policy, ref);
  const bool exists = ref.kind == objects::Service::kKind ? draft_.snapshot.services.contains(name)
                                                          : draft_.snapshot.x_backends.contains(name);
  return exists ? Verdict{} : not_found(policy, ref);
}

template <typename Route>
Verdict PolicyTargetCheck::check_route(const objects::ObjectMap<Route>& routes, const PolicyHead& policy,
                                       const PolicyTargetReference& ref) const {
  const auto found = routes.find(name_of(policy, ref));
  if (found == routes.end()) return not_found(policy, ref);
  if (ref.section_name && !has_section(found->second->rules, *ref.section_name))
    return no_section(policy, ref, "rule");
  return {};
}

Verdict PolicyTargetCheck::check_gateway(const PolicyHead& policy, const PolicyTargetReference& ref) const {
  const auto name = name_of(policy, ref);
  const auto found = gateways_.find(name);
  if (found == gateways_.end() && draft_.snapshot.gateways.contains(name))
    return Verdict::bad("TargetNotFound", fmt::format("{}: Gateway {} is of a class that is not ours: use "
                                                      "another Gateway or change its gatewayClassName",
                                                      where(policy), name));
  if (found == gateways_.end()) return not_found(policy, ref);
  if (ref.section_name && !has_section(found->second->object->listeners, *ref.section_name))
    return no_section(policy, ref, "listener");
  return {};
}

Verdict PolicyTargetCheck::check_listener_set(const PolicyHead& policy,
                                              const PolicyTargetReference& ref) const {
  const auto found = draft_.snapshot.listener_sets.find(name_of(policy, ref));
  if (found == draft_.snapshot.listener_sets.end()) return not_found(policy, ref);
  if (ref.section_name && !has_section(found->second->listeners, *ref.section_name))
    return no_section(policy, ref, "listener");
  return {};
}

}  // namespace gatehouse::translate
