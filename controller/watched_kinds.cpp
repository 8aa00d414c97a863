// SPDX-License-Identifier: Apache-2.0
// The table, and the paths that follow from it.
#include "controller/watched_kinds.h"

#include <fmt/format.h>

#include <algorithm>

namespace gatehouse::controller {
namespace {

constexpr std::string_view kCore;
constexpr std::string_view kGatewayGroup = "gateway.networking.k8s.io";
constexpr std::string_view kExperimentalGroup = "gateway.networking.x-k8s.io";
constexpr std::string_view kOwnGroup = "gatehouse.dev";

using Versions = std::array<std::string_view, 3>;

constexpr WatchedKind core_kind(std::string_view kind, std::string_view plural) {
  return {kind, kCore, plural, {"v1"}};
}

/// One that comes with Gateway API or with us.
constexpr WatchedKind crd_kind(std::string_view kind, std::string_view group, std::string_view plural,
                               Versions versions) {
  return {kind, group, plural, versions, true, true, false, true};
}

constexpr WatchedKind without_status(WatchedKind kind) {
  kind.writes_status = false;
  return kind;
}
constexpr WatchedKind cluster_scoped(WatchedKind kind) {
  kind.namespaced = false;
  return kind;
}
constexpr WatchedKind required(WatchedKind kind) {
  kind.optional = false;
  return kind;
}
constexpr WatchedKind only_metadata(WatchedKind kind) {
  kind.metadata_only = true;
  return kind;
}

constexpr auto kKinds = std::to_array<WatchedKind>({
    required(cluster_scoped(crd_kind("GatewayClass", kGatewayGroup, "gatewayclasses", {"v1", "v1beta1"}))),
    required(crd_kind("Gateway", kGatewayGroup, "gateways", {"v1", "v1beta1"})),
    crd_kind("ListenerSet", kGatewayGroup, "listenersets", {"v1"}),
    required(crd_kind("HTTPRoute", kGatewayGroup, "httproutes", {"v1", "v1beta1"})),
    crd_kind("GRPCRoute", kGatewayGroup, "grpcroutes", {"v1"}),
    crd_kind("TLSRoute", kGatewayGroup, "tlsroutes", {"v1", "v1alpha3", "v1alpha2"}),
    crd_kind("TCPRoute", kGatewayGroup, "tcproutes", {"v1", "v1alpha2"}),
    crd_kind("UDPRoute", kGatewayGroup, "udproutes", {"v1", "v1alpha2"}),
    without_status(crd_kind("ReferenceGrant", kGatewayGroup, "referencegrants", {"v1", "v1beta1"})),
    crd_kind("BackendTLSPolicy", kGatewayGroup, "backendtlspolicies", {"v1", "v1alpha3"}),
    crd_kind("XBackend", kExperimentalGroup, "xbackends", {"v1alpha1"}),
    crd_kind("XBackendTrafficPolicy", kExperimentalGroup, "xbackendtrafficpolicies", {"v1alpha1"}),
    crd_kind("BackendTrafficPolicy", kOwnGroup, "backendtrafficpolicies", {"v1alpha1"}),
    core_kind("Service", "services"),
    {"EndpointSlice", "discovery.k8s.io", "endpointslices", {"v1"}},
    cluster_scoped(core_kind("Namespace", "namespaces")),
    only_metadata(core_kind("Secret", "secrets")),
    only_metadata(core_kind("ConfigMap", "configmaps")),
});

}  // namespace

std::span<const WatchedKind> watched_kinds() {
  return kKinds;
}

const WatchedKind* find_watched_kind(std::string_view kind) {
  const auto* const found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& row) { return row.kind == kind; });
  return found == kKinds.end() ? nullptr : found;
}

std::string api_version(const WatchedKind& kind, std::string_view version) {
  return kind.group.empty() ? std::string(version) : fmt::format("{}/{}", kind.group, version);
}

std::string collection_path(const WatchedKind& kind, std::string_view version, std::string_view ns) {
  auto path = fmt::format("/{}/{}", kind.group.empty() ? "api" : "apis", api_version(kind, version));
  if (!ns.empty()) path += fmt::format("/namespaces/{}", percent_encoded(ns));
  return path + fmt::format("/{}", kind.plural);
}

std::string object_path(const WatchedKind& kind, std::string_view version, std::string_view ns,
                        std::string_view name) {
  return collection_path(kind, version, ns) + "/" + percent_encoded(name);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kUnreserved =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace gatehouse::controller
