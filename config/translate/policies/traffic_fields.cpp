// SPDX-License-Identifier: Apache-2.0
// The table of fields. Decode has already refused values out of range.
#include "config/translate/policies/traffic_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/text.h"

namespace gatehouse::translate {
namespace {

using objects::TrafficSettings;
using Part = TrafficField::Part;
using std::chrono::milliseconds;

template <auto Block, auto Member>
const auto* get(const TrafficSettings& settings) {
  const auto& block = settings.*Block;
  return block && ((*block).*Member) ? &*((*block).*Member) : nullptr;
}

template <auto Member>
const auto* get_active(const TrafficSettings& settings) {
  const auto& check = settings.health_check;
  return check && check->active && ((*check->active).*Member) ? &*((*check->active).*Member) : nullptr;
}

template <auto Member>
const auto* get_passive(const TrafficSettings& settings) {
  const auto& check = settings.health_check;
  return check && check->passive && ((*check->passive).*Member) ? &*((*check->passive).*Member) : nullptr;
}

const objects::SessionPersistence* get_persistence(const TrafficSettings& settings) {
  return settings.session_persistence ? &*settings.session_persistence : nullptr;
}

std::string text_of(const std::string& value) {
  return value;
}
std::string text_of(bool value) {
  return value ? "true" : "false";
}
std::string text_of(std::int32_t value) {
  return std::to_string(value);
}
std::string text_of(milliseconds value) {
  return fmt::format("{}ms", value.count());
}
std::string text_of(const objects::TrafficHashSource& source) {
  return source.name.empty() ? source.type : fmt::format("{} {}", source.type, source.name);
}
std::string text_of(const objects::HealthStatusRange& range) {
  return range.first == range.last ? std::to_string(range.first)
                                   : fmt::format("{}-{}", range.first, range.last);
}
std::string text_of(const objects::SessionPersistence& persistence) {
  if (persistence.header) return "header " + persistence.header->name;
  const auto name = persistence.cookie ? persistence.cookie->name.value_or("") : std::string();
  return name.empty() ? "cookie" : "cookie " + name;
}

template <typename T>
std::string text_of(const std::vector<T>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + text_of(value);
  return text;
}

template <auto Get, auto Set>
constexpr TrafficField field(const char* name, Part part) {
  return {name, part, [](const TrafficSettings& from) { return Get(from) != nullptr; },
          [](const TrafficSettings& from, EffectiveTraffic& to) { Set(*Get(from), to); },
          [](const TrafficSettings& from) { return text_of(*Get(from)); }};
}

/// Stores a number or time in a member of a part of the cluster.
template <auto ClusterPart, auto Member>
constexpr auto into_cluster = [](const auto& value, EffectiveTraffic& to) {
  auto& target = (to.cluster.*ClusterPart).*Member;
  target = static_cast<std::remove_reference_t<decltype(target)>>(value);
};

template <auto RulePart, auto Member>
constexpr auto into_rule = [](const auto& value, EffectiveTraffic& to) {
  auto& target = (to.*RulePart).*Member;
  target = static_cast<std::remove_reference_t<decltype(target)>>(value);
};

/// Any field of retryConstraint switches the budget on.
template <auto Member>
constexpr auto into_budget = [](const auto& value, EffectiveTraffic& to) {
  to.cluster.retry_budget.enabled = true;
  into_cluster<&ClusterSettings::retry_budget, Member>(value, to);
};

constexpr auto set_zone_aware = [](bool value, EffectiveTraffic& to) { to.cluster.zone_aware = value; };

void set_balancer(const std::string& type, EffectiveTraffic& to) {
  using Kind = ir::LoadBalancer::Kind;
  auto& kind = to.cluster.load_balancer.kind;
  if (type == "RoundRobin") kind = Kind::round_robin;
  if (type == "LeastRequest") kind = Kind::least_request;
  if (type == "Random") kind = Kind::random;
  if (type == "ConsistentHash") kind = Kind::ring_hash;
  if (type == "Maglev") kind = Kind::maglev;
}

void set_proxy_protocol(const std::string& version, EffectiveTraffic& to) {
  to.cluster.proxy_protocol = version == "V1" ? ir::ProxyProtocolOut::v1 : ir::ProxyProtocolOut::v2;
}

ir::HashSource to_hash_source(const objects::TrafficHashSource& source) {
  using Kind = ir::HashSource::Kind;
  if (source.type == "header") return {Kind::header, lower_case(source.name)};
  if (source.type == "cookie") return {Kind::cookie, source.name};
  if (source.type == "query") return {Kind::query, source.name};
  return {Kind::source_ip, {}};
}

void set_hash(const std::vector<objects::TrafficHashSource>& sources, EffectiveTraffic& to) {
  auto& hash = to.cluster.load_balancer.hash;
  hash.clear();
  for (const auto& source : sources) hash.push_back(to_hash_source(source));
}

void set_active_type(const std::string& type, EffectiveTraffic& to) {
  using Kind = ir::ActiveHealthCheck::Kind;
  to.cluster.active_health.kind = type == "http" ? Kind::http : type == "tcp" ? Kind::tcp : Kind::grpc;
}

/// The service of a gRPC check stands where the host of an HTTP check does.
void set_grpc_service(const std::string& service, EffectiveTraffic& to) {
  if (to.cluster.active_health.kind == ir::ActiveHealthCheck::Kind::grpc)
    to.cluster.active_health.host = service;
}

void set_http_host(const std::string& host, EffectiveTraffic& to) {
  if (to.cluster.active_health.kind == ir::ActiveHealthCheck::Kind::http)
    to.cluster.active_health.host = host;
}

void set_expected(const std::vector<objects::HealthStatusRange>& ranges, EffectiveTraffic& to) {
  auto& expected = to.cluster.active_health.expected;
  expected.clear();
  for (const auto& range : ranges)
    expected.push_back({static_cast<std::uint16_t>(range.first), static_cast<std::uint16_t>(range.last)});
}

void set_codes(const std::vector<std::int32_t>& codes, EffectiveTraffic& to) {
  to.retry.codes.assign(codes.begin(), codes.end());
  std::sort(to.retry.codes.begin(), to.retry.codes.end());
}

void set_retry_on(const std::vector<std::string>& causes, EffectiveTraffic& to) {
  to.retry.on_reset = std::find(causes.begin(), causes.end(), "Reset") != causes.end();
}

void set_persistence(const objects::SessionPersistence& persistence, EffectiveTraffic& to) {
  to.persistence = persistence;
}

using S = TrafficSettings;
using C = ClusterSettings;
using E = EffectiveTraffic;

/// Fields that others depend on come first: the type of a health check decides what its host means.
constexpr std::array kFields{
    field<get<&S::timeouts, &objects::TrafficTimeouts::connect>,
          into_cluster<&C::pool, &ir::PoolLimits::connect_timeout>>("timeouts.connect", Part::cluster),
    field<get<&S::timeouts, &objects::TrafficTimeouts::request>,
          into_rule<&E::timeouts, &ir::RouteTimeouts::request>>("timeouts.request", Part::rule),
    field<get<&S::timeouts, &objects::TrafficTimeouts::backend_request>,
          into_rule<&E::timeouts, &ir::RouteTimeouts::backend_request>>("timeouts.backendRequest",
                                                                        Part::rule),
    field<get<&S::timeouts, &objects::TrafficTimeouts::idle>,
          into_cluster<&C::pool, &ir::PoolLimits::read_timeout>>("timeouts.idle", Part::cluster),
    field<get<&S::timeouts, &objects::TrafficTimeouts::max_stream>,
          into_rule<&E::timeouts, &ir::RouteTimeouts::max_stream>>("timeouts.maxStream", Part::rule),
    field<get<&S::retry, &objects::TrafficRetry::attempts>, into_rule<&E::retry, &ir::RouteRetry::attempts>>(
        "retry.attempts", Part::rule),
    field<get<&S::retry, &objects::TrafficRetry::codes>, set_codes>("retry.codes", Part::rule),
    field<get<&S::retry, &objects::TrafficRetry::backoff>, into_rule<&E::retry, &ir::RouteRetry::backoff>>(
        "retry.backoff", Part::rule),
    field<get<&S::retry, &objects::TrafficRetry::on>, set_retry_on>("retry.on", Part::rule),
    field<get<&S::retry_constraint, &objects::RetryConstraint::budget_percent>,
          into_budget<&ir::RetryBudget::percent>>("retryConstraint.budget.percent", Part::cluster),
    field<get<&S::retry_constraint, &objects::RetryConstraint::budget_interval>,
          into_budget<&ir::RetryBudget::interval>>("retryConstraint.budget.interval", Part::cluster),
    field<get<&S::retry_constraint, &objects::RetryConstraint::min_count>,
          into_budget<&ir::RetryBudget::min_count>>("retryConstraint.minRetryRate.count", Part::cluster),
    field<get<&S::retry_constraint, &objects::RetryConstraint::min_interval>,
          into_budget<&ir::RetryBudget::min_interval>>("retryConstraint.minRetryRate.interval",
                                                       Part::cluster),
    field<get_persistence, set_persistence>("sessionPersistence", Part::persistence),
    field<get<&S::load_balancer, &objects::TrafficLoadBalancer::type>, set_balancer>("loadBalancer.type",
                                                                                     Part::cluster),
    field<get<&S::load_balancer, &objects::TrafficLoadBalancer::hash>, set_hash>("loadBalancer.hash",
                                                                                 Part::cluster),
    field<get<&S::load_balancer, &objects::TrafficLoadBalancer::slow_start_window>,
          into_cluster<&C::load_balancer, &ir::LoadBalancer::slow_start>>("loadBalancer.slowStart.window",
                                                                          Part::cluster),
    field<get<&S::load_balancer, &objects::TrafficLoadBalancer::zone_aware>, set_zone_aware>(
        "loadBalancer.zoneAware", Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::type>, set_active_type>("healthCheck.active.type",
                                                                            Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::http_path>,
          into_cluster<&C::active_health, &ir::ActiveHealthCheck::path>>("healthCheck.active.http.path",
                                                                         Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::http_host>, set_http_host>("healthCheck.active.http.host",
                                                                               Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::http_expected_statuses>, set_expected>(
        "healthCheck.active.http.expectedStatuses", Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::grpc_service>, set_grpc_service>(
        "healthCheck.active.grpc.service", Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::interval>,
          into_cluster<&C::active_health, &ir::ActiveHealthCheck::interval>>("healthCheck.active.interval",
                                                                             Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::timeout>,
          into_cluster<&C::active_health, &ir::ActiveHealthCheck::timeout>>("healthCheck.active.timeout",
                                                                            Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::healthy_threshold>,
          into_cluster<&C::active_health, &ir::ActiveHealthCheck::healthy_threshold>>(
        "healthCheck.active.healthyThreshold", Part::cluster),
    field<get_active<&objects::TrafficActiveHealth::unhealthy_threshold>,
          into_cluster<&C::active_health, &ir::ActiveHealthCheck::unhealthy_threshold>>(
        "healthCheck.active.unhealthyThreshold", Part::cluster),
    field<get_passive<&objects::TrafficPassiveHealth::consecutive_5xx>,
          into_cluster<&C::passive_health, &ir::PassiveHealth::consecutive_5xx>>(
        "healthCheck.passive.consecutive5xx", Part::cluster),
    field<get_passive<&objects::TrafficPassiveHealth::consecutive_gateway_errors>,
          into_cluster<&C::passive_health, &ir::PassiveHealth::consecutive_gateway_errors>>(
        "healthCheck.passive.consecutiveGatewayErrors", Part::cluster),
    field<get_passive<&objects::TrafficPassiveHealth::consecutive_local_origin_failures>,
          into_cluster<&C::passive_health, &ir::PassiveHealth::consecutive_local_failures>>(
        "healthCheck.passive.consecutiveLocalOriginFailures", Part::cluster),
    field<get_passive<&objects::TrafficPassiveHealth::base_ejection_time>,
          into_cluster<&C::passive_health, &ir::PassiveHealth::base_ejection>>(
        "healthCheck.passive.baseEjectionTime", Part::cluster),
    field<get_passive<&objects::TrafficPassiveHealth::max_ejection_time>,
          into_cluster<&C::passive_health, &ir::PassiveHealth::max_ejection>>(
        "healthCheck.passive.maxEjectionTime", Part::cluster),
    field<get_passive<&objects::TrafficPassiveHealth::max_ejection_percent>,
          into_cluster<&C::passive_health, &ir::PassiveHealth::max_ejected_percent>>(
        "healthCheck.passive.maxEjectionPercent", Part::cluster),
    field<get<&S::circuit_breaker, &objects::TrafficCircuitBreaker::max_connections>,
          into_cluster<&C::breaker, &ir::CircuitBreaker::max_connections>>("circuitBreaker.maxConnections",
                                                                           Part::cluster),
    field<get<&S::circuit_breaker, &objects::TrafficCircuitBreaker::max_pending_requests>,
          into_cluster<&C::breaker, &ir::CircuitBreaker::max_pending_requests>>(
        "circuitBreaker.maxPendingRequests", Part::cluster),
    field<get<&S::circuit_breaker, &objects::TrafficCircuitBreaker::max_parallel_requests>,
          into_cluster<&C::breaker, &ir::CircuitBreaker::max_requests>>("circuitBreaker.maxParallelRequests",
                                                                        Part::cluster),
    field<get<&S::circuit_breaker, &objects::TrafficCircuitBreaker::max_parallel_retries>,
          into_cluster<&C::breaker, &ir::CircuitBreaker::max_retries>>("circuitBreaker.maxParallelRetries",
                                                                       Part::cluster),
    field<get<&S::pool, &objects::TrafficPool::max_idle>,
          into_cluster<&C::pool, &ir::PoolLimits::max_idle_per_endpoint>>("pool.maxIdle", Part::cluster),
    field<get<&S::pool, &objects::TrafficPool::idle_timeout>,
          into_cluster<&C::pool, &ir::PoolLimits::idle_timeout>>("pool.idleTimeout", Part::cluster),
    field<get<&S::pool, &objects::TrafficPool::max_requests_per_connection>,
          into_cluster<&C::pool, &ir::PoolLimits::max_requests_per_connection>>(
        "pool.maxRequestsPerConnection", Part::cluster),
    field<get<&S::dns, &objects::TrafficDns::refresh>, into_cluster<&C::dns, &ir::DnsRefresh::refresh>>(
        "dns.refresh", Part::cluster),
    field<get<&S::dns, &objects::TrafficDns::respect_ttl>,
          into_cluster<&C::dns, &ir::DnsRefresh::respect_ttl>>("dns.respectTTL", Part::cluster),
    field<get<&S::proxy_protocol, &objects::TrafficProxyProtocol::version>, set_proxy_protocol>(
        "proxyProtocol.version", Part::cluster),
};
static_assert(kFields.size() <= kMaxPolicyFields);

}  // namespace

std::span<const TrafficField> traffic_fields() {
  return kFields;
}

FieldSet fields_of(const objects::TrafficSettings& settings) {
  FieldSet fields;
  for (std::size_t i = 0; i < kFields.size(); ++i) fields[i] = kFields[i].is_set(settings);
  return fields;
}

std::string names_of(const FieldSet& fields) {
  std::string names;
  for (std::size_t i = 0; i < kFields.size(); ++i)
    if (fields[i]) names.append(names.empty() ? "" : ", ").append(kFields[i].name);
  return names;
}

}  // namespace gatehouse::translate
