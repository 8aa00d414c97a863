// SPDX-License-Identifier: Apache-2.0
// Stable text of a configuration. Each route is written once, however many listeners serve it.
#include <algorithm>
#include <map>

#include "config/ir/config.h"
#include "config/ir/dump_parts.h"
#include "config/ir/words.h"

namespace gatehouse::ir {

namespace {

void dump(YamlText& out, const Http2Limits& limits) {
  const Http2Limits standard;
  if (limits == standard) return;
  out.open("http2");
#define GATEHOUSE_LIMIT(member) number_unless(out, #member, limits.member, standard.member)
  GATEHOUSE_LIMIT(max_concurrent_streams);
  GATEHOUSE_LIMIT(stream_window);
  GATEHOUSE_LIMIT(connection_window);
  GATEHOUSE_LIMIT(max_resets);
  GATEHOUSE_LIMIT(max_stream_errors);
  GATEHOUSE_LIMIT(max_control_frames);
  GATEHOUSE_LIMIT(max_continuations);
  GATEHOUSE_LIMIT(max_settings_entries);
  GATEHOUSE_LIMIT(flood_window);
  GATEHOUSE_LIMIT(settings_timeout);
  GATEHOUSE_LIMIT(ping_interval);
  GATEHOUSE_LIMIT(ping_timeout);
#undef GATEHOUSE_LIMIT
  out.close();
}

}  // namespace

void dump(YamlText& out, const HttpLimits& limits) {
  const HttpLimits standard;
  if (limits == standard) return;
  out.open("limits");
#define GATEHOUSE_LIMIT(member) number_unless(out, #member, limits.member, standard.member)
  GATEHOUSE_LIMIT(max_header_bytes);
  GATEHOUSE_LIMIT(max_header_count);
  GATEHOUSE_LIMIT(max_uri_bytes);
  GATEHOUSE_LIMIT(max_body_bytes);
  GATEHOUSE_LIMIT(max_requests_per_connection);
  GATEHOUSE_LIMIT(max_connections);
  GATEHOUSE_LIMIT(max_connections_per_address);
  GATEHOUSE_LIMIT(max_handshakes_per_address);
  GATEHOUSE_LIMIT(handshake_timeout);
  GATEHOUSE_LIMIT(header_timeout);
  GATEHOUSE_LIMIT(body_idle_timeout);
  GATEHOUSE_LIMIT(min_body_rate);
  GATEHOUSE_LIMIT(idle_timeout);
  GATEHOUSE_LIMIT(send_timeout);
  GATEHOUSE_LIMIT(tunnel_idle_timeout);
  GATEHOUSE_LIMIT(udp_session_timeout);
  GATEHOUSE_LIMIT(max_udp_sessions);
  dump(out, limits.http2);
#undef GATEHOUSE_LIMIT
  out.close();
}

void dump(YamlText& out, const PoolLimits& pool) {
  const PoolLimits standard;
  if (pool == standard) return;
  out.open("pool");
  number_unless(out, "max_idle_per_endpoint", pool.max_idle_per_endpoint, standard.max_idle_per_endpoint);
  number_unless(out, "idle_timeout", pool.idle_timeout, standard.idle_timeout);
  number_unless(out, "connect_timeout", pool.connect_timeout, standard.connect_timeout);
  number_unless(out, "read_timeout", pool.read_timeout, standard.read_timeout);
  number_unless(out, "max_requests_per_connection", pool.max_requests_per_connection,
                standard.max_requests_per_connection);
  out.close();
}

namespace {

void dump(YamlText& out, const std::vector<L4Attachment>& attachments) {
  if (attachments.empty()) return;
  out.open("l4_routes");
  for (const auto& attachment : attachments) {
    out.open_item();
    out.field("route", attachment.route->key);
    out.list("hostnames", attachment.hostnames);
    out.close_item();
  }
  out.close();
}

void dump(YamlText& out, const Listener& listener) {
  out.open_item();
  out.field("name", listener.name);
  std::vector<std::string> binds;
  for (const auto& bind : listener.binds) binds.push_back(bind.to_string());
  out.list("binds", binds);
  out.field("port", listener.advertised_port);
  text_unless_empty(out, "hostname", listener.hostname);
  if (listener.protocol != ListenerProtocol::http) out.field("protocol", words(listener.protocol));
  if (listener.proxy_protocol == ProxyProtocolIn::required) out.field("proxy_protocol", "required");
  if (listener.tls) dump(out, *listener.tls);
  dump(out, listener.limits);
  dump(out, "request_filters", listener.request_filters);
  if (!listener.routes.empty()) out.open("routes");
  for (const auto& attachment : listener.routes) {
    out.open_item();
    out.field("route", attachment.route->key);
    out.list("hostnames", attachment.hostnames);
    out.close_item();
  }
  if (!listener.routes.empty()) out.close();
  dump(out, listener.l4_routes);
  out.close_item();
}

void dump(YamlText& out, std::string_view name, const std::vector<ValueMatch>& values) {
  if (values.empty()) return;
  out.open(name);
  for (const auto& value : values) {
    out.open_item();
    out.field("name", value.name);
    out.field(value.kind == ValueMatchKind::exact ? "exact" : "regex", value.value);
    out.close_item();
  }
  out.close();
}

const char* name_of(PathMatchKind kind) {
  switch (kind) {
    case PathMatchKind::exact:
      return "exact";
    case PathMatchKind::prefix:
      return "prefix";
    case PathMatchKind::regex:
      return "regex";
  }
  return "";
}

void dump(YamlText& out, const RouteMatch& match) {
  out.open_item();
  out.field(name_of(match.path.kind), match.path.value);
  number_unless(out, "rank", match.path.rank, 0U);
  text_unless_empty(out, "method", match.method);
  dump(out, "headers", match.headers);
  dump(out, "query", match.query);
  out.close_item();
}

void dump(YamlText& out, const WeightedBackend& backend) {
  out.open_item();
  if (backend.error_status != 0) out.field("error_status", backend.error_status);
  text_unless_empty(out, "cluster", backend.cluster);
  number_unless(out, "weight", backend.weight, 1U);
  dump(out, backend.filters);
  dump(out, backend.persistence);
  out.close_item();
}

void dump(YamlText& out, const RouteRule& rule) {
  out.open_item();
  text_unless_empty(out, "name", rule.name);
  out.open("matches");
  for (const auto& match : rule.matches) dump(out, match);
  out.close();
  dump(out, rule.filters);
  number_unless(out, "request_timeout", rule.timeouts.request, milliseconds{0});
  number_unless(out, "backend_timeout", rule.timeouts.backend_request, milliseconds{0});
  number_unless(out, "max_stream", rule.timeouts.max_stream, milliseconds{0});
  dump(out, rule.retry);
  dump(out, rule.persistence);
  if (!rule.backends.empty()) out.open("backends");
  for (const auto& backend : rule.backends) dump(out, backend);
  if (!rule.backends.empty()) out.close();
  out.close_item();
}

/// `listeners` is empty unless others serve the route in another form.
void dump(YamlText& out, const HttpRoute& route, const std::vector<std::string>& listeners) {
  out.open_item();
  out.field("key", route.key);
  out.list("listeners", listeners);
  number_unless(out, "created", route.age.created, std::int64_t{0});
  if (route.grpc) out.field("grpc", "true");
  std::vector<std::string> positions;
  for (const auto position : route.positions) positions.push_back(std::to_string(position));
  out.list("positions", positions);
  if (!route.rules.empty()) out.open("rules");
  for (const auto& rule : route.rules) dump(out, rule);
  if (!route.rules.empty()) out.close();
  out.close_item();
}

void dump(YamlText& out, const Cluster& cluster) {
  out.open_item();
  out.field("key", cluster.key);
  std::vector<std::string> endpoints;
  for (const auto& endpoint : cluster.endpoints) {
    const bool v6 = endpoint.host.find(':') != std::string::npos;
    endpoints.push_back((v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
                        std::to_string(endpoint.port) +
                        (endpoint.priority == 0 ? "" : " priority " + std::to_string(endpoint.priority)));
  }
  out.list("endpoints", endpoints);
  dump(out, cluster.pool);
  dump(out, cluster.load_balancer);
  dump(out, cluster.active_health);
  dump(out, cluster.passive_health);
  dump(out, cluster.breaker);
  dump(out, cluster.retry_budget);
  dump(out, cluster.dns);
  if (cluster.protocol != ClusterProtocol::http1) out.field("protocol", words(cluster.protocol));
  if (cluster.proxy_protocol != ProxyProtocolOut::off)
    out.field("proxy_protocol", cluster.proxy_protocol == ProxyProtocolOut::v1 ? "v1" : "v2");
  if (cluster.tls) dump(out, *cluster.tls);
  out.close_item();
}

void dump(YamlText& out, const L4Route& route, const std::vector<std::string>& listeners) {
  out.open_item();
  out.field("key", route.key);
  out.list("listeners", listeners);
  number_unless(out, "created", route.age.created, std::int64_t{0});
  if (!route.backends.empty()) out.open("backends");
  for (const auto& backend : route.backends) dump(out, backend);
  if (!route.backends.empty()) out.close();
  out.close_item();
}

template <typename List>
void dump_list(YamlText& out, std::string_view name, const List& list) {
  if (list.empty()) return;
  out.open(name);
  for (const auto& part : list) dump(out, *part);
  out.close();
}

/// One form of a route and the listeners that serve it so.
template <typename Route>
struct RouteForm {
  const Route* route;
  std::vector<std::string> listeners;
};

/// The forms of each route, by key. Listeners, Gateways and their policies can make more than one of a route.
template <typename Route, typename Attachments>
std::map<std::string_view, std::vector<RouteForm<Route>>> forms_of(const Config& config,
                                                                   Attachments Listener::*attachments) {
  std::map<std::string_view, std::vector<RouteForm<Route>>> routes;
  for (const auto& listener : config.listeners) {
    for (const auto& attachment : (*listener).*attachments) {
      auto& forms = routes[attachment.route->key];
      const auto* route = attachment.route.get();
      auto known = std::find_if(forms.begin(), forms.end(), [route](const auto& form) {
        return form.route == route || *form.route == *route;
      });
      if (known == forms.end()) known = forms.insert(known, {route, {}});
      known->listeners.push_back(listener->name);
    }
  }
  return routes;
}

template <typename Route, typename Attachments>
void dump_routes(YamlText& out, std::string_view name, const Config& config,
                 Attachments Listener::*attachments) {
  const auto routes = forms_of<Route>(config, attachments);
  if (routes.empty()) return;
  out.open(name);
  for (const auto& [key, forms] : routes)
    for (const auto& form : forms)
      dump(out, *form.route, forms.size() == 1 ? std::vector<std::string>{} : form.listeners);
  out.close();
}

}  // namespace

std::string dump(const Config& config) {
  YamlText out;
  dump_list(out, "listeners", config.listeners);
  dump_routes<HttpRoute>(out, "routes", config, &Listener::routes);
  dump_routes<L4Route>(out, "l4_routes", config, &Listener::l4_routes);
  dump_list(out, "clusters", config.clusters);
  return out.take();
}

}  // namespace gatehouse::ir
