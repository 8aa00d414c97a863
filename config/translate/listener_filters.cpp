// SPDX-License-Identifier: Apache-2.0
// The pass over filters.requests of listeners (GEP-5224): what is asked before a route is looked for.
#include <fmt/format.h>

#include "config/translate/draft.h"
#include "config/translate/route_filters.h"

namespace gatehouse::translate {
namespace {

Referrer referrer_of(const GatewayDraft& gateway, const ListenerDraft& listener) {
  return {objects::kGatewayGroup, listener.set ? objects::ListenerSet::kKind : objects::Gateway::kKind,
          owner_of(gateway, listener).ns};
}

void add_all(Findings& to, const Findings& from, std::string_view reason) {
  if (!from.empty()) to.add(reason, from.verdict().message);
}

/// The order in the list is the order of the questions. A filter that cannot be asked is not passed over: it
/// refuses every request, or the whole listener.
class ListenerFilters {
 public:
  ListenerFilters(const BackendResolver& resolver, const GatewayDraft& gateway, ListenerDraft& listener)
      : resolver_(resolver), gateway_(gateway), listener_(listener) {}

  void run() {
    const auto& filters = listener_.spec->request_filters;
    const auto place = place_of(gateway_, listener_);
    if (!listener_.resolved_refs.ok)
      unresolved_.add(listener_.resolved_refs.reason, listener_.resolved_refs.message);
    for (std::size_t i = 0; i < filters.size(); ++i)
      add(filters[i], fmt::format("{}: filters.requests[{}]", place, i));
    if (!unsupported_.empty()) listener_.accepted = unsupported_.verdict();
    listener_.resolved_refs = unresolved_.verdict();
  }

 private:
  void add(const objects::ListenerFilter& filter, const std::string& where) {
    if (!filter.external_auth)
      return unsupported_.add(
          "UnsupportedValue",
          fmt::format("{}.type: {} is not served by this version: use ExternalAuth", where, filter.type));
    Findings unsupported;
    Findings unresolved;
    const FilterContext context{resolver_,  referrer_of(gateway_, listener_), unsupported,
                                unresolved, listener_.filter_targets,         listener_.filter_secured};
    if (auto name = resolver_.x_backend_of(context.from, filter.external_auth->backend_ref))
      listener_.filter_x_backends.push_back(std::move(*name));
    listener_.request_filters.push_back(std::make_shared<const ir::ExternalAuth>(
        to_external_auth(*filter.external_auth, where + ".externalAuth", context)));
    add_all(unsupported_, unsupported, "UnsupportedValue");
    const bool forbidden = unresolved.verdict().reason == "RefNotPermitted";
    add_all(unresolved_, unresolved, forbidden ? "RefNotPermitted" : "InvalidListenerFilterRef");
  }

  const BackendResolver& resolver_;
  const GatewayDraft& gateway_;
  ListenerDraft& listener_;
  Findings unsupported_;
  Findings unresolved_;
};

}  // namespace

void listener_filters(Draft& draft) {
  for (auto& gateway : draft.gateways) {
    for (auto& listener : gateway.listeners) {
      if (!listener.accepted.ok || listener.spec->request_filters.empty()) continue;
      ListenerFilters(draft.backend_refs, gateway, listener).run();
    }
  }
}

}  // namespace gatehouse::translate
