// SPDX-License-Identifier: Apache-2.0
// The workpiece that the passes of translate hand on, each adding its part.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/translate/backend_refs.h"
#include "config/translate/memo.h"
#include "config/translate/translate.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

struct RouteDraft;

/// A route on a listener, as the attach pass decided.
struct AttachmentDraft {
  const RouteDraft* route = nullptr;
  std::vector<std::string> hostnames;
};

struct ListenerDraft {
  const objects::GatewayListener* spec = nullptr;
  std::string name;      ///< "namespace/gateway/listener"
  std::string hostname;  ///< lower case
  Verdict accepted;
  Verdict conflict;  ///< not ok: conflicted
  Verdict resolved_refs;
  std::vector<objects::RouteGroupKind> supported_kinds;
  std::vector<SocketAddress> binds;
  std::vector<std::shared_ptr<const ir::ExternalAuth>> request_filters;
  std::vector<BackendTarget> filter_targets;  ///< what the request filters ask
  std::vector<AttachmentDraft> attachments;

  bool is_valid() const { return accepted.ok && conflict.ok; }
};

struct GatewayDraft {
  std::shared_ptr<const objects::Gateway> object;
  std::string controller_name;
  Verdict accepted;                                ///< of the Gateway as a whole, its listeners left aside
  Verdict addressed;                               ///< why it lacks (some of) its addresses
  std::vector<objects::GatewayAddress> addresses;  ///< for the status
  std::vector<IpAddress> binds;
  std::vector<ListenerDraft> listeners;

  bool serves(const ListenerDraft& listener) const {
    return accepted.ok && listener.is_valid() && !listener.binds.empty();
  }
};

/// One parentRef that names a Gateway of ours.
struct ParentDraft {
  const objects::ParentReference* ref = nullptr;
  const GatewayDraft* gateway = nullptr;
  Verdict attached;
  std::vector<const ListenerDraft*> listeners;
};

struct RouteDraft {
  std::shared_ptr<const objects::HttpRoute> object;
  std::vector<ParentDraft> parents;             ///< never empty
  std::shared_ptr<const RouteOutcome> outcome;  ///< null until the http_routes pass ran
};

/// Passes only append to `gateways` and `routes` before anybody points into them.
struct Draft {
  const objects::Snapshot& snapshot;
  const Options& options;
  Memo& memo;
  std::vector<GatewayDraft> gateways;  ///< oldest first, then by name
  std::vector<RouteDraft> routes;      ///< by name
  std::vector<std::shared_ptr<const ir::Cluster>> clusters;
  Translation result;
  BackendResolver backend_refs{snapshot};  ///< for whatever names a backend

  void warn(std::string object, std::string field, std::string reason, std::string fix) {
    result.warnings.push_back({objects::Severity::warning,
                               std::move(object),
                               std::move(field),
                               std::move(reason),
                               std::move(fix),
                               {}});
  }
};

struct Pass {
  const char* name;
  void (*run)(Draft&);
};

/// All passes in their order. Leaving one out is safe, only wrong.
std::span<const Pass> translate_passes();
Translation run_passes(std::span<const Pass> passes, const objects::Snapshot& snapshot,
                       const Options& options, Memo* memo);

/// Decides which classes are ours; their statuses.
void gateway_classes(Draft& draft);
/// Takes up the Gateways of our classes.
void gateways(Draft& draft);
/// Checks each listener by itself.
void listeners(Draft& draft);
/// Finds listeners of one Gateway that cannot be told apart: none of them is served.
void listener_conflicts(Draft& draft);
/// Gives each Gateway its addresses, each listener its sockets.
void addresses(Draft& draft);
/// Settles listeners of different Gateways that want the same socket and hostname: the oldest Gateway has it.
void shared_sockets(Draft& draft);
/// Binds routes to the listeners their parentRefs select.
void attach(Draft& draft);
/// Turns each route's rules into IR.
void http_routes(Draft& draft);
/// Collects the endpoints of every Service port that a route uses.
void backends(Draft& draft);
/// Puts the configuration together; what equals the previous one is the same object.
void assemble(Draft& draft);
/// Says about every object what became of it.
void conditions(Draft& draft);

}  // namespace gatehouse::translate
