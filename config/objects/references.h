// SPDX-License-Identifier: Apache-2.0
// How objects name each other and select each other: shared by all kinds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::objects {

inline constexpr const char* kGatewayGroup = "gateway.networking.k8s.io";
inline constexpr const char* kExperimentalGroup = "gateway.networking.x-k8s.io";
inline constexpr const char* kOwnGroup = "gatehouse.dev";

/// Of a route to a Gateway, ListenerSet or Service; also names the ancestor in the status of a policy.
struct ParentReference {
  std::string group = kGatewayGroup;
  std::string kind = "Gateway";
  std::optional<std::string> ns;
  std::string name;
  std::optional<std::string> section_name;
  std::optional<std::int32_t> port;
  bool operator==(const ParentReference&) const = default;
};

/// Something that takes requests: a Service, an XBackend. Decode refuses a Service without a port.
struct BackendObjectReference {
  std::string group;  ///< "" = core
  std::string kind = "Service";
  std::optional<std::string> ns;
  std::string name;
  std::optional<std::int32_t> port;
  bool operator==(const BackendObjectReference&) const = default;
};

struct SecretObjectReference {
  std::string group;  ///< "" = core
  std::string kind = "Secret";
  std::optional<std::string> ns;
  std::string name;
  bool operator==(const SecretObjectReference&) const = default;
};

/// Group and kind are always written out.
struct ObjectReference {
  std::string group;
  std::string kind;
  std::optional<std::string> ns;
  std::string name;
  bool operator==(const ObjectReference&) const = default;
};

/// In the namespace of the object that has it.
struct LocalObjectReference {
  std::string group;
  std::string kind;
  std::string name;
  bool operator==(const LocalObjectReference&) const = default;
};

/// What a policy is for, in the policy's own namespace. `section_name` is a listener or a rule.
struct PolicyTargetReference {
  std::string group;
  std::string kind;
  std::string name;
  std::optional<std::string> section_name;
  bool operator==(const PolicyTargetReference&) const = default;
};

struct LabelSelectorRequirement {
  std::string key;
  std::string op;  ///< In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;
  bool operator==(const LabelSelectorRequirement&) const = default;
};

struct LabelSelector {
  std::map<std::string, std::string> match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;
  bool operator==(const LabelSelector&) const = default;
};

}  // namespace gatehouse::objects
