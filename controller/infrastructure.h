// SPDX-License-Identifier: Apache-2.0
// What is made in the cluster for each Gateway: computed from what is known, written by the provisioner.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/objects/snapshot.h"
#include "config/objects/status.h"
#include "config/translate/address_modes.h"

namespace gatehouse::controller {

inline constexpr const char* kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr const char* kManagedBy = "gatehouse";
/// Which installation made an object: what another one made is not ours to delete.
inline constexpr const char* kInstallationLabel = "gatehouse.dev/installation";
/// In spec.infrastructure.annotations of a Gateway with a Service of its own: the type of that Service.
inline constexpr const char* kServiceTypeAnnotation = "gatehouse.dev/service-type";
/// In spec.infrastructure.annotations of a dedicated Gateway: how many pods; without it nobody sets it.
inline constexpr const char* kReplicasAnnotation = "gatehouse.dev/replicas";

/// Constant for the life of the process.
struct InfrastructureOptions {
  translate::AddressMode mode = translate::AddressMode::pool;
  std::string controller_name;
  std::string own_namespace;            ///< of this process
  std::vector<std::string> namespaces;  ///< that are watched; empty: all
  /// shared: what this process' pods carry, for the selector of Services.
  std::map<std::string, std::string> pod_labels{{"app.kubernetes.io/name", "gatehouse"}};
  std::string image;                        ///< dedicated
  std::vector<std::string> arguments;       ///< dedicated: more of them for `gatehouse run`
  std::uint16_t admin_port = 9901;          ///< dedicated: where probes ask
  std::chrono::seconds drain_timeout{300};  ///< dedicated: pods get somewhat longer to end
  /// Whether what it did not make itself goes when no Gateway wants it. Not where only a part of the Gateways
  /// is looked at: it could be another part's.
  bool removes_strays = true;

  std::string installation() const;  ///< value of kInstallationLabel
};

struct GatewayPort {
  std::uint16_t port = 0;
  bool is_udp = false;
  auto operator<=>(const GatewayPort&) const = default;
};

/// The part of a snapshot that infrastructure depends on; cheap to make and to compare.
struct InfrastructureInput {
  struct Entry {
    std::shared_ptr<const objects::Gateway> gateway;
    std::vector<GatewayPort> ports;  ///< of its listeners and its ListenerSets'; sorted, each once
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> gateways;                                    ///< those of our classes, by name
  std::vector<std::shared_ptr<const objects::Service>> services;  ///< made for them, by name
  bool operator==(const InfrastructureInput&) const = default;
};

/// `statuses` say which Gateways are ours.
InfrastructureInput infrastructure_input(const objects::Snapshot& snapshot, const objects::Statuses& statuses,
                                         const InfrastructureOptions& options);

/// One object as it should be: an apply configuration.
struct InfrastructureObject {
  std::string collection;  ///< "/api/v1/namespaces/default/serviceaccounts"
  std::string name;
  std::string title;  ///< for messages: "ServiceAccount default/web-gatehouse"
  std::string body;   ///< JSON; equal objects have equal bodies
  bool operator==(const InfrastructureObject&) const = default;

  std::string path() const { return collection + "/" + name; }
};

/// Deterministic; sorted by path. Target ports that Services already have stay as they are.
std::vector<InfrastructureObject> desired_infrastructure(const InfrastructureInput& input,
                                                         const InfrastructureOptions& options);

/// Collections that can hold objects of ours, to find those that should not be there any more.
std::vector<std::string> infrastructure_collections(const InfrastructureOptions& options);

}  // namespace gatehouse::controller
