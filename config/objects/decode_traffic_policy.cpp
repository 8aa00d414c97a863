// SPDX-License-Identifier: Apache-2.0
// BackendTrafficPolicy and XBackendTrafficPolicy.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 5> kBalancers{"RoundRobin", "LeastRequest", "Random", "ConsistentHash",
                                                     "Maglev"};
constexpr std::array<std::string_view, 2> kProxyVersions{"V1", "V2"};
constexpr std::array<std::string_view, 1> kRetryCauses{"Reset"};
constexpr std::array<std::string_view, 3> kHashFields{"header", "cookie", "query"};
constexpr std::array<std::string_view, 3> kProbeTypes{"http", "tcp", "grpc"};
constexpr std::size_t kMaxHashSources = 8;
constexpr std::size_t kMaxStatusRanges = 16;
constexpr std::size_t kMaxRetryCodes = 64;
constexpr Range kPercent{0, 100};
constexpr Range kRetryAttempts{0, 100};
constexpr Range kRetryCodes{400, 599};
constexpr Range kRetryCount{1, 1'000'000};
constexpr Range kThreshold{1, 1000};
constexpr Range kStatus{100, 599};
constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxPath = 1024;

struct DurationRange {
  milliseconds min;
  milliseconds max;
  std::string_view fix;
};
constexpr DurationRange kBudgetInterval{1s, 1h, "write 1s to 1h"};
constexpr DurationRange kRateInterval{1ms, 1h, "write 1ms to 1h"};
constexpr DurationRange kProbeInterval{100ms, 1h, "write 100ms to 1h"};
constexpr DurationRange kProbeTimeout{1ms, 1h, "write 1ms to 1h"};
constexpr DurationRange kEjection{1ms, 24h, "write 1ms to 24h"};
constexpr DurationRange kSlowStart{0ms, 1h, "write 0s (off) to 1h"};
constexpr DurationRange kDnsRefresh{1s, 24h, "write 1s to 24h"};

/// A duration within limits; `fix` names them.
std::optional<milliseconds> read_duration(Reader& reader, std::string_view key, const DurationRange& range) {
  const auto duration = reader.duration(key);
  if (duration && (*duration < range.min || *duration > range.max))
    reader.error_at(key, {"is outside its limits", std::string(range.fix)});
  return duration;
}

RetryConstraint read_retry_constraint(Reader& reader) {
  RetryConstraint constraint;
  reader.object("budget", [&](Reader& budget) {
    constraint.budget_percent = budget.small_integer("percent", kPercent);
    constraint.budget_interval = read_duration(budget, "interval", kBudgetInterval);
  });
  reader.object("minRetryRate", [&](Reader& rate) {
    constraint.min_count = rate.small_integer("count", kRetryCount);
    constraint.min_interval = read_duration(rate, "interval", kRateInterval);
  });
  return constraint;
}

/// What upstream's CRD fills in.
void fill_defaults(RetryConstraint& constraint, bool has_min_rate) {
  constraint.budget_percent = constraint.budget_percent.value_or(20);
  constraint.budget_interval = constraint.budget_interval.value_or(10s);
  if (has_min_rate) return;
  constraint.min_count = 10;
  constraint.min_interval = 1s;
}

std::optional<Complaint> check_retry_cause(std::string_view text) {
  if (std::find(kRetryCauses.begin(), kRetryCauses.end(), text) != kRetryCauses.end()) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not one of {}", text, fmt::join(kRetryCauses, ", ")),
                   "write one of them"};
}

TrafficRetry read_retry(Reader& reader) {
  TrafficRetry retry;
  retry.attempts = reader.small_integer("attempts", kRetryAttempts);
  auto codes = reader.integer_set("codes", kMaxRetryCodes, kRetryCodes);
  if (reader.has("codes")) retry.codes = std::move(codes);
  retry.backoff = reader.duration("backoff");
  auto causes = reader.text_set("on", kRetryCauses.size(), check_retry_cause);
  if (reader.has("on")) retry.on = std::move(causes);
  return retry;
}

TrafficTimeouts read_timeouts(Reader& reader) {
  TrafficTimeouts timeouts;
  timeouts.connect = reader.duration("connect");
  timeouts.request = reader.duration("request");
  timeouts.backend_request = reader.duration("backendRequest");
  timeouts.idle = reader.duration("idle");
  timeouts.max_stream = reader.duration("maxStream");
  const bool both = timeouts.request && timeouts.backend_request;
  if (both && timeouts.request->count() > 0 && *timeouts.backend_request > *timeouts.request)
    reader.error_at("backendRequest", {"is longer than request", "shorten it, or lengthen request"});
  return timeouts;
}

TrafficHashSource read_hash_source(Reader& reader) {
  TrafficHashSource source;
  int given = 0;
  for (const auto field : kHashFields)
    if (auto name = reader.text(field, check_header_name)) {
      source = {std::string(field), *std::move(name)};
      ++given;
    }
  if (const auto by_address = reader.boolean("sourceIP")) {
    if (!*by_address) reader.error_at("sourceIP", {"can only be true", "remove it"});
    source = {"sourceIP", ""};
    ++given;
  }
  if (given != 1)
    reader.error({"needs exactly one of header, cookie, query and sourceIP", "write one entry for each"});
  return source;
}

TrafficLoadBalancer read_load_balancer(Reader& reader) {
  TrafficLoadBalancer balancer;
  balancer.type = reader.optional_choice("type", kBalancers);
  if (reader.has("hash")) balancer.hash.emplace();
  reader.each("hash", kMaxHashSources,
              [&](Reader& source) { balancer.hash->push_back(read_hash_source(source)); });
  reader.object("slowStart", [&](Reader& slow) {
    balancer.slow_start_window = read_duration(slow, "window", kSlowStart);
  });
  balancer.zone_aware = reader.boolean("zoneAware");
  const bool hashes = !balancer.type || *balancer.type == "ConsistentHash" || *balancer.type == "Maglev";
  if (reader.has("hash") && !hashes)
    reader.error_at("hash", {"goes with types ConsistentHash and Maglev only", "remove it"});
  return balancer;
}

/// 200, or "200-299".
std::optional<HealthStatusRange> to_status_range(const nlohmann::json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : "";
  if (value.is_number_integer()) text = value.dump();
  const auto dash = text.find('-');
  const auto first = parse_decimal(std::string_view(text).substr(0, dash));
  const auto last =
      dash == std::string::npos ? first : parse_decimal(std::string_view(text).substr(dash + 1));
  const auto is_status = [](std::optional<std::uint64_t> code) {
    return code && *code >= kStatus.min && *code <= static_cast<std::uint64_t>(kStatus.max);
  };
  if (!is_status(first) || !is_status(last) || *first > *last) return std::nullopt;
  return HealthStatusRange{static_cast<std::int32_t>(*first), static_cast<std::int32_t>(*last)};
}

std::vector<HealthStatusRange> read_statuses(Reader& reader) {
  std::vector<HealthStatusRange> ranges;
  const auto* list = reader.array("expectedStatuses", kMaxStatusRanges);
  if (list == nullptr) return ranges;
  if (list->empty()) reader.error_at("expectedStatuses", {"must not be empty", "list at least one status"});
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto& entry = (*list)[i];
    const auto range = to_status_range(entry);
    if (range)
      ranges.push_back(*range);
    else
      reader.error_in("expectedStatuses", i,
                      {fmt::format("{} is not a status or a range of statuses", describe(entry)),
                       "write 200 or \"200-299\""});
  }
  return ranges;
}

std::optional<Complaint> check_probe_path(std::string_view text) {
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
  if (text.starts_with('/') && visible) return check_length(text, kMaxPath);
  return Complaint{fmt::format("\"{}\" is not a path", text), "write a '/' and visible ASCII characters"};
}

std::optional<Complaint> check_service_name(std::string_view text) {
  return check_length(text, kMaxHost);
}

TrafficActiveHealth read_active(Reader& reader) {
  TrafficActiveHealth active;
  for (const auto type : kProbeTypes) {
    if (!reader.has(type)) continue;
    if (active.type) reader.error_at(type, {"does not go with " + *active.type, "keep one of the two"});
    active.type = type;
  }
  reader.object("http", [&](Reader& http) {
    active.http_path = http.text("path", check_probe_path);
    active.http_host = http.text("host", check_precise_hostname);
    auto statuses = read_statuses(http);
    if (http.has("expectedStatuses")) active.http_expected_statuses = std::move(statuses);
  });
  reader.object("tcp", [](Reader&) {});
  reader.object("grpc",
                [&](Reader& grpc) { active.grpc_service = grpc.text("service", check_service_name); });
  active.interval = read_duration(reader, "interval", kProbeInterval);
  active.timeout = read_duration(reader, "timeout", kProbeTimeout);
  active.healthy_threshold = reader.small_integer("healthyThreshold", kThreshold);
  active.unhealthy_threshold = reader.small_integer("unhealthyThreshold", kThreshold);
  return active;
}

TrafficPassiveHealth read_passive(Reader& reader) {
  TrafficPassiveHealth passive;
  passive.consecutive_5xx = reader.small_integer("consecutive5xx", kNotNegative);
  passive.consecutive_gateway_errors = reader.small_integer("consecutiveGatewayErrors", kNotNegative);
  passive.consecutive_local_origin_failures =
      reader.small_integer("consecutiveLocalOriginFailures", kNotNegative);
  passive.base_ejection_time = read_duration(reader, "baseEjectionTime", kEjection);
  passive.max_ejection_time = read_duration(reader, "maxEjectionTime", kEjection);
  passive.max_ejection_percent = reader.small_integer("maxEjectionPercent", kPercent);
  return passive;
}

TrafficHealthCheck read_health_check(Reader& reader) {
  TrafficHealthCheck check;
  reader.object("active", [&](Reader& active) { check.active = read_active(active); });
  reader.object("passive", [&](Reader& passive) { check.passive = read_passive(passive); });
  return check;
}

TrafficCircuitBreaker read_circuit_breaker(Reader& reader) {
  TrafficCircuitBreaker breaker;
  breaker.max_connections = reader.small_integer("maxConnections", kNotNegative);
  breaker.max_pending_requests = reader.small_integer("maxPendingRequests", kNotNegative);
  breaker.max_parallel_requests = reader.small_integer("maxParallelRequests", kNotNegative);
  breaker.max_parallel_retries = reader.small_integer("maxParallelRetries", kNotNegative);
  return breaker;
}

TrafficPool read_pool(Reader& reader) {
  TrafficPool pool;
  pool.max_idle = reader.small_integer("maxIdle", kNotNegative);
  pool.idle_timeout = reader.duration("idleTimeout");
  pool.max_requests_per_connection = reader.small_integer("maxRequestsPerConnection", kNotNegative);
  return pool;
}

TrafficDns read_dns(Reader& reader) {
  TrafficDns dns;
  dns.refresh = read_duration(reader, "refresh", kDnsRefresh);
  dns.respect_ttl = reader.boolean("respectTTL");
  return dns;
}

TrafficProxyProtocol read_proxy_protocol(Reader& reader) {
  TrafficProxyProtocol protocol;
  protocol.version = reader.optional_choice("version", kProxyVersions);
  return protocol;
}

TrafficSettings read_settings(Reader& owner) {
  TrafficSettings to;
  owner.object("retryConstraint",
               [&](Reader& reader) { to.retry_constraint = read_retry_constraint(reader); });
  owner.object("sessionPersistence",
               [&](Reader& reader) { to.session_persistence = read_session_persistence(reader); });
  owner.object("retry", [&](Reader& reader) { to.retry = read_retry(reader); });
  owner.object("timeouts", [&](Reader& reader) { to.timeouts = read_timeouts(reader); });
  owner.object("loadBalancer", [&](Reader& reader) { to.load_balancer = read_load_balancer(reader); });
  owner.object("healthCheck", [&](Reader& reader) { to.health_check = read_health_check(reader); });
  owner.object("circuitBreaker", [&](Reader& reader) { to.circuit_breaker = read_circuit_breaker(reader); });
  owner.object("pool", [&](Reader& reader) { to.pool = read_pool(reader); });
  owner.object("dns", [&](Reader& reader) { to.dns = read_dns(reader); });
  owner.object("proxyProtocol", [&](Reader& reader) { to.proxy_protocol = read_proxy_protocol(reader); });
  return to;
}

bool targets_gateways_only(const std::vector<PolicyTargetReference>& refs) {
  return std::all_of(refs.begin(), refs.end(), [](const PolicyTargetReference& ref) {
    return ref.group == kGatewayGroup && ref.kind == Gateway::kKind;
  });
}

}  // namespace

void decode(Reader& root, BackendTrafficPolicy& to) {
  read_spec(root, "add spec: with targetRefs:", [&](Reader& spec) {
    to.target_refs = read_target_refs(spec, SectionName::allowed);
    to.settings = read_settings(spec);
    spec.object("overrides", [&](Reader& overrides) { to.overrides = read_settings(overrides); });
    if (spec.has("overrides") && !targets_gateways_only(to.target_refs))
      spec.error_at("overrides", {"goes with Gateways as targets only", "remove it, or target a Gateway"});
  });
}

void decode(Reader& root, XBackendTrafficPolicy& to) {
  read_spec(root, "add spec: with targetRefs:", [&](Reader& spec) {
    to.target_refs = read_target_refs(spec, SectionName::none);
    spec.object("retryConstraint", [&](Reader& reader) {
      to.retry_constraint = read_retry_constraint(reader);
      fill_defaults(*to.retry_constraint, reader.has("minRetryRate"));
    });
    spec.object("sessionPersistence",
                [&](Reader& reader) { to.session_persistence = read_session_persistence(reader); });
  });
}

}  // namespace gatehouse::objects
