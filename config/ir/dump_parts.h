// SPDX-License-Identifier: Apache-2.0
// Stable text of the smaller parts of a configuration; fields at their default are left out.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml_text.h"
#include "config/ir/filters.h"
#include "config/ir/policy.h"

namespace gatehouse::ir {

template <typename T>
void number_unless(YamlText& out, std::string_view name, T value, T standard) {
  if (value != standard) out.field(name, static_cast<std::int64_t>(value));
}

inline void number_unless(YamlText& out, std::string_view name, milliseconds value, milliseconds standard) {
  if (value != standard) out.field(name, std::to_string(value.count()) + "ms");
}

inline void text_unless_empty(YamlText& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.field(name, value);
}

struct HttpLimits;
struct ListenerTls;
struct ClusterTls;
struct PoolLimits;
void dump(YamlText& out, const HttpLimits& limits);
void dump(YamlText& out, const PoolLimits& pool);
void dump(YamlText& out, const Filters& filters);
void dump(YamlText& out, std::string_view name, const std::vector<std::shared_ptr<const ExternalAuth>>& list);
void dump(YamlText& out, const RouteRetry& retry);
void dump(YamlText& out, const SessionPersistence& persistence);
void dump(YamlText& out, const LoadBalancer& balancer);
void dump(YamlText& out, const ActiveHealthCheck& check);
void dump(YamlText& out, const PassiveHealth& health);
void dump(YamlText& out, const CircuitBreaker& breaker);
void dump(YamlText& out, const RetryBudget& budget);
void dump(YamlText& out, const DnsRefresh& dns);
void dump(YamlText& out, const ListenerTls& tls);
void dump(YamlText& out, const ClusterTls& tls);

}  // namespace gatehouse::ir
