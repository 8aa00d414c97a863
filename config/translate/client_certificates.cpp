// SPDX-License-Identifier: Apache-2.0
// The pass that gives clusters the client certificate of the Gateway they are reached through: such clusters
// are the Gateway's own.
#include <fmt/format.h>

#include <set>

#include "config/translate/certificates.h"
#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

/// Changes what one Gateway serves; lives for that only.
class OwnClusters {
 public:
  explicit OwnClusters(const GatewayDraft& gateway)
      : certificate_(gateway.backend_certificate),
        suffix_("@certificate/" + gateway.object->meta.full_name()) {}

  /// Whether any of them is spoken to over TLS. XBackends that have a certificate keep it.
  bool change(std::vector<BackendTarget>& targets) {
    bool any = false;
    for (auto& target : targets) {
      if (!target.tls || target.tls->client_certificate) continue;
      auto tls = std::make_shared<ir::ClusterTls>(*target.tls);
      tls->client_certificate = certificate_;
      changed_.insert(target.cluster);
      target.tls = std::move(tls);
      target.cluster += suffix_;
      any = true;
    }
    return any;
  }

  void rename(std::string& cluster) const {
    if (changed_.contains(cluster)) cluster += suffix_;
  }

  void rename(std::vector<std::shared_ptr<const ir::ExternalAuth>>& filters) const {
    for (auto& filter : filters) {
      if (!changed_.contains(filter->cluster)) continue;
      auto own = std::make_shared<ir::ExternalAuth>(*filter);
      rename(own->cluster);
      filter = std::move(own);
    }
  }

  void rename(ir::Filters& filters) const {
    for (auto& mirror : filters.mirrors) rename(mirror.cluster);
    rename(filters.external_auth);
  }

  std::shared_ptr<const RouteOutcome> own(const RouteOutcome& outcome) {
    auto result = std::make_shared<RouteOutcome>(outcome);
    if (!change(result->targets)) return nullptr;
    if (outcome.route) result->route = own(*outcome.route);
    if (outcome.l4) result->l4 = own(*outcome.l4);
    return result;
  }

 private:
  std::shared_ptr<const ir::HttpRoute> own(const ir::HttpRoute& route) const {
    auto result = std::make_shared<ir::HttpRoute>(route);
    for (auto& rule : result->rules) {
      rename(rule.filters);
      for (auto& backend : rule.backends) {
        rename(backend.cluster);
        rename(backend.filters);
      }
    }
    return result;
  }

  std::shared_ptr<const ir::L4Route> own(const ir::L4Route& route) const {
    auto result = std::make_shared<ir::L4Route>(route);
    for (auto& backend : result->backends) rename(backend.cluster);
    return result;
  }

  std::shared_ptr<const ir::Certificate> certificate_;
  std::string suffix_;
  std::set<std::string, std::less<>> changed_;
};

void change(const GatewayDraft& gateway, ListenerDraft& listener) {
  OwnClusters filters(gateway);
  if (filters.change(listener.filter_targets)) filters.rename(listener.request_filters);
  for (auto& attachment : listener.attachments) {
    const auto& outcome = attachment.outcome();
    if (!outcome || !outcome->is_served()) continue;
    if (auto own = OwnClusters(gateway).own(*outcome)) attachment.variant = std::move(own);
  }
}

}  // namespace

void client_certificates(Draft& draft) {
  for (auto& gateway : draft.gateways) {
    if (!gateway.backend_certificate) continue;
    for (auto& listener : gateway.listeners) change(gateway, listener);
  }
}

void gateway_certificates(Draft& draft) {
  for (auto& gateway : draft.gateways) {
    const auto& object = *gateway.object;
    const auto& ref = object.tls.backend_client_certificate;
    if (!ref) continue;
    auto resolved = resolve_certificate(
        draft.snapshot, draft.backend_refs.grants(),
        {{objects::kGatewayGroup, objects::Gateway::kKind, object.meta.ns},
         *ref,
         fmt::format("Gateway {}: spec.tls.backend.clientCertificateRef", object.meta.full_name()),
         "InvalidClientCertificateRef"});
    gateway.resolved_refs = std::move(resolved.verdict);
    gateway.backend_certificate = std::move(resolved.certificate);
  }
}

}  // namespace gatehouse::translate
