// SPDX-License-Identifier: Apache-2.0
// What one translation remembers for the next.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/ir/config.h"
#include "config/objects/snapshot.h"
#include "config/translate/cluster_settings.h"
#include "config/translate/translate.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// What a Service port carries: TCP or UDP.
enum class Transport : std::uint8_t { stream, datagram };

/// A Service port or an XBackend that requests are sent to: exactly one of the two objects is set.
struct BackendTarget {
  std::string cluster;  ///< what follows an '@' sets it apart from other uses of the same backend
  std::shared_ptr<const objects::Service> service;
  std::shared_ptr<const objects::XBackend> x_backend;
  std::int32_t port = 0;
  Transport transport = Transport::stream;
  ir::ClusterProtocol protocol = ir::ClusterProtocol::http1;
  std::shared_ptr<const ir::ClusterTls> tls;        ///< null: plaintext
  std::shared_ptr<const ClusterSettings> settings;  ///< null: what the options say
};

/// A port of a Service by its name ("" when it has none), as policies name it.
struct ServicePortName {
  std::string service;  ///< "namespace/name"
  std::string port;
  auto operator<=>(const ServicePortName&) const = default;
};

/// What became of one route, whichever listeners it is attached to.
struct RouteOutcome {
  std::shared_ptr<const ir::HttpRoute> route;  ///< null when not accepted, and for routes below HTTP
  std::shared_ptr<const ir::L4Route> l4;       ///< of those
  Verdict accepted;
  Verdict partially_invalid;  ///< not ok: some rules were dropped, others are served
  Verdict resolved_refs;
  std::vector<BackendTarget> targets;
  std::vector<ServicePortName> secured;  ///< with a BackendTLSPolicy, usable or not; sorted, each once
  /// A TLSRoute where TLS is passed through: what policies say about it does not count there. Null: the same.
  std::shared_ptr<const RouteOutcome> passthrough;

  bool is_served() const { return route || l4; }
};

/// Everything an outcome was made from, in a fixed order; null where something was looked for in vain.
/// Holding the objects makes comparing their addresses safe: no other object can come to live there.
using Inputs = std::vector<std::shared_ptr<const void>>;

/// A route of another kind in the form of an HTTPRoute.
struct RouteForm {
  std::shared_ptr<const void> source;
  std::shared_ptr<const objects::HttpRoute> form;
};

using RouteForms = std::map<std::string, RouteForm, std::less<>>;  ///< by RouteName::key()

/// What a Secret held when it was last of use.
struct CertificateEntry {
  std::shared_ptr<const objects::Secret> secret;
  std::shared_ptr<const ir::Certificate> certificate;
  std::int64_t not_after = 0;  ///< Unix seconds
};

struct PolicyMemo;
class BackendTlsPolicies;
class ShortWays;

/// Owned by whoever calls translate.
class Memo {
 public:
  struct RouteEntry {
    std::shared_ptr<const objects::HttpRoute> object;  ///< or the form of another kind of route
    Inputs inputs;                                     ///< besides the route: backends, ReferenceGrants
    std::shared_ptr<const RouteOutcome> outcome;
  };

  std::map<std::string, RouteEntry, std::less<>> routes;              ///< by RouteName::key()
  RouteForms forms;                                                   ///< none of HTTPRoutes
  std::map<std::string, CertificateEntry, std::less<>> certificates;  ///< by Secret
  std::shared_ptr<const BackendTlsPolicies> backend_tls;
  std::shared_ptr<PolicyMemo> policies;
  std::shared_ptr<ShortWays> short_ways;
  std::shared_ptr<const ir::Config> previous;
  MemoCounts counts;
};

}  // namespace gatehouse::translate
