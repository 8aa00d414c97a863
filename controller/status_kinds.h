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

/// In the order in which they are written.
inline constexpr std::array<std::string_view, 12> kStatusKinds = {"GatewayClass",
                                                                  "Gateway",
                                                                  "ListenerSet",
                                                                  "HTTPRoute",
                                                                  "GRPCRoute",
                                                                  "TLSRoute",
                                                                  "TCPRoute",
                                                                  "UDPRoute",
                                                                  "XBackend",
                                                                  "BackendTLSPolicy",
                                                                  "XBackendTrafficPolicy",
                                                                  "BackendTrafficPolicy"};

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
