// SPDX-License-Identifier: Apache-2.0
// How backends are reached over TLS: BackendTLSPolicy (gateway.networking.k8s.io/v1, v1alpha3) and the part
// of it that XBackend has too.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/metadata.h"
#include "config/objects/references.h"

namespace gatehouse::objects {

struct SubjectAltName {
  std::string type;   ///< Hostname, URI
  std::string value;  ///< of the field of that type
  bool operator==(const SubjectAltName&) const = default;
};

/// How the backend's certificate is checked.
struct BackendTlsValidation {
  std::vector<LocalObjectReference> ca_certificate_refs;
  std::optional<std::string> well_known_ca_certificates;  ///< exactly one of these two is given
  std::string hostname;                                   ///< server name; also checked if no other name is
  std::vector<SubjectAltName> subject_alt_names;
  bool operator==(const BackendTlsValidation&) const = default;
};

struct BackendTlsPolicy {
  static constexpr const char* kKind = "BackendTLSPolicy";
  ObjectMeta meta;
  std::vector<PolicyTargetReference> target_refs;
  BackendTlsValidation validation;
  std::map<std::string, std::string> options;
  bool operator==(const BackendTlsPolicy&) const = default;
};

}  // namespace gatehouse::objects
