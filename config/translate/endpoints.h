// SPDX-License-Identifier: Apache-2.0
// Where the endpoints of a Service port or of an XBackend come from.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/ir/cluster.h"
#include "config/objects/snapshot.h"
#include "config/translate/memo.h"

namespace gatehouse::translate {

/// Of EndpointSlices: which Service of their namespace they belong to.
inline constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";

/// The port of `service` with this number for TCP or for UDP, or null.
const objects::ServicePort* find_port(const objects::Service& service, std::int32_t number,
                                      Transport transport);

/// "ip:port,ip:port"; nullopt when an entry is something else.
std::optional<std::vector<ir::Endpoint>> parse_endpoints(std::string_view text);

/// EndpointSlices by what they belong to. Borrows the snapshot. Immutable.
class SliceIndex {
 public:
  using Slices = std::vector<const objects::EndpointSlice*>;

  explicit SliceIndex(const objects::Snapshot& snapshot);

  /// Of "namespace/name", by name of the slice.
  const Slices& of_service(std::string_view service) const;
  /// Slices whose own labels carry all of `labels`, and those of Services that select by them: what an
  /// XBackend's selector finds where pods are not known. By name, each once.
  Slices of_labels(const std::string& ns, const std::map<std::string, std::string>& labels) const;

 private:
  const objects::Snapshot& snapshot_;
  std::map<std::string, Slices, std::less<>> by_service_;
};

struct EndpointList {
  std::vector<ir::Endpoint> endpoints;  ///< sorted, without duplicates
  bool has_slices = false;
};

/// A Service: from EndpointSlices if there are any, else the annotation, else externalName, else the name of
/// a headless Service, else the ClusterIPs. An XBackend: its hostname, or the slices its selector finds.
/// `zone` may be empty. Endpoints that are shutting down are left out as long as there is a ready one.
/// In a cluster only EndpointSlices and names count, and nothing that would lead inside.
EndpointList endpoints_of(const BackendTarget& target, const SliceIndex& slices, const std::string& zone,
                          const Options& options);

/// Whether an endpoint at `address` would lead to the machine or the process itself, past whatever guards
/// them: what other people's objects may not do.
bool leads_inside(const SocketAddress& address, const Options& options);

}  // namespace gatehouse::translate
