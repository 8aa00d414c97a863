// SPDX-License-Identifier: Apache-2.0
#include "config/translate/backend_refs.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/translate/endpoints.h"

namespace gatehouse::translate {
namespace {

constexpr std::uint16_t kInvalidBackendStatus = 500;

bool is_service(const objects::HttpBackendRef& ref) {
  return ref.group.empty() && ref.kind == objects::Service::kKind;
}

bool is_local(const objects::HttpRoute& route, const objects::HttpBackendRef& ref) {
  return !ref.ns || *ref.ns == route.meta.ns;
}

/// Checks kind, permission and existence in this order, so that a route learns nothing about other
/// namespaces.
Verdict check(const BackendPlace& place) {
  const auto& ref = place.ref;
  const auto& where = place.where;
  const auto& ns = place.route.meta.ns;
  if (!is_service(ref))
    return Verdict::bad("InvalidKind", fmt::format("{}: {}{}{} cannot be a backend: use a Service", where,
                                                   ref.group, ref.group.empty() ? "" : "/", ref.kind));
  if (!is_local(place.route, ref))
    return Verdict::bad("RefNotPermitted",
                        fmt::format("{}: no ReferenceGrant permits namespace {} to use Service {}/{}: "
                                    "use a Service of namespace {}",
                                    where, ns, *ref.ns, ref.name, ns));
  if (!ref.port) return Verdict::bad("BackendNotFound", where + ".port: a Service needs a port: add it");
  if (!place.service)
    return Verdict::bad("BackendNotFound",
                        fmt::format("{}.name: there is no Service {}/{}: create it or correct the name",
                                    where, ns, ref.name));
  if (!find_port(*place.service, *ref.port))
    return Verdict::bad("BackendNotFound",
                        fmt::format("{}.port: Service {}/{} has no TCP port {}: use one of its ports", where,
                                    ns, ref.name, *ref.port));
  const auto& annotations = place.service->meta.annotations;
  const auto annotation = annotations.find(objects::kEndpointsAnnotation);
  if (annotation != annotations.end() && !parse_endpoints(annotation->second))
    return Verdict::bad(
        "BackendNotFound",
        fmt::format("{}: Service {}/{}: annotation {} is \"{}\": write it as 127.0.0.1:9001,127.0.0.1:9002",
                    where, ns, ref.name, objects::kEndpointsAnnotation, annotation->second));
  return {};
}

}  // namespace

ServicePointers services_of(const objects::HttpRoute& route,
                            const objects::ObjectMap<objects::Service>& services) {
  ServicePointers result;
  for (const auto& rule : route.rules) {
    for (const auto& ref : rule.backend_refs) {
      const bool usable = is_service(ref) && is_local(route, ref);
      const auto found = usable ? services.find(route.meta.ns + "/" + ref.name) : services.end();
      result.push_back(found == services.end() ? nullptr : found->second);
    }
  }
  return result;
}

ir::WeightedBackend to_backend(const BackendPlace& place, Findings& unresolved,
                               std::vector<BackendTarget>& targets) {
  ir::WeightedBackend backend;
  backend.weight = static_cast<std::uint32_t>(std::max(place.ref.weight, 0));
  const auto verdict = check(place);
  if (!verdict.ok) {
    backend.error_status = kInvalidBackendStatus;
    unresolved.add(verdict.reason, verdict.message);
    return backend;
  }
  backend.cluster = fmt::format("Service/{}/{}/{}", place.route.meta.ns, place.ref.name, *place.ref.port);
  targets.push_back({backend.cluster, place.service, *place.ref.port});
  return backend;
}

}  // namespace gatehouse::translate
