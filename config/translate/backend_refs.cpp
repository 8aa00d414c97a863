// SPDX-License-Identifier: Apache-2.0
#include "config/translate/backend_refs.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/objects/references.h"
#include "config/translate/backend_protocols.h"
#include "config/translate/certificates.h"
#include "config/translate/endpoints.h"
#include "config/translate/policies/backend_tls.h"

namespace gatehouse::translate {
namespace {

using objects::BackendObjectReference;

constexpr std::string_view kNotFound = "BackendNotFound";
constexpr std::string_view kProtocol = "UnsupportedProtocol";

enum class BackendKind : std::uint8_t { service, x_backend, unknown };

BackendKind kind_of(const BackendObjectReference& ref) {
  if (ref.group.empty() && ref.kind == objects::Service::kKind) return BackendKind::service;
  if (ref.group == objects::kExperimentalGroup && ref.kind == objects::XBackend::kKind)
    return BackendKind::x_backend;
  return BackendKind::unknown;
}

ResolvedBackend bad(std::string_view reason, std::string message) {
  return {Verdict::bad(reason, std::move(message)), {}};
}

template <typename T>
std::shared_ptr<const T> find(const objects::ObjectMap<T>& objects, const std::string& name) {
  const auto found = objects.find(name);
  return found == objects.end() ? nullptr : found->second;
}

Verdict check_annotation(const objects::Service& service, const std::string& where) {
  const auto& annotations = service.meta.annotations;
  const auto annotation = annotations.find(objects::kEndpointsAnnotation);
  if (annotation == annotations.end() || parse_endpoints(annotation->second)) return {};
  return Verdict::bad(
      kNotFound,
      fmt::format("{}: Service {}: annotation {} is \"{}\": write it as 127.0.0.1:9001,127.0.0.1:9002", where,
                  service.meta.full_name(), objects::kEndpointsAnnotation, annotation->second));
}

bool is_http(BackendUse use) {
  return use == BackendUse::http || use == BackendUse::grpc;
}

std::string_view transport_name(BackendUse use) {
  return use == BackendUse::datagram ? "UDP" : "TCP";
}

Transport transport_of(BackendUse use) {
  return use == BackendUse::datagram ? Transport::datagram : Transport::stream;
}

/// What is said about a backend that requests of `use` cannot be sent to, or nothing.
std::string_view misfit(const BackendSpeech& speech, BackendUse use, bool has_tls) {
  if (!is_http(use)) return {};
  if (!speech.takes_http) return "it is not spoken to in HTTP: use it in a TCPRoute or TLSRoute";
  if (use == BackendUse::grpc && !speech.takes_grpc)
    return "gRPC needs HTTP/2: use a port or protocol that speaks it";
  if (speech.needs_tls && !has_tls) return "it needs TLS, and nothing says how to check its certificate";
  return {};
}

}  // namespace

BackendResolver::BackendResolver(const objects::Snapshot& snapshot)
    : snapshot_(snapshot),
      grants_(snapshot.reference_grants),
      tls_(std::make_shared<const BackendTlsPolicies>(snapshot, nullptr)) {}

BackendResolver::BackendResolver(const objects::Snapshot& snapshot, Memo& memo)
    : snapshot_(snapshot),
      grants_(snapshot.reference_grants),
      tls_(std::make_shared<const BackendTlsPolicies>(snapshot, memo.backend_tls.get())) {
  memo.backend_tls = tls_;
}

ResolvedBackend BackendResolver::resolve(const Referrer& from, const BackendObjectReference& ref,
                                         BackendUse use, const std::string& where) const {
  const auto kind = kind_of(ref);
  if (kind == BackendKind::unknown)
    return bad("InvalidKind", fmt::format("{}: {}{}{} cannot be a backend: use a Service or an XBackend",
                                          where, ref.group, ref.group.empty() ? "" : "/", ref.kind));
  const std::string ns(ref.ns ? std::string_view(*ref.ns) : from.ns);
  const auto name = ns + "/" + ref.name;
  if (!grants_.permits(from, {ref.group, ref.kind, ns, ref.name}))
    return bad("RefNotPermitted",
               fmt::format("{}: no ReferenceGrant permits namespace {} to use {} {}: add one for {} to "
                           "namespace {}, or use a backend of namespace {}",
                           where, from.ns, ref.kind, name, from.kind, ns, from.ns));
  const Reference reference{ref, use, name, where};
  return kind == BackendKind::service ? resolve_service(reference) : resolve_x_backend(reference);
}

ResolvedBackend BackendResolver::resolve_service(const Reference& reference) const {
  const auto& [ref, use, name, where] = reference;
  if (!ref.port) return bad(kNotFound, where + ".port: a Service needs a port: add it");
  auto service = find(snapshot_.services, name);
  if (!service)
    return bad(kNotFound,
               fmt::format("{}.name: there is no Service {}: create it or correct the name", where, name));
  const auto* port = find_port(*service, *ref.port, transport_of(use));
  if (!port)
    return bad(kNotFound, fmt::format("{}.port: Service {} has no {} port {}: use one of its ports", where,
                                      name, transport_name(use), *ref.port));
  const auto policy = use == BackendUse::datagram ? nullptr : tls_->find(name, port->name);
  const auto speech = speech_of_app_protocol(port->app_protocol);
  if (const auto why = misfit(speech, use, policy != nullptr); !why.empty())
    return bad(kProtocol,
               fmt::format("{}: port {} of Service {} has appProtocol {}: {}{}", where, *ref.port, name,
                           port->app_protocol, why,
                           speech.needs_tls && !policy ? ": add a BackendTLSPolicy for the Service" : ""));
  ResolvedBackend result;
  result.verdict = check_annotation(*service, where);
  result.target.cluster = fmt::format("Service/{}/{}", name, *ref.port);
  result.target.service = std::move(service);
  result.target.port = *ref.port;
  if (policy && use != BackendUse::passthrough) {
    result.secured.push_back({name, port->name});
    result.refused = policy->tls == nullptr;
  }
  if (!result.refused) set_speech(result.target, use, speech, policy ? policy->tls : nullptr);
  return result;
}

ResolvedBackend BackendResolver::resolve_x_backend(const Reference& reference) const {
  const auto& [ref, use, name, where] = reference;
  if (ref.port)
    return bad("UnsupportedValue",
               fmt::format("{}.port: an XBackend has its own port: remove the field", where));
  auto backend = find(snapshot_.x_backends, name);
  if (!backend)
    return bad(kNotFound,
               fmt::format("{}.name: there is no XBackend {}: create it or correct the name", where, name));
  if (!backend->port)
    return bad(kNotFound, fmt::format("{}: XBackend {}: spec.port.number is missing: add it", where, name));
  if (use == BackendUse::datagram)
    return bad(kProtocol, fmt::format("{}: XBackend {} does not take UDP: use a Service", where, name));
  const auto speech = speech_of_x_protocol(backend->protocol.value_or(""));
  const bool has_tls = backend->tls.mode != "None";
  if (const auto why = misfit(speech, use, has_tls); !why.empty())
    return bad(kProtocol, fmt::format("{}: XBackend {}: spec.protocol {}: {}", where, name,
                                      backend->protocol.value_or(""), why));
  ResolvedBackend result;
  std::shared_ptr<const ir::ClusterTls> tls;
  if (has_tls) {
    const auto checked = tls_of(*backend, fmt::format("{}: XBackend {}", where, name));
    result.verdict = checked.resolved_refs.ok ? checked.accepted : checked.resolved_refs;
    if (!checked.tls) return result;
    tls = checked.tls;
  }
  result.target.cluster = "XBackend/" + name;
  result.target.port = *backend->port;
  result.target.x_backend = std::move(backend);
  set_speech(result.target, use, speech, tls);
  return result;
}

std::optional<std::string> BackendResolver::x_backend_of(const Referrer& from,
                                                         const BackendObjectReference& ref) const {
  if (kind_of(ref) != BackendKind::x_backend) return std::nullopt;
  const std::string ns(ref.ns ? std::string_view(*ref.ns) : from.ns);
  auto name = ns + "/" + ref.name;
  if (!snapshot_.x_backends.contains(name) || !grants_.permits(from, {ref.group, ref.kind, ns, ref.name}))
    return std::nullopt;
  return name;
}

Verdict BackendResolver::judge(const objects::XBackend& backend) const {
  const auto title = "XBackend " + backend.meta.full_name();
  if (!backend.port) return Verdict::bad("Invalid", title + ": spec.port.number is missing: add it");
  if (backend.tls.mode == "None") {
    if (!speech_of_x_protocol(backend.protocol.value_or("")).needs_tls) return {};
    return Verdict::bad(
        "Invalid", fmt::format("{}: spec.protocol {} needs TLS: set spec.tls.mode and its validation", title,
                               *backend.protocol));
  }
  auto checked = tls_of(backend, title);
  return checked.resolved_refs.ok ? std::move(checked.accepted) : std::move(checked.resolved_refs);
}

BackendTls BackendResolver::tls_of(const objects::XBackend& backend, const std::string& owner) const {
  const auto place = owner + ": spec.tls";
  auto checked = evaluate(snapshot_, backend.tls.validation.value_or(objects::BackendTlsValidation{}),
                          backend.meta.ns, place + ".validation");
  if (!backend.tls.client_certificate_ref || !checked.tls) return checked;
  auto certificate =
      resolve_certificate(snapshot_, grants_,
                          {{objects::kExperimentalGroup, objects::XBackend::kKind, backend.meta.ns},
                           *backend.tls.client_certificate_ref,
                           place + ".clientCertificateRef",
                           "InvalidClientCertificateRef"});
  if (!certificate.verdict.ok) {
    checked.accepted = std::move(certificate.verdict);
    checked.tls = nullptr;
    return checked;
  }
  auto tls = std::make_shared<ir::ClusterTls>(*checked.tls);
  tls->client_certificate = std::move(certificate.certificate);
  checked.tls = std::move(tls);
  return checked;
}

void BackendResolver::collect_inputs(const Referrer& from, const BackendObjectReference& ref,
                                     Inputs& to) const {
  const auto kind = kind_of(ref);
  if (kind == BackendKind::unknown) return;
  const std::string ns(ref.ns ? std::string_view(*ref.ns) : from.ns);
  const auto name = ns + "/" + ref.name;
  if (kind == BackendKind::service)
    collect_service(name, ref.port, to);
  else
    collect_x_backend(name, to);
  if (from.ns == ns) return;
  for (const auto& grant : grants_.in_namespace(ns)) to.push_back(grant);
}

void BackendResolver::collect_service(const std::string& name, std::optional<std::int32_t> number,
                                      Inputs& to) const {
  const auto service = find(snapshot_.services, name);
  to.push_back(service);
  if (!service || !number) return;
  for (const auto& port : service->ports)
    if (auto policy = port.port == *number ? tls_->find(name, port.name) : nullptr)
      to.push_back(std::move(policy));
}

void BackendResolver::collect_x_backend(const std::string& name, Inputs& to) const {
  const auto backend = find(snapshot_.x_backends, name);
  to.push_back(backend);
  if (!backend) return;
  const auto& tls = backend->tls;
  if (tls.validation) translate::collect_inputs(snapshot_, *tls.validation, backend->meta.ns, to);
  if (!tls.client_certificate_ref) return;
  const auto& ref = *tls.client_certificate_ref;
  const auto ns = ref.ns.value_or(backend->meta.ns);
  to.push_back(find(snapshot_.secrets, ns + "/" + ref.name));
  if (ns == backend->meta.ns) return;
  for (const auto& grant : grants_.in_namespace(ns)) to.push_back(grant);
}

}  // namespace gatehouse::translate
