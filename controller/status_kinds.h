// SPDX-License-Identifier: Apache-2.0
// The kinds whose status is ours.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "controller/status_diff.h"

namespace gatehouse::controller {

struct StatusKind {
  std::string_view kind;
  std::string_view plural;
};

/// In the order in which they are written.
inline constexpr std::array<StatusKind, 12> kStatusKinds = {{
    {"GatewayClass", "gatewayclasses"},
    {"Gateway", "gateways"},
    {"ListenerSet", "listenersets"},
    {"HTTPRoute", "httproutes"},
    {"GRPCRoute", "grpcroutes"},
    {"TLSRoute", "tlsroutes"},
    {"TCPRoute", "tcproutes"},
    {"UDPRoute", "udproutes"},
    {"XBackend", "xbackends"},
    {"BackendTLSPolicy", "backendtlspolicies"},
    {"XBackendTrafficPolicy", "xbackendtrafficpolicies"},
    {"BackendTrafficPolicy", "backendtrafficpolicies"},
}};

/// Its place in kStatusKinds.
std::optional<std::size_t> status_kind(std::string_view kind);
inline bool has_status_of_ours(std::string_view kind) {
  return status_kind(kind).has_value();
}

/// "/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME"; of a kind of ours.
std::string object_path(const ObjectKey& key, std::string_view api_version);

struct NamePair {
  std::string_view ns;  ///< empty: cluster-scoped
  std::string_view name;
};
NamePair split_name(std::string_view full_name);

}  // namespace gatehouse::controller
