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
         same_lists(a.request_filters, b.request_filters) && a.routes == b.routes;
}

bool operator==(const Config& a, const Config& b) {
  return same_lists(a.listeners, b.listeners) && same_lists(a.clusters, b.clusters);
}

}  // namespace gatehouse::ir
