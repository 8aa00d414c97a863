// SPDX-License-Identifier: Apache-2.0
// TLSRoutes, TCPRoutes and UDPRoutes as IR; which of them a listener serves.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "config/translate/route_translation.h"

namespace gatehouse::translate {
namespace {

BackendUse use_of(RouteKind kind) {
  return kind == RouteKind::udp ? BackendUse::datagram : BackendUse::stream;
}

/// What each backend of the route is for `use`; findings go into `outcome`.
RouteOutcome translate_for(const RouteDraft& route, BackendUse use, const BackendResolver& resolver) {
  RouteOutcome outcome;
  Findings unresolved;
  auto ir = std::make_shared<ir::L4Route>();
  ir->key = fmt::format("{}/{}", name_of(route.kind), route.object->meta.full_name());
  ir->age = {route.object->meta.creation_timestamp, route.object->meta.full_name()};
  const auto& refs = route.object->rules.front().backend_refs;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    auto& backend = ir->backends.emplace_back();
    backend.weight = static_cast<std::uint32_t>(std::max(refs[i].weight, 0));
    auto resolved = resolver.resolve(referrer_of(route.kind, *route.object), refs[i], use,
                                     fmt::format("{}: spec.rules[0].backendRefs[{}]", route.title(), i));
    if (!resolved.verdict.ok) unresolved.add(resolved.verdict.reason, resolved.verdict.message);
    outcome.secured.insert(outcome.secured.end(), resolved.secured.begin(), resolved.secured.end());
    if (!resolved.is_usable()) {
      backend.error_status = kInvalidBackendStatus;
      continue;
    }
    backend.cluster = resolved.target.cluster;
    outcome.targets.push_back(std::move(resolved.target));
  }
  outcome.resolved_refs = unresolved.verdict();
  outcome.l4 = std::move(ir);
  sort_out(outcome.secured);
  return outcome;
}

bool passes_through(const ListenerDraft& listener) {
  return listener.spec->tls && listener.spec->tls->mode == "Passthrough";
}

}  // namespace

RouteOutcome translate_l4(const RouteDraft& route, const BackendResolver& resolver) {
  auto outcome = translate_for(route, use_of(route.kind), resolver);
  if (route.kind != RouteKind::tls) return outcome;
  auto passthrough = translate_for(route, BackendUse::passthrough, resolver);
  if (*passthrough.l4 != *outcome.l4 || passthrough.secured != outcome.secured)
    outcome.passthrough = std::make_shared<const RouteOutcome>(std::move(passthrough));
  return outcome;
}

const AttachmentDraft* oldest_l4(const ListenerDraft& listener) {
  const AttachmentDraft* oldest = nullptr;
  for (const auto& attachment : listener.attachments) {
    const auto& outcome = attachment.outcome();
    if (!outcome || !outcome->l4) continue;
    const auto rank = [](const RouteOutcome& o) { return std::tie(o.l4->age.created, o.l4->age.name); };
    if (!oldest || rank(*outcome) < rank(*oldest->outcome())) oldest = &attachment;
  }
  return oldest;
}

void use_passthrough(Draft& draft) {
  for (auto& gateway : draft.gateways)
    for (auto& listener : gateway.listeners)
      for (auto& attachment : listener.attachments)
        if (attachment.route->outcome && attachment.route->outcome->passthrough && passes_through(listener))
          attachment.variant = attachment.route->outcome->passthrough;
}

}  // namespace gatehouse::translate
