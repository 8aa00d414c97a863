// SPDX-License-Identifier: Apache-2.0
// Names and metadata that every Kubernetes object has, and the conditions its status carries.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::objects {

struct ObjectMeta {
  std::string name;
  std::string ns;  ///< "default" when a namespaced object names none; empty for cluster-scoped kinds
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::int64_t generation = 0;
  std::int64_t creation_timestamp = 0;  ///< Unix seconds; 0 = not given
  std::string uid;
  std::string resource_version;
  bool operator==(const ObjectMeta&) const = default;

  std::string full_name() const { return ns.empty() ? name : ns + "/" + name; }
};

/// metav1.Condition without lastTransitionTime, which whoever writes a status adds.
struct Condition {
  std::string type;
  std::string status;  ///< "True", "False", "Unknown"
  std::string reason;
  std::string message;
  std::int64_t observed_generation = 0;
  bool operator==(const Condition&) const = default;
};

}  // namespace gatehouse::objects
