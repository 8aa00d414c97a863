// SPDX-License-Identifier: Apache-2.0
// Equality of configurations: by value, with shared parts compared by pointer first.
#include "config/ir/config.h"

#include <algorithm>

namespace gatehouse::ir {
namespace {

template <typename T>
bool same(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
  return a == b || (a && b && *a == *b);
}

template <typename T>
bool same_lists(const std::vector<std::shared_ptr<const T>>& a,
                const std::vector<std::shared_ptr<const T>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same<T>);
}

}  // namespace

bool operator==(const Attachment& a, const Attachment& b) {
  return same(a.route, b.route) && a.hostnames == b.hostnames;
}

bool operator==(const Filters& a, const Filters& b) {
  return a.redirect == b.redirect && same(a.cors, b.cors) && same_lists(a.external_auth, b.external_auth) &&
         a.mirrors == b.mirrors && a.rewrite == b.rewrite && a.request_headers == b.request_headers &&
         a.response_headers == b.response_headers;
}

bool operator==(const Listener& a, const Listener& b) {
  return a.name == b.name && a.gateway == b.gateway && a.binds == b.binds &&
         a.advertised_port == b.advertised_port && a.hostname == b.hostname && a.limits == b.limits &&
         a.protocol == b.protocol && a.proxy_protocol == b.proxy_protocol && same(a.tls, b.tls) &&
         same_lists(a.request_filters, b.request_filters) && a.routes == b.routes &&
         a.l4_routes == b.l4_routes;
}

bool operator==(const L4Attachment& a, const L4Attachment& b) {
  return same(a.route, b.route) && a.hostnames == b.hostnames;
}

bool operator==(const ClientValidation& a, const ClientValidation& b) {
  return a.mode == b.mode && same(a.trust, b.trust);
}

bool operator==(const ListenerTls& a, const ListenerTls& b) {
  return a.mode == b.mode && same_lists(a.certificates, b.certificates) && a.options == b.options &&
         same(a.client_validation, b.client_validation);
}

bool operator==(const ClusterTls& a, const ClusterTls& b) {
  return a.server_name == b.server_name && a.alt_names == b.alt_names && same(a.trust, b.trust) &&
         same(a.client_certificate, b.client_certificate) && a.options == b.options;
}

bool operator==(const Cluster& a, const Cluster& b) {
  return a.key == b.key && a.endpoints == b.endpoints && a.pool == b.pool &&
         a.load_balancer == b.load_balancer && a.active_health == b.active_health &&
         a.passive_health == b.passive_health && a.breaker == b.breaker && a.retry_budget == b.retry_budget &&
         a.dns == b.dns && a.protocol == b.protocol && a.proxy_protocol == b.proxy_protocol &&
         same(a.tls, b.tls);
}

bool operator==(const Config& a, const Config& b) {
  return same_lists(a.listeners, b.listeners) && same_lists(a.clusters, b.clusters);
}

}  // namespace gatehouse::ir
