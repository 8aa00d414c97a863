// SPDX-License-Identifier: Apache-2.0
// The kinds that are watched in a cluster, and where an API server has them.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::controller {

struct WatchedKind {
  std::string_view kind;
  std::string_view group;  ///< "" = core
  std::string_view plural;
  std::array<std::string_view, 3> versions{};  ///< the best one first; empty: no more
  bool namespaced = true;
  bool optional = false;       ///< comes with a CRD that may be absent
  bool metadata_only = false;  ///< what it holds is fetched by whoever needs it
  bool writes_status = false;
};

std::span<const WatchedKind> watched_kinds();
/// nullptr when it is not watched.
const WatchedKind* find_watched_kind(std::string_view kind);

/// Which part of a cluster is watched.
struct WatchScope {
  std::vector<std::string> namespaces;  ///< empty: all
  std::string selector;                 ///< a labelSelector for namespaced kinds of Gateway API and ours
};

/// "gateway.networking.k8s.io/v1"; core: "v1".
std::string api_version(const WatchedKind& kind, std::string_view version);
/// "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"; `ns` empty: of all namespaces.
std::string collection_path(const WatchedKind& kind, std::string_view version, std::string_view ns);
/// "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/cart".
std::string object_path(const WatchedKind& kind, std::string_view version, std::string_view ns,
                        std::string_view name);
/// For a part of a query: everything but unreserved characters as %XX (RFC 3986 2.3).
std::string percent_encoded(std::string_view text);

}  // namespace gatehouse::controller
