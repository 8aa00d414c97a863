// SPDX-License-Identifier: Apache-2.0
#include "config/translate/backend_refs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/objects/references.h"
#include "config/translate/endpoints.h"

namespace gatehouse::translate {
namespace {

using objects::BackendObjectReference;

constexpr std::string_view kNotFound = "BackendNotFound";
constexpr std::string_view kProtocol = "UnsupportedProtocol";

/// Application protocols of a Service port that plain HTTP/1.1 cannot meet.
constexpr std::array<std::string_view, 6> kForeignProtocols{
    "kubernetes.io/h2c", "kubernetes.io/wss", "h2c", "http2", "grpc", "https"};

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

Verdict check_protocol(const objects::XBackend& backend, const std::string& where) {
  const auto name = backend.meta.full_name();
  const auto protocol = backend.protocol.value_or("HTTP");
  if (protocol != "HTTP" && protocol != "HTTP11")
    return Verdict::bad(kProtocol,
                        fmt::format("{}: XBackend {}: spec.protocol {} is not served by this version: use "
                                    "HTTP or HTTP11",
                                    where, name, protocol));
  if (backend.tls.mode != "None")
    return Verdict::bad(kProtocol,
                        fmt::format("{}: XBackend {}: spec.tls.mode {} is not served by this version: use "
                                    "None",
                                    where, name, backend.tls.mode));
  return {};
}

}  // namespace

ResolvedBackend BackendResolver::resolve(const Referrer& from, const BackendObjectReference& ref,
                                         const std::string& where) const {
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
  return kind == BackendKind::service ? resolve_service(ref, name, where)
                                      : resolve_x_backend(ref, name, where);
}

ResolvedBackend BackendResolver::resolve_service(const BackendObjectReference& ref, const std::string& name,
                                                 const std::string& where) const {
  if (!ref.port) return bad(kNotFound, where + ".port: a Service needs a port: add it");
  auto service = find(snapshot_.services, name);
  if (!service)
    return bad(kNotFound,
               fmt::format("{}.name: there is no Service {}: create it or correct the name", where, name));
  const auto* port = find_port(*service, *ref.port);
  if (!port)
    return bad(kNotFound, fmt::format("{}.port: Service {} has no TCP port {}: use one of its ports", where,
                                      name, *ref.port));
  const auto& protocol = port->app_protocol;
  if (std::find(kForeignProtocols.begin(), kForeignProtocols.end(), protocol) != kForeignProtocols.end())
    return bad(kProtocol,
               fmt::format("{}: port {} of Service {} has appProtocol {}, which is not served by this "
                           "version: use a port for HTTP/1.1",
                           where, *ref.port, name, protocol));
  auto verdict = check_annotation(*service, where);
  BackendTarget target;
  target.cluster = fmt::format("Service/{}/{}", name, *ref.port);
  target.service = std::move(service);
  target.port = *ref.port;
  return {std::move(verdict), std::move(target)};
}

ResolvedBackend BackendResolver::resolve_x_backend(const BackendObjectReference& ref, const std::string& name,
                                                   const std::string& where) const {
  if (ref.port)
    return bad("UnsupportedValue",
               fmt::format("{}.port: an XBackend has its own port: remove the field", where));
  auto backend = find(snapshot_.x_backends, name);
  if (!backend)
    return bad(kNotFound,
               fmt::format("{}.name: there is no XBackend {}: create it or correct the name", where, name));
  if (!backend->port)
    return bad(kNotFound, fmt::format("{}: XBackend {}: spec.port.number is missing: add it", where, name));
  auto verdict = check_protocol(*backend, where);
  BackendTarget target;
  target.cluster = "XBackend/" + name;
  target.port = *backend->port;
  target.x_backend = std::move(backend);
  return {std::move(verdict), std::move(target)};
}

void BackendResolver::collect_inputs(const Referrer& from, const BackendObjectReference& ref,
                                     Inputs& to) const {
  const auto kind = kind_of(ref);
  if (kind == BackendKind::unknown) return;
  const std::string ns(ref.ns ? std::string_view(*ref.ns) : from.ns);
  const auto name = ns + "/" + ref.name;
  if (kind == BackendKind::service)
    to.push_back(find(snapshot_.services, name));
  else
    to.push_back(find(snapshot_.x_backends, name));
  if (from.ns == ns) return;
  for (const auto& grant : grants_.in_namespace(ns)) to.push_back(grant);
}

}  // namespace gatehouse::translate
