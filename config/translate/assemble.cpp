// SPDX-License-Identifier: Apache-2.0
// The pass that puts the configuration together out of old parts and new.
#include <algorithm>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

const std::string& key_of(const ir::Listener& listener) {
  return listener.name;
}
const std::string& key_of(const ir::Cluster& cluster) {
  return cluster.key;
}

/// The part of `previous` that equals `part`, or `part`. Lists are sorted by key.
template <typename T>
std::shared_ptr<const T> reuse(std::shared_ptr<const T> part,
                               const std::vector<std::shared_ptr<const T>>& previous) {
  const auto before = [](const std::shared_ptr<const T>& a, const std::string& key) {
    return key_of(*a) < key;
  };
  const auto found = std::lower_bound(previous.begin(), previous.end(), key_of(*part), before);
  return found != previous.end() && **found == *part ? *found : part;
}

/// Routes of two kinds may have the same name.
template <typename Route>
auto rank_of(const Route& route) {
  return std::tie(route.age.created, route.age.name, route.key);
}

bool older(const ir::Attachment& a, const ir::Attachment& b) {
  return rank_of(*a.route) < rank_of(*b.route);
}

ir::ListenerProtocol protocol_of(const objects::GatewayListener& spec) {
  if (spec.protocol == "HTTPS") return ir::ListenerProtocol::https;
  if (spec.protocol == "TLS") return ir::ListenerProtocol::tls;
  if (spec.protocol == "TCP") return ir::ListenerProtocol::tcp;
  if (spec.protocol == "UDP") return ir::ListenerProtocol::udp;
  return ir::ListenerProtocol::http;
}

std::shared_ptr<const ir::Listener> to_listener(const GatewayDraft& gateway, const ListenerDraft& draft,
                                                const Options& options) {
  auto listener = std::make_shared<ir::Listener>();
  listener->name = draft.name;
  listener->gateway = gateway.object->meta.full_name();
  listener->binds = draft.binds;
  listener->advertised_port = static_cast<std::uint16_t>(draft.spec->port);
  listener->hostname = draft.hostname;
  listener->protocol = protocol_of(*draft.spec);
  const auto& headed = options.proxy_protocol_ports;
  if (std::find(headed.begin(), headed.end(), listener->advertised_port) != headed.end())
    listener->proxy_protocol = ir::ProxyProtocolIn::required;
  listener->tls = draft.tls;
  listener->limits = options.limits;
  listener->request_filters = draft.request_filters;
  for (const auto& attachment : draft.attachments) {
    const auto& outcome = attachment.outcome();
    if (outcome && outcome->route) listener->routes.push_back({outcome->route, attachment.hostnames});
    if (outcome && outcome->l4 && (draft.takes_many_routes() || &attachment == oldest_l4(draft)))
      listener->l4_routes.push_back({outcome->l4, attachment.hostnames});
  }
  std::sort(listener->routes.begin(), listener->routes.end(), older);
  std::sort(listener->l4_routes.begin(), listener->l4_routes.end(),
            [](const auto& a, const auto& b) { return rank_of(*a.route) < rank_of(*b.route); });
  return listener;
}

}  // namespace

void assemble(Draft& draft) {
  const ir::Config nothing;
  const auto& previous = draft.memo.previous ? *draft.memo.previous : nothing;
  auto config = std::make_shared<ir::Config>();
  for (const auto& gateway : draft.gateways)
    for (const auto& listener : gateway.listeners)
      if (gateway.serves(listener) && !gateway.is_served_elsewhere)
        config->listeners.push_back(reuse(to_listener(gateway, listener, draft.options), previous.listeners));
  std::sort(config->listeners.begin(), config->listeners.end(),
            [](const auto& a, const auto& b) { return a->name < b->name; });
  for (const auto& cluster : draft.clusters) config->clusters.push_back(reuse(cluster, previous.clusters));

  const bool unchanged =
      draft.memo.previous && config->listeners == previous.listeners && config->clusters == previous.clusters;
  draft.result.config = unchanged ? draft.memo.previous : std::move(config);
  draft.memo.previous = draft.result.config;
}

}  // namespace gatehouse::translate
