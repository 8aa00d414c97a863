// SPDX-License-Identifier: Apache-2.0
// Configuration that users are shown, loaded the way `gatehouse run` loads it.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "config/file/file_source.h"
#include "config/translate/translate.h"
#include "tests/examples/certificates.h"

namespace gatehouse::test {

struct Loaded {
  objects::Snapshot snapshot;
  translate::Translation translation;
  objects::Statuses statuses;  ///< as if every socket could be bound
};

/// Reads one file beside the certificates that examples and documents refer to; any problem, warnings
/// included, fails the test.
inline Loaded load_without_problems(const std::string& path) {
  objects::ObjectStore store;
  file::FileSource source({path, certificates()}, store);
  const auto report = source.load();
  for (const auto& problem : report.problems) FAIL_CHECK(objects::to_line(problem));

  translate::Options options;
  options.controller_names.emplace_back("higress.io/gateway-controller");
  options.address_pool = {Cidr::parse("127.0.0.1").value()};
  Loaded loaded{store.snapshot(), translate::translate(store.snapshot(), options, nullptr), {}};
  for (const auto& warning : loaded.translation.warnings) FAIL_CHECK(objects::to_line(warning));
  std::vector<translate::BindOutcome> bound;
  for (const auto& listener : loaded.translation.config->listeners)
    for (const auto& address : listener->binds) bound.push_back({address, {}, ir::transport_of(*listener)});
  loaded.statuses = translate::merge_bind_outcomes(loaded.translation, bound);
  return loaded;
}

inline void check_conditions(const std::string& object, const std::vector<objects::Condition>& conditions) {
  CHECK_FALSE(conditions.empty());
  for (const auto& condition : conditions) {
    INFO(object << ": " << condition.type << ": " << condition.reason << ": " << condition.message);
    CHECK(condition.status == (condition.type == "Conflicted" ? "False" : "True"));
  }
}

template <typename Objects, typename Statuses>
void check_routes(const std::string& kind, const Objects& objects, const Statuses& statuses) {
  for (const auto& [name, object] : objects) {
    INFO(kind << " " << name);
    CHECK(statuses.contains(name));
  }
  for (const auto& [name, status] : statuses) {
    CHECK_FALSE(status.parents.empty());
    for (const auto& parent : status.parents) check_conditions(kind + " " + name, parent.conditions);
  }
}

/// Every class, Gateway, listener and route is accepted, and every route has a parent.
inline void check_all_accepted(const Loaded& loaded) {
  for (const auto& [name, object] : loaded.snapshot.gateways) {
    INFO("Gateway " << name);
    CHECK(loaded.statuses.gateways.contains(name));
  }
  for (const auto& [name, status] : loaded.statuses.gateway_classes)
    check_conditions("GatewayClass " + name, status.conditions);
  for (const auto& [name, status] : loaded.statuses.gateways) {
    check_conditions("Gateway " + name, status.conditions);
    for (const auto& listener : status.listeners)
      check_conditions("listener " + name + "/" + listener.name, listener.conditions);
  }
  for (const auto& [name, status] : loaded.statuses.listener_sets) {
    check_conditions("ListenerSet " + name, status.conditions);
    for (const auto& listener : status.listeners)
      check_conditions("listener " + name + "/" + listener.name, listener.conditions);
  }
  for (const auto& [kind, policies] : loaded.statuses.policies) {
    for (const auto& [name, status] : policies) {
      INFO(kind << " " << name);
      CHECK_FALSE(status.ancestors.empty());
      for (const auto& ancestor : status.ancestors) check_conditions(kind + " " + name, ancestor.conditions);
    }
  }
  check_routes("HTTPRoute", loaded.snapshot.http_routes, loaded.statuses.http_routes);
  check_routes("GRPCRoute", loaded.snapshot.grpc_routes, loaded.statuses.grpc_routes);
  check_routes("TLSRoute", loaded.snapshot.tls_routes, loaded.statuses.tls_routes);
  check_routes("TCPRoute", loaded.snapshot.tcp_routes, loaded.statuses.tcp_routes);
  check_routes("UDPRoute", loaded.snapshot.udp_routes, loaded.statuses.udp_routes);
}

}  // namespace gatehouse::test
