// SPDX-License-Identifier: Apache-2.0
#include "config/ir/diff_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/ir/dump_parts.h"
#include "config/ir/words.h"

namespace gatehouse::ir {
namespace {

using Details = std::vector<std::string>;

constexpr std::size_t kMaxNamed = 8;  // more additions or removals of one sort are only counted

void add_if_any(Details& to, std::string_view where, const std::string& words) {
  if (!words.empty()) to.push_back(fmt::format("{}{}", where, words));
}

template <typename Part>
void compare_part(Details& to, std::string_view where, const Part& before, const Part& after) {
  if (before == after) return;
  add_if_any(to, where, words_of_change(fields_of_part(before), fields_of_part(after)));
}

template <typename Part>
void compare_optional(Details& to, const std::shared_ptr<const Part>& before,
                      const std::shared_ptr<const Part>& after) {
  if (before == after || (before && after && *before == *after)) return;
  const auto fields = [](const auto& part) { return part ? fields_of_part(*part) : Fields(); };
  add_if_any(to, "", words_of_change(fields(before), fields(after)));
}

template <typename Value>
void compare_value(Details& to, std::string_view where, const Value& before, const Value& after) {
  if (before != after) to.push_back(fmt::format("{} {} -> {}", where, before, after));
}

/// "endpoint a, b added": names of `list` that are not in `other`.
void name_missing(Details& to, std::string_view what, const Details& list, const Details& other,
                  std::string_view action) {
  const std::set<std::string_view> known(other.begin(), other.end());
  Details names;
  for (const auto& name : list)
    if (!known.contains(name)) names.push_back(name);
  if (names.empty()) return;
  const bool few = names.size() <= kMaxNamed;
  to.push_back(few ? fmt::format("{} {} {}", what, fmt::join(names, ", "), action)
                   : fmt::format("{} {}s {}", names.size(), what, action));
}

/// Both directions; what only stands elsewhere is one sentence.
void compare_names(Details& to, std::string_view where, std::string_view what, const Details& before,
                   const Details& after) {
  if (before == after) return;
  Details words;
  name_missing(words, what, after, before, "added");
  name_missing(words, what, before, after, "removed");
  if (words.empty()) words.push_back(fmt::format("order of {}s", what));
  for (const auto& word : words) to.push_back(fmt::format("{}{}", where, word));
}

template <typename List, typename Words>
Details names_of(const List& list, Words name) {
  Details names;
  for (const auto& part : list) names.push_back(name(part));
  return names;
}

std::string name_of(const WeightedBackend& backend) {
  return backend.error_status == 0 ? backend.cluster : fmt::format("answering {}", backend.error_status);
}

/// Backends by cluster; several of one cluster by their order among themselves.
std::map<std::pair<std::string, int>, const WeightedBackend*> by_name(
    const std::vector<WeightedBackend>& list) {
  std::map<std::pair<std::string, int>, const WeightedBackend*> named;
  for (const auto& backend : list) {
    std::pair key(name_of(backend), 0);
    while (named.contains(key)) ++key.second;
    named.emplace(std::move(key), &backend);
  }
  return named;
}

void compare_backends(Details& to, const std::string& where, const std::vector<WeightedBackend>& before,
                      const std::vector<WeightedBackend>& after) {
  const auto old = by_name(before);
  const auto now = by_name(after);
  for (const auto& [key, backend] : now) {
    const auto was = old.find(key);
    const auto name = fmt::format("{}backend {}", where, key.first);
    if (was == old.end()) {
      to.push_back(fmt::format("{} added (weight {})", name, backend->weight));
      continue;
    }
    compare_value(to, name + " weight", was->second->weight, backend->weight);
    compare_part(to, name + " ", was->second->filters, backend->filters);
    compare_part(to, name + " ", was->second->persistence, backend->persistence);
  }
  for (const auto& [key, backend] : old)
    if (!now.contains(key)) to.push_back(fmt::format("{}backend {} removed", where, key.first));
}

void compare_rules(Details& to, std::size_t number, const RouteRule& before, const RouteRule& after) {
  if (before == after) return;
  const auto where = after.name.empty() ? fmt::format("rule {}: ", number)
                                        : fmt::format("rule {} ({}): ", number, after.name);
  const auto size = to.size();
  if (before.name != after.name)
    to.push_back(fmt::format("{}name \"{}\" -> \"{}\"", where, before.name, after.name));
  const auto match_words = [](const RouteMatch& match) { return words(match); };
  compare_names(to, where, "match", names_of(before.matches, match_words),
                names_of(after.matches, match_words));
  compare_part(to, where, before.filters, after.filters);
  compare_value(to, where + "request timeout", words(before.timeouts.request), words(after.timeouts.request));
  compare_value(to, where + "backend timeout", words(before.timeouts.backend_request),
                words(after.timeouts.backend_request));
  compare_part(to, where, before.retry, after.retry);
  compare_part(to, where, before.persistence, after.persistence);
  compare_backends(to, where, before.backends, after.backends);
  if (to.size() == size) to.push_back(where + "order of backends");
}

/// What is equal at both ends stays out; what is between is paired in order.
void compare_rule_lists(Details& to, const HttpRoute& old_route, const HttpRoute& new_route) {
  const auto& before = old_route.rules;
  const auto& after = new_route.rules;
  std::size_t first = 0;
  std::size_t old_end = before.size();
  std::size_t new_end = after.size();
  while (first < std::min(old_end, new_end) && before[first] == after[first]) ++first;
  while (old_end > first && new_end > first && before[old_end - 1] == after[new_end - 1])
    --old_end, --new_end;
  const std::size_t common = std::min(old_end, new_end);
  for (std::size_t i = first; i < common; ++i)
    compare_rules(to, new_route.position_of(i), before[i], after[i]);
  for (std::size_t i = common; i < new_end; ++i)
    to.push_back(fmt::format("rule {} added", new_route.position_of(i)));
  for (std::size_t i = common; i < old_end; ++i)
    to.push_back(fmt::format("rule {} removed", old_route.position_of(i)));
}

std::string words_of_hosts(const std::vector<std::string>& hostnames) {
  return hostnames.empty() ? "any host" : fmt::format("{}", fmt::join(hostnames, " "));
}

template <typename AnyAttachment>
void compare_attachments(Details& to, const std::vector<AnyAttachment>& before,
                         const std::vector<AnyAttachment>& after) {
  // Most changes of a listener are changes of one route: nothing is copied for those.
  const bool alike = std::equal(before.begin(), before.end(), after.begin(), after.end(),
                                [](const AnyAttachment& a, const AnyAttachment& b) {
                                  return a.route->key == b.route->key && a.hostnames == b.hostnames;
                                });
  if (alike) return;
  const auto key = [](const AnyAttachment& attachment) { return attachment.route->key; };
  compare_names(to, "", "attached route", names_of(before, key), names_of(after, key));
  std::map<std::string_view, const std::vector<std::string>*> old;
  for (const auto& attachment : before) old.emplace(attachment.route->key, &attachment.hostnames);
  for (const auto& attachment : after) {
    const auto was = old.find(attachment.route->key);
    if (was != old.end() && *was->second != attachment.hostnames)
      to.push_back(fmt::format("hostnames of {}: {} -> {}", attachment.route->key,
                               words_of_hosts(*was->second), words_of_hosts(attachment.hostnames)));
  }
}

Fields fields_of_filters(const Listener& listener) {
  YamlText out;
  dump(out, "request_filters", listener.request_filters);
  return fields_of(out.take());
}

}  // namespace

std::vector<std::string> what_changed(const Listener& before, const Listener& after) {
  Details details;
  const auto text = [](const SocketAddress& address) { return address.to_string(); };
  compare_names(details, "", "address", names_of(before.binds, text), names_of(after.binds, text));
  compare_value(details, "port", before.advertised_port, after.advertised_port);
  if (before.hostname != after.hostname)
    details.push_back(fmt::format("hostname \"{}\" -> \"{}\"", before.hostname, after.hostname));
  compare_part(details, "", before.limits, after.limits);
  add_if_any(details, "", words_of_change(fields_of_filters(before), fields_of_filters(after)));

  compare_value(details, "protocol", words(before.protocol), words(after.protocol));
  if (before.proxy_protocol != after.proxy_protocol) {
    const bool now = after.proxy_protocol == ProxyProtocolIn::required;
    details.emplace_back(now ? "PROXY protocol required" : "PROXY protocol off");
  }
  compare_optional(details, before.tls, after.tls);
  compare_attachments(details, before.routes, after.routes);
  compare_attachments(details, before.l4_routes, after.l4_routes);
  return details;
}

std::vector<std::string> what_changed(const HttpRoute& before, const HttpRoute& after) {
  Details details;
  if (before == after) return details;
  compare_value(details, "created", before.age.created, after.age.created);
  compare_rule_lists(details, before, after);
  if (details.empty()) details.emplace_back("numbers of rules");
  return details;
}

std::vector<std::string> what_changed(const L4Route& before, const L4Route& after) {
  Details details;
  if (before == after) return details;
  compare_value(details, "created", before.age.created, after.age.created);
  compare_backends(details, "", before.backends, after.backends);
  if (details.empty()) details.emplace_back("order of backends");
  return details;
}

std::vector<std::string> what_changed(const Cluster& before, const Cluster& after) {
  Details details;
  if (before == after) return details;
  const auto text = [](const Endpoint& endpoint) { return words(endpoint); };
  compare_names(details, "", "endpoint", names_of(before.endpoints, text), names_of(after.endpoints, text));
  compare_part(details, "", before.pool, after.pool);
  compare_part(details, "", before.load_balancer, after.load_balancer);
  compare_part(details, "", before.active_health, after.active_health);
  compare_part(details, "", before.passive_health, after.passive_health);
  compare_part(details, "", before.breaker, after.breaker);
  compare_part(details, "", before.retry_budget, after.retry_budget);
  compare_part(details, "", before.dns, after.dns);
  compare_value(details, "protocol", words(before.protocol), words(after.protocol));
  compare_optional(details, before.tls, after.tls);
  if (details.empty()) details.emplace_back("settings");
  return details;
}

}  // namespace gatehouse::ir
