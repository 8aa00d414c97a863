// SPDX-License-Identifier: Apache-2.0
// The workpiece that the passes of translate hand on, each adding its part.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/translate/backend_refs.h"
#include "config/translate/memo.h"
#include "config/translate/policies/attachment.h"
#include "config/translate/route_forms.h"
#include "config/translate/translate.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

struct RouteDraft;
struct ListenerSetDraft;
struct PolicyDraft;

/// A route on a listener, as the attach pass decided.
struct AttachmentDraft {
  const RouteDraft* route = nullptr;
  std::vector<std::string> hostnames;
  /// The route as policies and the listener change it here; null: as it is.
  std::shared_ptr<const RouteOutcome> variant = nullptr;

  /// What is served here; null until the routes pass ran.
  const std::shared_ptr<const RouteOutcome>& outcome() const;
};

struct ListenerDraft {
  const objects::GatewayListener* spec = nullptr;
  const ListenerSetDraft* set = nullptr;  ///< whose entry it is; null for one of the Gateway's own
  std::string name;      ///< "namespace/gateway/listener", or "namespace/gateway/set-namespace/set/listener"
  std::string hostname;  ///< lower case
  Verdict accepted;
  Verdict conflict;  ///< not ok: conflicted
  Verdict resolved_refs;
  Verdict overlap;  ///< not ok: clients could take its certificate for another listener's, and the reverse
  Verdict usable;   ///< not ok: accepted, but it cannot be served as it is
  std::shared_ptr<const ir::ListenerTls> tls;  ///< HTTPS and TLS
  std::vector<objects::RouteGroupKind> supported_kinds;
  std::vector<SocketAddress> binds;
  std::vector<std::shared_ptr<const ir::ExternalAuth>> request_filters;
  std::vector<BackendTarget> filter_targets;  ///< what the request filters ask
  std::vector<ServicePortName> filter_secured;
  std::vector<std::string> filter_x_backends;  ///< that they may use
  std::vector<AttachmentDraft> attachments;

  bool is_valid() const { return accepted.ok && conflict.ok; }
  /// False: nothing tells connections or datagrams apart, so that one route has them all.
  bool takes_many_routes() const { return spec->protocol != "TCP" && spec->protocol != "UDP"; }
};

struct GatewayDraft {
  std::shared_ptr<const objects::Gateway> object;
  std::string controller_name;
  objects::ParentReference as_parent;              ///< how routes that ask for default Gateways refer to it
  Verdict accepted;                                ///< of the Gateway as a whole, its listeners left aside
  Verdict addressed;                               ///< not ok: not programmed, for the lack of an address
  Verdict addresses_assigned;                      ///< not ok: some or all requested addresses are missing
  std::vector<objects::GatewayAddress> addresses;  ///< for the status
  std::vector<IpAddress> binds;
  bool is_served_elsewhere = false;  ///< by pods of its own: nothing of it goes into the configuration
  Verdict resolved_refs;             ///< of the Gateway itself: its client certificate
  std::shared_ptr<const ir::Certificate> backend_certificate;  ///< null: none is sent to backends
  std::vector<ListenerDraft> listeners;  ///< its own first, then those of its ListenerSets by precedence
  std::size_t own_listeners = 0;

  std::span<ListenerDraft> own() { return std::span(listeners).first(own_listeners); }
  std::span<const ListenerDraft> own() const { return std::span(listeners).first(own_listeners); }
  /// A Gateway without a good listener of its own carries no ListenerSet either.
  bool is_accepted() const;
  bool serves(const ListenerDraft& listener) const {
    return accepted.ok && listener.is_valid() && listener.usable.ok &&
           (!listener.binds.empty() || is_served_elsewhere) && (!listener.set || is_accepted());
  }
};

/// A ListenerSet whose parentRef names a Gateway of ours.
struct ListenerSetDraft {
  std::shared_ptr<const objects::ListenerSet> object;
  GatewayDraft* gateway = nullptr;
  Verdict allowed;  ///< not ok: the Gateway does not let it attach, and its listeners are not taken up
  std::size_t first_listener = 0;  ///< of its listeners among those of the Gateway
  std::size_t listener_count = 0;

  std::span<ListenerDraft> listeners() const {
    return std::span(gateway->listeners).subspan(first_listener, listener_count);
  }
};

/// One parentRef that names a Gateway of ours or a ListenerSet on one; or a default Gateway.
struct ParentDraft {
  const objects::ParentReference* ref = nullptr;
  const GatewayDraft* gateway = nullptr;
  const ListenerSetDraft* set = nullptr;  ///< null: the Gateway itself is the parent
  Verdict attached;
  std::vector<const ListenerDraft*> listeners;
};

struct RouteDraft {
  RouteKind kind = RouteKind::http;
  std::shared_ptr<const objects::HttpRoute> object;  ///< routes of other kinds: in that form
  std::vector<ParentDraft> parents;                  ///< never empty
  std::shared_ptr<const RouteOutcome> outcome;       ///< null until the routes pass ran
  PolicyUses uses;                                   ///< on all of its listeners together
  std::vector<std::string> x_backends;  ///< that it may use; set by the routes pass, sorted, each once

  RouteName name() const { return {kind, object->meta.full_name()}; }
  std::string title() const { return name().title(); }
  std::string key() const { return name().key(); }
};

inline const std::shared_ptr<const RouteOutcome>& AttachmentDraft::outcome() const {
  return variant ? variant : route->outcome;
}

/// Passes only append to `gateways`, `listener_sets` and `routes` before anybody points into them.
struct Draft {
  const objects::Snapshot& snapshot;
  const Options& options;
  Memo& memo;
  std::vector<GatewayDraft> gateways;           ///< oldest first, then by name
  std::vector<ListenerSetDraft> listener_sets;  ///< oldest first, then by name
  std::vector<RouteDraft> routes;               ///< by kind, then by name
  std::shared_ptr<PolicyDraft> policies;        ///< null when there is no policy
  std::vector<std::shared_ptr<const ir::Cluster>> clusters;
  Translation result;
  BackendResolver backend_refs{snapshot, memo};  ///< for whatever names a backend
  /// Null: the draft is of all routes. Else of these alone, some of which may be gone; what the memo knows of
  /// the others stays.
  const RouteNames* only = nullptr;

  /// What still works otherwise, or could mend itself.
  void warn(std::string object, std::string field, std::string reason, std::string fix) {
    report(objects::Severity::warning, std::move(object), std::move(field), std::move(reason),
           std::move(fix));
  }
  /// What never serves as it is written, though no status can say so.
  void fail(std::string object, std::string field, std::string reason, std::string fix) {
    report(objects::Severity::error, std::move(object), std::move(field), std::move(reason), std::move(fix));
  }

 private:
  void report(objects::Severity severity, std::string object, std::string field, std::string reason,
              std::string fix) {
    result.warnings.push_back(
        {severity, std::move(object), std::move(field), std::move(reason), std::move(fix), {}});
  }
};

/// The one that serves a listener which takes one route only; null when there is none.
const AttachmentDraft* oldest_l4(const ListenerDraft& listener);
/// The Gateway or ListenerSet that has the listener.
const objects::ObjectMeta& owner_of(const GatewayDraft& gateway, const ListenerDraft& listener);
/// "Gateway namespace/name: listener x": how messages begin.
std::string place_of(const GatewayDraft& gateway, const ListenerDraft& listener);

struct Pass {
  const char* name;
  void (*run)(Draft&);
};

/// Of one Gateway with its ListenerSets. Owners of ListenerSets cannot use it up without end.
inline constexpr std::size_t kMaxListenersPerGateway = 1024;

/// All passes in their order. Leaving one out is safe, only wrong.
std::span<const Pass> translate_passes();
Draft make_draft(const objects::Snapshot& snapshot, const Options& options, Memo& memo);
Translation run_passes(std::span<const Pass> passes, const objects::Snapshot& snapshot,
                       const Options& options, Memo* memo);

/// Decides which classes are ours; their statuses.
void gateway_classes(Draft& draft);
/// Takes up the Gateways of our classes.
void gateways(Draft& draft);
/// Adds the listeners of ListenerSets to the Gateways that let them attach.
void listener_sets(Draft& draft);
/// Checks each listener by itself.
void listeners(Draft& draft);
/// Gives HTTPS and TLS listeners their certificates.
void listener_tls(Draft& draft);
/// Finds listeners of one Gateway that cannot be told apart. Among its own, none is served; an entry of a
/// ListenerSet loses to whatever comes before it.
void listener_conflicts(Draft& draft);
/// Turns the filters of listeners into IR.
void listener_filters(Draft& draft);
/// Gives each Gateway its addresses, each listener its sockets.
void addresses(Draft& draft);
/// Settles listeners of different Gateways that want the same socket and hostname: the oldest Gateway has it.
void shared_sockets(Draft& draft);
/// Finds listeners of one Gateway whose certificates could be taken for each other's.
void overlaps(Draft& draft);
/// Binds routes to the listeners their parentRefs select.
void attach(Draft& draft);
/// Attaches policies to their targets.
void policies(Draft& draft);
/// Turns each route's rules into IR.
void routes(Draft& draft);
/// Changes routes and clusters as policies say, listener by listener.
void policy_variants(Draft& draft);
/// Reads the client certificates of Gateways.
void gateway_certificates(Draft& draft);
/// Gives the clusters that a Gateway reaches over TLS its client certificate.
void client_certificates(Draft& draft);
/// Collects the endpoints of every Service port that a route uses.
void backends(Draft& draft);
/// Puts the configuration together; what equals the previous one is the same object.
void assemble(Draft& draft);
/// Says what became of every Gateway and ListenerSet.
void gateway_conditions(Draft& draft);
/// Says what became of every route.
void conditions(Draft& draft);
objects::RouteStatus status_of(const RouteDraft& route);
/// Says what became of every policy.
void policy_statuses(Draft& draft);
/// The same for BackendTLSPolicies and XBackends, Gateway by Gateway.
void backend_tls_statuses(Draft& draft);
void x_backend_statuses(Draft& draft);

}  // namespace gatehouse::translate
