// SPDX-License-Identifier: Apache-2.0
// Translating only what changed: the same result as translating everything, for a fraction of the work.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "config/translate/translate.h"
#include "routing/route_table.h"

namespace gatehouse::translate {
namespace {

using objects::Snapshot;

std::shared_ptr<objects::Gateway> gateway(const std::string& name, std::int64_t created) {
  auto object = std::make_shared<objects::Gateway>();
  object->meta.ns = "default";
  object->meta.name = name;
  object->meta.creation_timestamp = created;
  object->gateway_class_name = "ours";
  for (const auto* listener : {"a", "b"}) {
    objects::GatewayListener entry;
    entry.name = listener;
    entry.port = listener[0] == 'a' ? 80 : 81;
    entry.protocol = "HTTP";
    if (name == "two") entry.hostname = "*.example.com";
    object->listeners.push_back(entry);
  }
  objects::GatewayListener tcp;
  tcp.name = "tcp";
  tcp.port = name == "two" ? 3001 : 3000;
  tcp.protocol = "TCP";
  object->listeners.push_back(tcp);
  return object;
}

std::shared_ptr<objects::Service> service(const std::string& name) {
  auto object = std::make_shared<objects::Service>();
  object->meta.ns = "default";
  object->meta.name = name;
  for (const std::int32_t port : {80, 81}) {
    objects::ServicePort entry;
    entry.name = fmt::format("p{}", port);
    entry.port = port;
    object->ports.push_back(entry);
  }
  return object;
}

std::shared_ptr<objects::EndpointSlice> slice(const std::string& name, const std::string& of, int address) {
  auto object = std::make_shared<objects::EndpointSlice>();
  object->meta.ns = "default";
  object->meta.name = name;
  object->meta.labels["kubernetes.io/service-name"] = of;
  object->address_type = "IPv4";
  object->ports = {{"p80", "TCP", 8080, ""}, {"p81", "TCP", 8081, ""}};
  objects::SliceEndpoint endpoint;
  endpoint.addresses = {fmt::format("10.0.{}.{}", address / 200, 1 + address % 200)};
  object->endpoints.push_back(endpoint);
  return object;
}

struct RouteShape {
  std::string gateway = "one";
  std::string section;
  std::string host;
  std::string service = "s0";
  std::int32_t port = 80;
  std::string path = "/";
};

std::shared_ptr<objects::HttpRoute> route(const std::string& name, const RouteShape& shape) {
  auto object = std::make_shared<objects::HttpRoute>();
  object->meta.ns = "default";
  object->meta.name = name;
  objects::ParentReference parent;
  parent.name = shape.gateway;
  if (!shape.section.empty()) parent.section_name = shape.section;
  object->parent_refs = {parent};
  if (!shape.host.empty()) object->hostnames = {shape.host};
  auto& rule = object->rules.emplace_back();
  rule.matches.emplace_back().path.value = shape.path;
  auto& ref = rule.backend_refs.emplace_back();
  ref.name = shape.service;
  ref.port = shape.port;
  return object;
}

std::shared_ptr<objects::GrpcRoute> grpc_route(const std::string& name, const RouteShape& shape) {
  const auto http = route(name, shape);
  auto object = std::make_shared<objects::GrpcRoute>();
  object->meta = http->meta;
  object->parent_refs = http->parent_refs;
  object->hostnames = http->hostnames;
  object->rules.emplace_back().backend_refs = http->rules[0].backend_refs;
  return object;
}

std::shared_ptr<objects::TcpRoute> tcp_route(const std::string& name, const RouteShape& shape) {
  const auto http = route(name, shape);
  auto object = std::make_shared<objects::TcpRoute>();
  object->meta = http->meta;
  object->parent_refs = http->parent_refs;
  object->rules.emplace_back().backend_refs.push_back({http->rules[0].backend_refs[0], 1});
  return object;
}

std::shared_ptr<objects::BackendTlsPolicy> tls_policy(const std::string& name, const std::string& service) {
  auto object = std::make_shared<objects::BackendTlsPolicy>();
  object->meta.ns = "default";
  object->meta.name = name;
  object->target_refs = {{"", "Service", service, std::nullopt}};
  object->validation.hostname = "a.test";
  object->validation.well_known_ca_certificates = "System";
  return object;
}

Options options_of_tests() {
  Options options;
  options.address_pool = {Cidr::parse("127.0.0.0/24").value()};
  return options;
}

Snapshot base(int services) {
  Snapshot snapshot;
  auto ours = std::make_shared<objects::GatewayClass>();
  ours->meta.name = "ours";
  ours->controller_name = "gatehouse.dev/gateway-controller";
  snapshot.gateway_classes["ours"] = ours;
  snapshot.gateways["default/one"] = gateway("one", 10);
  snapshot.gateways["default/two"] = gateway("two", 20);
  for (int i = 0; i < services; ++i)
    snapshot.services[fmt::format("default/s{}", i)] = service(fmt::format("s{}", i));
  return snapshot;
}

std::vector<std::string> sorted_warnings(const Translation& translation) {
  std::vector<std::string> lines;
  for (const auto& warning : translation.warnings) lines.push_back(objects::to_line(warning));
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// One random edit of one object.
class Editor {
 public:
  enum class Policies : std::uint8_t { none, some };
  Editor(std::uint32_t seed, Policies policies) : dice_(seed), policies_(policies) {}

  void edit(Snapshot& snapshot) {
    const auto what = dice_() % 24;
    if (what < 12) return edit_route(snapshot);
    if (what < 20) return edit_slice(snapshot);
    if (what == 20) return edit_service(snapshot);
    if (what == 21) return edit_other_route(snapshot);
    if (what == 22 && policies_ == Policies::some) return edit_policy(snapshot);
    snapshot.gateways["default/two"] = gateway("two", static_cast<std::int64_t>(dice_() % 30));
  }

 private:
  std::string pick(const std::vector<std::string>& from) { return from[dice_() % from.size()]; }

  void edit_route(Snapshot& snapshot) {
    const auto name = fmt::format("r{}", dice_() % 9);
    if (dice_() % 4 == 0) {
      snapshot.http_routes.erase("default/" + name);
      return;
    }
    RouteShape shape;
    shape.gateway = pick({"one", "two", "missing"});
    shape.section = pick({"", "a", "b", "c"});
    shape.host = pick({"", "a.example.com", "b.test"});
    shape.service = pick({"s0", "s1", "s2", "s9"});
    shape.port = dice_() % 2 == 0 ? 80 : 81;
    shape.path = pick({"/", "/x"});
    auto object = route(name, shape);
    object->meta.creation_timestamp = static_cast<std::int64_t>(dice_() % 3);
    snapshot.http_routes["default/" + name] = object;
  }

  void edit_other_route(Snapshot& snapshot) {
    const auto name = fmt::format("r{}", dice_() % 3);
    RouteShape shape;
    shape.gateway = pick({"one", "two"});
    shape.service = pick({"s0", "s1", "s9"});
    if (dice_() % 2 == 0) {
      if (!snapshot.grpc_routes.erase("default/" + name))
        snapshot.grpc_routes["default/" + name] = grpc_route(name, shape);
    } else if (!snapshot.tcp_routes.erase("default/" + name)) {
      snapshot.tcp_routes["default/" + name] = tcp_route(name, shape);
    }
  }

  void edit_policy(Snapshot& snapshot) {
    const auto name = fmt::format("p{}", dice_() % 2);
    if (!snapshot.backend_tls_policies.erase("default/" + name))
      snapshot.backend_tls_policies["default/" + name] = tls_policy(name, pick({"s0", "s1"}));
  }

  void edit_slice(Snapshot& snapshot) {
    const auto name = fmt::format("slice{}", dice_() % 6);
    if (dice_() % 3 == 0) {
      snapshot.endpoint_slices.erase("default/" + name);
      return;
    }
    auto object = slice(name, pick({"s0", "s1", "s2"}), static_cast<int>(dice_() % 1000));
    if (dice_() % 4 == 0) object->endpoints.clear();
    snapshot.endpoint_slices["default/" + name] = object;
  }

  void edit_service(Snapshot& snapshot) {
    const auto name = pick({"s0", "s1", "s2"});
    if (!snapshot.services.erase("default/" + name)) snapshot.services["default/" + name] = service(name);
  }

  std::mt19937 dice_;
  Policies policies_;
};

/// `count` routes with a host and a Service with one slice each.
Snapshot large(int count) {
  auto snapshot = base(count);
  for (int i = 0; i < count; ++i) {
    RouteShape shape;
    shape.section = "a";
    shape.host = fmt::format("h{}.test", i);
    shape.service = fmt::format("s{}", i);
    snapshot.http_routes[fmt::format("default/r{}", i)] = route(fmt::format("r{}", i), shape);
    snapshot.endpoint_slices[fmt::format("default/e{}", i)] = slice(fmt::format("e{}", i), shape.service, i);
  }
  return snapshot;
}

}  // namespace

TEST_CASE("after any series of changes the short ways give what translating everything gives") {
  const auto options = options_of_tests();
  std::uint64_t full_passes = 0;
  constexpr int kSteps = 150;
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const auto policies = seed % 3 == 0 ? Editor::Policies::some : Editor::Policies::none;
    Editor editor(seed, policies);
    auto snapshot = base(3);
    const auto memo = make_memo();
    for (int step = 0; step < kSteps; ++step) {
      for (int edits = step % 3; edits >= 0; --edits) editor.edit(snapshot);
      const auto quick = translate(snapshot, options, memo.get());
      const auto whole = translate(snapshot, options, nullptr);
      INFO("seed " << seed << " step " << step);
      REQUIRE(ir::dump(*quick.config) == ir::dump(*whole.config));
      REQUIRE(objects::dump(quick.statuses) == objects::dump(whole.statuses));
      REQUIRE(sorted_warnings(quick) == sorted_warnings(whole));
    }
    if (policies == Editor::Policies::none) full_passes += counts_of(*memo).full_passes;
  }
  CHECK(full_passes < 4 * kSteps / 2);
}

TEST_CASE("an HTTPRoute that changes leaves the routes of other kinds and their memory alone") {
  auto snapshot = large(20);
  RouteShape shape;
  snapshot.grpc_routes["default/r1"] = grpc_route("r1", shape);
  snapshot.tcp_routes["default/r1"] = tcp_route("r1", shape);
  const auto options = options_of_tests();
  const auto memo = make_memo();
  translate(snapshot, options, memo.get());
  const auto counts = counts_of(*memo);
  snapshot.http_routes["default/r1"] = route("r1", shape);
  translate(snapshot, options, memo.get());
  CHECK(counts_of(*memo).full_passes == counts.full_passes);
  CHECK(counts_of(*memo).routes_translated == counts.routes_translated + 1);
  snapshot.services["default/s9"] = service("s9");
  const auto after = translate(snapshot, options, memo.get());
  CHECK(counts_of(*memo).full_passes == counts.full_passes);
  CHECK(counts_of(*memo).routes_translated == counts.routes_translated + 2);  // the one with that Service
  CHECK(after.statuses.tcp_routes.contains("default/r1"));
}

TEST_CASE("one route changed among 5,000 translates one route and rebuilds one host") {
  auto snapshot = large(5000);
  const auto options = options_of_tests();
  const auto memo = make_memo();
  routing::Ids clusters;
  routing::Ids metrics;
  const auto before = translate(snapshot, options, memo.get()).config;
  const auto table = routing::compile(*before->listeners[0], {clusters, metrics});
  const auto counts = counts_of(*memo);

  RouteShape shape{"one", "a", "h77.test", "s78", 80, "/new"};
  snapshot.http_routes["default/r77"] = route("r77", shape);
  const auto after = translate(snapshot, options, memo.get()).config;
  routing::CompileStats stats;
  routing::compile(*after->listeners[0], {clusters, metrics}, table.get(), &stats);

  CHECK(counts_of(*memo).full_passes == counts.full_passes);
  CHECK(counts_of(*memo).routes_translated == counts.routes_translated + 1);
  CHECK(counts_of(*memo).clusters_rebuilt == counts.clusters_rebuilt);
  CHECK(stats.routes_compiled == 1);
  CHECK(stats.hosts_rebuilt == 1);
  CHECK(after->clusters.size() == 4999);
  CHECK(after->listeners[1] == before->listeners[1]);
}

TEST_CASE("a changed EndpointSlice rebuilds one cluster and looks at no route") {
  auto snapshot = large(100);
  const auto options = options_of_tests();
  const auto memo = make_memo();
  const auto before = translate(snapshot, options, memo.get());
  const auto counts = counts_of(*memo);

  snapshot.endpoint_slices["default/e7"] = slice("e7", "s7", 500);
  const auto after = translate(snapshot, options, memo.get());

  CHECK(counts_of(*memo).full_passes == counts.full_passes);
  CHECK(counts_of(*memo).routes_translated == counts.routes_translated);
  CHECK(counts_of(*memo).clusters_rebuilt == 1);
  CHECK(after.config->listeners == before.config->listeners);
  int changed = 0;
  for (std::size_t i = 0; i < 100; ++i) changed += before.config->clusters[i] != after.config->clusters[i];
  CHECK(changed == 1);
}

TEST_CASE("an EndpointSlice that was touched but not changed leaves the configuration as it is") {
  auto snapshot = large(3);
  const auto options = options_of_tests();
  const auto memo = make_memo();
  const auto before = translate(snapshot, options, memo.get());
  snapshot.endpoint_slices["default/e1"] = slice("e1", "s1", 1);
  const auto after = translate(snapshot, options, memo.get());
  CHECK(before.config == after.config);
  CHECK(counts_of(*memo).clusters_rebuilt == 0);
}

TEST_CASE("a route that goes takes its cluster and its count with it") {
  auto snapshot = large(3);
  const auto options = options_of_tests();
  const auto memo = make_memo();
  translate(snapshot, options, memo.get());
  snapshot.http_routes.erase("default/r1");
  const auto after = translate(snapshot, options, memo.get());
  CHECK(counts_of(*memo).full_passes == 1);
  CHECK(after.config->clusters.size() == 2);
  CHECK(after.statuses.gateways.at("default/one").listeners[0].attached_routes == 2);
  CHECK_FALSE(after.statuses.http_routes.contains("default/r1"));
}

}  // namespace gatehouse::translate
