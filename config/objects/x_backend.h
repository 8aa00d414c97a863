// SPDX-License-Identifier: Apache-2.0
// XBackend (gateway.networking.x-k8s.io/v1alpha1): a backend that is a DNS name or the pods of a selector.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/backend_tls.h"
#include "config/objects/metadata.h"
#include "config/objects/references.h"
#include "config/objects/session_persistence.h"

namespace gatehouse::objects {

struct XBackendTls {
  std::string mode = "None";  ///< None, ServerOnly, ClientAndServer
  std::optional<SecretObjectReference> client_certificate_ref;
  std::optional<BackendTlsValidation> validation;
  bool operator==(const XBackendTls&) const = default;
};

struct XBackend {
  static constexpr const char* kKind = "XBackend";
  ObjectMeta meta;
  std::string type;                                       ///< ExternalHostname, EndpointSelector
  std::optional<std::int32_t> port;                       ///< port.number
  std::string hostname;                                   ///< externalHostname.hostname
  std::map<std::string, std::string> match_labels;        ///< endpointSelector.matchLabels
  std::optional<SessionPersistence> session_persistence;  ///< only with EndpointSelector
  std::optional<std::string> protocol;                    ///< TCP, HTTP, HTTP2, HTTP11, H2C, MCP, GRPC, WSS
  XBackendTls tls;
  bool operator==(const XBackend&) const = default;
};

}  // namespace gatehouse::objects
