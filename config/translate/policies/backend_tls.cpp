// SPDX-License-Identifier: Apache-2.0
#include "config/translate/policies/backend_tls.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/translate/authorities.h"

namespace gatehouse::translate {
namespace {

constexpr std::string_view kSystem = "System";

AuthorityRef authority(const objects::LocalObjectReference& ref, const std::string& ns, std::string where) {
  return {ref.group, ref.kind, ns + "/" + ref.name, std::move(where)};
}

std::vector<ir::SubjectAltName> to_names(const std::vector<objects::SubjectAltName>& names) {
  std::vector<ir::SubjectAltName> result;
  for (const auto& name : names)
    result.push_back({name.type == "URI" ? ir::SubjectAltName::Kind::uri : ir::SubjectAltName::Kind::hostname,
                      name.value});
  return result;
}

/// Only a Service of its own namespace, as a whole or one port by its name.
Verdict check_target(const objects::Snapshot& snapshot, const PolicyHead& policy,
                     const objects::PolicyTargetReference& ref) {
  if (!ref.group.empty() || ref.kind != objects::Service::kKind)
    return Verdict::bad("Invalid", fmt::format("{}{}{} cannot be the target", ref.group,
                                               ref.group.empty() ? "" : "/", ref.kind));
  const auto name = policy.meta->ns + "/" + ref.name;
  const auto service = snapshot.services.find(name);
  if (service == snapshot.services.end())
    return Verdict::bad("TargetNotFound", "there is no Service " + name);
  const auto& ports = service->second->ports;
  const auto is_meant = [&ref](const auto& port) { return port.name == *ref.section_name; };
  if (ref.section_name && std::none_of(ports.begin(), ports.end(), is_meant))
    return Verdict::bad("TargetNotFound",
                        fmt::format("Service {} has no port named {}", name, *ref.section_name));
  return {};
}

std::vector<PolicyHead> heads_of(const std::vector<BackendTlsPolicies::Policy>& policies) {
  std::vector<PolicyHead> heads;
  for (const auto& policy : policies) {
    auto& head = heads.emplace_back();
    head.kind = objects::BackendTlsPolicy::kKind;
    head.meta = &policy.object->meta;
    head.target_refs = &policy.object->target_refs;
    head.fields.set(0);  // it is one whole: the oldest gives it all
  }
  return heads;
}

std::shared_ptr<const BackendTls> known(const BackendTlsPolicies* before,
                                        const BackendTlsPolicies::Policy& policy) {
  if (!before) return nullptr;
  const auto& old = before->policies();  // by name, as the map they came from
  const auto place = std::lower_bound(
      old.begin(), old.end(), policy.object->meta.full_name(),
      [](const auto& a, const std::string& name) { return a.object->meta.full_name() < name; });
  const bool is_same = place != old.end() && place->object == policy.object && place->inputs == policy.inputs;
  return is_same ? place->tls : nullptr;
}

std::vector<BackendTlsPolicies::Policy> collect(const objects::Snapshot& snapshot,
                                                const BackendTlsPolicies* before) {
  std::vector<BackendTlsPolicies::Policy> policies;
  for (const auto& [name, object] : snapshot.backend_tls_policies) {
    auto& policy = policies.emplace_back();
    policy.object = object;
    collect_inputs(snapshot, object->validation, object->meta.ns, policy.inputs);
    policy.tls = known(before, policy);
    if (!policy.tls)
      policy.tls = std::make_shared<const BackendTls>(
          evaluate(snapshot, object->validation, object->meta.ns,
                   fmt::format("BackendTLSPolicy {}: spec.validation", name)));
  }
  return policies;
}

}  // namespace

BackendTls evaluate(const objects::Snapshot& snapshot, const objects::BackendTlsValidation& validation,
                    const std::string& ns, const std::string& where) {
  BackendTls result;
  auto tls = std::make_shared<ir::ClusterTls>();
  tls->server_name = validation.hostname;
  tls->alt_names = to_names(validation.subject_alt_names);
  tls->options.alpn.clear();  // whoever connects decides what to offer
  if (const auto& set = validation.well_known_ca_certificates) {
    if (*set == kSystem)
      result.tls = std::move(tls);
    else
      result.accepted = Verdict::bad(
          "Invalid",
          fmt::format("{}.wellKnownCACertificates: \"{}\" is not a set this gateway knows: use System, or "
                      "caCertificateRefs",
                      where, *set));
    return result;
  }
  ir::TrustBundle bundle;
  Findings wrong;
  const auto& refs = validation.ca_certificate_refs;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const auto ref = authority(refs[i], ns, fmt::format("{}.caCertificateRefs[{}]", where, i));
    auto verdict = add_authorities(snapshot, ref, {"InvalidKind", "InvalidCACertificateRef"}, bundle);
    if (!verdict.ok) wrong.add(verdict.reason, std::move(verdict.message));
  }
  result.resolved_refs = wrong.verdict();
  tls->trust = finish(std::move(bundle));
  if (!tls->trust)
    result.accepted = Verdict::bad("NoValidCACertificate", wrong.verdict().message);
  else
    result.tls = std::move(tls);
  return result;
}

void collect_inputs(const objects::Snapshot& snapshot, const objects::BackendTlsValidation& validation,
                    const std::string& ns, Inputs& to) {
  for (const auto& ref : validation.ca_certificate_refs) collect_inputs(snapshot, authority(ref, ns, {}), to);
}

BackendTlsPolicies::BackendTlsPolicies(const objects::Snapshot& snapshot, const BackendTlsPolicies* before)
    : policies_(collect(snapshot, before)),
      attachments_(heads_of(policies_), [&snapshot](const auto& policy, const auto& ref) {
        return check_target(snapshot, policy, ref);
      }) {}

bool BackendTlsPolicies::still_hold(const objects::Snapshot& snapshot, const std::string& service) const {
  const auto key = target_key(objects::Service::kKind, service);
  return !attachments_.name(key) ||
         attachments_.still_hold(key, heads_of(policies_), [&snapshot](const auto& policy, const auto& ref) {
           return check_target(snapshot, policy, ref);
         });
}

std::shared_ptr<const BackendTls> BackendTlsPolicies::find(const std::string& service,
                                                           const std::string& port) const {
  const auto* target = attachments_.find(target_key(objects::Service::kKind, service, port));
  if (!target) target = attachments_.find(target_key(objects::Service::kKind, service));
  return target ? policies_[target->field_giver.front()].tls : nullptr;
}

}  // namespace gatehouse::translate
