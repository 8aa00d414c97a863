// SPDX-License-Identifier: Apache-2.0
#include "config/ir/dump_parts.h"

#include <array>

namespace gatehouse::ir {
namespace {

void dump(YamlText& out, std::string_view name, const std::vector<HeaderValue>& values) {
  if (values.empty()) return;
  out.open(name);
  for (const auto& value : values) {
    out.open_item();
    out.field("name", value.name);
    out.field("value", value.value);
    out.close_item();
  }
  out.close();
}

void dump(YamlText& out, std::string_view name, const HeaderModifier& modifier) {
  if (modifier.empty()) return;
  out.open(name);
  dump(out, "set", modifier.set);
  dump(out, "add", modifier.add);
  out.list("remove", modifier.remove);
  out.close();
}

void dump(YamlText& out, const PathRewrite& path) {
  if (path.kind == PathRewrite::Kind::none) return;
  out.field(path.kind == PathRewrite::Kind::full ? "full_path" : "prefix", path.value);
}

void dump(YamlText& out, const Redirect& redirect) {
  out.open("redirect");
  text_unless_empty(out, "scheme", redirect.scheme);
  text_unless_empty(out, "host", redirect.host);
  if (redirect.port != 0) out.field("port", redirect.port);
  dump(out, redirect.path);
  out.field("status", redirect.status);
  out.close();
}

void dump(YamlText& out, const UrlRewrite& rewrite) {
  out.open("rewrite");
  text_unless_empty(out, "host", rewrite.host);
  dump(out, rewrite.path);
  out.close();
}

void dump(YamlText& out, const Cors& cors) {
  out.open("cors");
  out.list("origins", cors.origins);
  out.list("methods", cors.methods);
  out.list("headers", cors.headers);
  out.list("expose", cors.expose);
  if (cors.credentials) out.field("credentials", "true");
  number_unless(out, "max_age", cors.max_age.count(), Cors().max_age.count());
  out.close();
}

void dump(YamlText& out, const ExternalAuth& auth) {
  out.open_item();
  out.field("cluster", auth.cluster);
  if (auth.protocol == ExternalAuth::Protocol::grpc) out.field("protocol", "grpc");
  text_unless_empty(out, "path", auth.path);
  out.list("allowed_headers", auth.allowed_headers);
  out.list("response_headers", auth.response_headers);
  number_unless(out, "max_body_bytes", auth.max_body_bytes, 0U);
  number_unless(out, "timeout", auth.timeout, ExternalAuth().timeout);
  out.close_item();
}

std::vector<std::string> texts(const std::vector<std::uint16_t>& numbers) {
  std::vector<std::string> texts;
  for (const auto number : numbers) texts.push_back(std::to_string(number));
  return texts;
}

}  // namespace

void dump(YamlText& out, std::string_view name,
          const std::vector<std::shared_ptr<const ExternalAuth>>& list) {
  if (list.empty()) return;
  out.open(name);
  for (const auto& auth : list) dump(out, *auth);
  out.close();
}

void dump(YamlText& out, const Filters& filters) {
  if (filters.redirect) dump(out, *filters.redirect);
  if (filters.cors) dump(out, *filters.cors);
  dump(out, "external_auth", filters.external_auth);
  if (!filters.mirrors.empty()) {
    out.open("mirrors");
    for (const auto& mirror : filters.mirrors) {
      out.open_item();
      out.field("cluster", mirror.cluster);
      out.field("share", std::to_string(mirror.numerator) + "/" + std::to_string(mirror.denominator));
      out.close_item();
    }
    out.close();
  }
  if (filters.rewrite) dump(out, *filters.rewrite);
  dump(out, "request_headers", filters.request_headers);
  dump(out, "response_headers", filters.response_headers);
}

void dump(YamlText& out, const RouteRetry& retry) {
  const RouteRetry standard;
  if (retry == standard) return;
  out.open("retry");
  out.field("attempts", static_cast<std::int64_t>(retry.attempts));
  out.list("codes", texts(retry.codes));
  number_unless(out, "backoff", retry.backoff, standard.backoff);
  if (retry.on_reset) out.field("on_reset", "true");
  out.close();
}

void dump(YamlText& out, const SessionPersistence& persistence) {
  if (persistence.kind == SessionPersistence::Kind::none) return;
  out.open("persistence");
  out.field(persistence.kind == SessionPersistence::Kind::cookie ? "cookie" : "header", persistence.name);
  if (persistence.path != "/") out.field("path", persistence.path);
  if (persistence.permanent) out.field("permanent", "true");
  number_unless(out, "absolute_timeout", persistence.absolute_timeout, milliseconds{0});
  number_unless(out, "idle_timeout", persistence.idle_timeout, milliseconds{0});
  out.close();
}

void dump(YamlText& out, const LoadBalancer& balancer) {
  constexpr std::array kKinds{"round_robin", "least_request", "random", "ring_hash", "maglev"};
  constexpr std::array kSources{"header", "cookie", "query", "source_ip"};
  if (balancer == LoadBalancer()) return;
  out.open("load_balancer");
  out.field("kind", kKinds.at(static_cast<std::size_t>(balancer.kind)));
  std::vector<std::string> sources;
  for (const auto& source : balancer.hash) {
    std::string text = kSources.at(static_cast<std::size_t>(source.kind));
    sources.push_back(source.name.empty() ? text : text + " " + source.name);
  }
  out.list("hash", sources);
  number_unless(out, "slow_start", balancer.slow_start, milliseconds{0});
  out.close();
}

void dump(YamlText& out, const ActiveHealthCheck& check) {
  constexpr std::array kKinds{"none", "http", "tcp", "grpc"};
  const ActiveHealthCheck standard;
  if (check == standard) return;
  out.open("active_health");
  out.field("kind", kKinds.at(static_cast<std::size_t>(check.kind)));
  if (check.path != standard.path) out.field("path", check.path);
  text_unless_empty(out, "host", check.host);
  std::vector<std::string> expected;
  for (const auto& range : check.expected)
    expected.push_back(std::to_string(range.first) + "-" + std::to_string(range.last));
  if (check.expected != standard.expected) out.list("expected", expected);
  number_unless(out, "interval", check.interval, standard.interval);
  number_unless(out, "timeout", check.timeout, standard.timeout);
  number_unless(out, "healthy_threshold", check.healthy_threshold, standard.healthy_threshold);
  number_unless(out, "unhealthy_threshold", check.unhealthy_threshold, standard.unhealthy_threshold);
  out.close();
}

#define GATEHOUSE_PART(member) number_unless(out, #member, part.member, standard.member)

void dump(YamlText& out, const PassiveHealth& part) {
  const PassiveHealth standard;
  if (part == standard) return;
  out.open("passive_health");
  GATEHOUSE_PART(consecutive_5xx);
  GATEHOUSE_PART(consecutive_gateway_errors);
  GATEHOUSE_PART(consecutive_local_failures);
  GATEHOUSE_PART(base_ejection);
  GATEHOUSE_PART(max_ejection);
  GATEHOUSE_PART(max_ejected_percent);
  out.close();
}

void dump(YamlText& out, const CircuitBreaker& part) {
  const CircuitBreaker standard;
  if (part == standard) return;
  out.open("circuit_breaker");
  GATEHOUSE_PART(max_connections);
  GATEHOUSE_PART(max_pending_requests);
  GATEHOUSE_PART(max_requests);
  GATEHOUSE_PART(max_retries);
  out.close();
}

void dump(YamlText& out, const RetryBudget& part) {
  const RetryBudget standard;
  if (part == standard) return;
  out.open("retry_budget");
  GATEHOUSE_PART(percent);
  GATEHOUSE_PART(interval);
  GATEHOUSE_PART(min_count);
  GATEHOUSE_PART(min_interval);
  out.close();
}

void dump(YamlText& out, const DnsRefresh& part) {
  const DnsRefresh standard;
  if (part == standard) return;
  out.open("dns");
  GATEHOUSE_PART(refresh);
  if (!part.respect_ttl) out.field("respect_ttl", "false");
  out.close();
}

#undef GATEHOUSE_PART

}  // namespace gatehouse::ir
