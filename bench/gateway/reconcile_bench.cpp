// SPDX-License-Identifier: Apache-2.0
// What one changed object costs from the snapshot to a runtime ready to publish, and the first load of a
// file. Items are passes; the counters show how much of them was looked at anew.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "config/file/yaml_reader.h"
#include "config/ir/diff.h"
#include "config/objects/decode.h"
#include "config/objects/object_store.h"
#include "config/translate/translate.h"
#include "proxy/runtime.h"

namespace gatehouse {
namespace {

constexpr const char* kHead = R"(apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: ours
  listeners: [{name: http, port: 80, protocol: HTTP}]
)";

std::string route_text(std::int64_t number, std::int64_t service, std::string_view path) {
  return fmt::format(R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: route-{0}}}
spec:
  parentRefs: [{{name: gw}}]
  hostnames: [host-{1}.example.com]
  rules:
    - matches: [{{path: {{value: /{2}/{0}}}}}]
      backendRefs: [{{name: service-{3}, port: 80}}]
)",
                     number, number / 10, path, service);
}

std::string service_text(std::int64_t number) {
  return fmt::format(R"(---
apiVersion: v1
kind: Service
metadata: {{name: service-{0}}}
spec: {{clusterIP: 10.0.{1}.{2}, ports: [{{name: http, port: 80}}]}}
)",
                     number, number / 200, 1 + number % 200);
}

std::string slice_text(std::int64_t number, std::int64_t address) {
  return fmt::format(R"(---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: slice-{0}, labels: {{kubernetes.io/service-name: service-{0}}}}}
addressType: IPv4
ports: [{{name: http, port: 8080}}]
endpoints: [{{addresses: [10.{3}.{1}.{2}]}}]
)",
                     number, number / 200, 1 + number % 200, 1 + address % 200);
}

std::vector<objects::AnyObject> read(const std::string& text) {
  std::vector<objects::AnyObject> objects;
  file::read_yaml(text, "bench.yaml", [&](const nlohmann::json& value, const objects::SourceMap& locations) {
    if (auto decoded = objects::decode_object(value, &locations); decoded.object)
      objects.push_back(std::move(*decoded.object));
  });
  return objects;
}

/// Every host has ten routes. Owns::service: every route has a Service and a slice of its own, which is three
/// objects per route; else the routes of a host share one.
enum class Owns { service, nothing };

std::string world_text(std::int64_t routes, Owns owns) {
  std::string text = kHead;
  for (std::int64_t i = 0; i < routes; ++i) {
    const auto service = owns == Owns::service ? i : i / 10;
    text += route_text(i, service, "path");
    if (owns == Owns::service || i % 10 == 0) text += service_text(service) + slice_text(service, 0);
  }
  return text;
}

/// What the control thread holds between two passes.
class Control {
 public:
  Control() { options_.address_pool = {Cidr::parse("127.0.0.1").value()}; }

  void apply(const std::string& source, const std::vector<objects::AnyObject>& objects) {
    store_.apply(source, objects);
  }
  /// As a watch of an API server does it.
  void upsert(const std::vector<objects::AnyObject>& objects) { store_.upsert("cluster", objects); }

  /// From the snapshot to a runtime and to the statuses that are written.
  void pass() {
    const auto translation = translate::translate(store_.snapshot(), options_, memo_.get());
    store_.forget_changes();
    benchmark::DoNotOptimize(translate::merge_bind_outcomes(translation, {}));
    if (config_ == translation.config) return;
    proxy::Runtime::Input input{translation.config, runtime_.get(), {clusters_, metrics_}};
    input.settings = &settings_;
    input.probes = &probes_;
    input.generation = ++generation_;
    stats_ = {};
    runtime_ = proxy::Runtime::build(input, &stats_);
    previous_ = std::move(config_);
    config_ = translation.config;
  }

  /// The words for the log, which are made after the runtime was published.
  void log() { benchmark::DoNotOptimize(ir::diff(*previous_, *config_)); }

  const translate::MemoCounts& counts() const { return translate::counts_of(*memo_); }
  const routing::CompileStats& stats() const { return stats_; }

 private:
  objects::ObjectStore store_;
  translate::Options options_;
  std::shared_ptr<translate::Memo> memo_ = translate::make_memo();
  routing::Ids clusters_;
  routing::Ids metrics_;
  proxy::ProxySettings settings_;
  proxy::Probes probes_{2};
  routing::CompileStats stats_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const ir::Config> config_;
  std::shared_ptr<const ir::Config> previous_;
  std::shared_ptr<const proxy::Runtime> runtime_;
};

template <Owns kOwns>
void load(benchmark::State& state) {
  const auto text = world_text(state.range(0), kOwns);
  for (auto _ : state) {
    Control control;
    control.apply("file", read(text));
    control.pass();
  }
  state.SetLabel(fmt::format("{} bytes of YAML", text.size()));
}

void load_routes(benchmark::State& state) {
  load<Owns::nothing>(state);
}
BENCHMARK(load_routes)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void load_routes_services_slices(benchmark::State& state) {
  load<Owns::service>(state);
}
BENCHMARK(load_routes_services_slices)->Arg(10'000)->Unit(benchmark::kMillisecond);

/// The first pass over objects that are there already, as after the list of an API server.
void translate_everything(benchmark::State& state) {
  const auto objects = read(world_text(state.range(0), Owns::service));
  for (auto _ : state) {
    Control control;
    control.apply("file", objects);
    control.pass();
  }
}
BENCHMARK(translate_everything)->Arg(5'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

enum class Log { no, yes };

template <Log kLog, typename Edit>
void change(benchmark::State& state, Edit edit) {
  Control control;
  control.apply("file", read(world_text(state.range(0), Owns::service)));
  control.pass();
  const auto before = control.counts();
  std::int64_t round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto objects = read(edit(++round));
    state.ResumeTiming();
    control.apply("edit", objects);
    control.pass();
    if (kLog == Log::yes) control.log();
  }
  const auto per_pass = [&](std::uint64_t now, std::uint64_t then) {
    return benchmark::Counter(static_cast<double>(now - then) / static_cast<double>(round));
  };
  state.counters["full"] = per_pass(control.counts().full_passes, before.full_passes);
  state.counters["routes"] = per_pass(control.counts().routes_translated, before.routes_translated);
  state.counters["clusters"] = per_pass(control.counts().clusters_rebuilt, before.clusters_rebuilt);
  state.counters["hosts"] = control.stats().hosts_rebuilt;
}

/// A new path for one route that sorts in front of what the file says, so that the edit wins.
void change_one_route(benchmark::State& state) {
  change<Log::no>(state, [](std::int64_t round) { return route_text(77, 77, fmt::format("v{}", round)); });
}
BENCHMARK(change_one_route)->Arg(5'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void change_one_route_and_log(benchmark::State& state) {
  change<Log::yes>(state, [](std::int64_t round) { return route_text(77, 77, fmt::format("v{}", round)); });
}
BENCHMARK(change_one_route_and_log)->Arg(5'000)->Unit(benchmark::kMillisecond);

void change_one_slice(benchmark::State& state) {
  change<Log::no>(state, [](std::int64_t round) { return slice_text(77, round); });
}
BENCHMARK(change_one_slice)->Arg(5'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

/// A Service is looked at by every route that names it.
void change_one_service(benchmark::State& state) {
  change<Log::no>(state, [](std::int64_t round) {
    auto text = service_text(77);
    return text.replace(text.find("10.0."), 5, round % 2 == 0 ? "10.8." : "10.9.");
  });
}
BENCHMARK(change_one_service)->Arg(5'000)->Unit(benchmark::kMillisecond);

constexpr const char* kPolicies = R"(apiVersion: gatehouse.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: all}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]
  timeouts: {connect: 1s}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: one}
spec:
  targetRefs: [{group: "", kind: Service, name: service-9}]
  validation: {hostname: a.test, wellKnownCACertificates: System}
)";

/// Routes of a Gateway that nobody here serves.
std::string foreign_route(std::int64_t number, std::int64_t round) {
  return fmt::format(R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: foreign-{}}}
spec:
  parentRefs: [{{name: theirs}}]
  rules: [{{matches: [{{path: {{value: /{}}}}}], backendRefs: [{{name: service-1, port: 80}}]}}]
)",
                     number, round);
}

std::string foreign_routes(std::int64_t count) {
  std::string text = R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: theirs}
spec: {gatewayClassName: theirs, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: theirs}
spec: {controllerName: example.com/theirs}
)";
  for (std::int64_t i = 0; i < count; ++i) text += foreign_route(i, 0);
  return text;
}

/// In a cluster of 5,000 routes, Services and slices with policies, and 40,000 routes of others. `edit` gets
/// the number of the round, from 1.
template <typename Edit>
void change_in_cluster(benchmark::State& state, Edit edit) {
  Control control;
  control.upsert(read(world_text(5'000, Owns::service) + "---\n" + kPolicies + foreign_routes(40'000)));
  control.pass();
  const auto before = control.counts();
  std::int64_t round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto objects = read(edit(++round));
    state.ResumeTiming();
    control.upsert(objects);
    control.pass();
  }
  const auto& now = control.counts();
  const auto rounds = static_cast<double>(round);
  state.counters["full"] = static_cast<double>(now.full_passes - before.full_passes) / rounds;
  state.counters["visited"] = static_cast<double>(now.routes_visited - before.routes_visited) / rounds;
}

void cluster_one_route(benchmark::State& state) {
  change_in_cluster(state, [](auto round) { return route_text(77, 77, fmt::format("v{}", round)); });
}
BENCHMARK(cluster_one_route)->Unit(benchmark::kMillisecond);

void cluster_many_routes(benchmark::State& state) {
  change_in_cluster(state, [&state](auto round) {
    std::string text;
    for (std::int64_t i = 0; i < state.range(0); ++i)
      text += route_text(i * 7, i * 7, fmt::format("v{}", round));
    return text;
  });
}
BENCHMARK(cluster_many_routes)->Arg(100)->Arg(500)->Unit(benchmark::kMillisecond);

void cluster_new_route(benchmark::State& state) {
  change_in_cluster(state, [](auto round) { return route_text(5'000 + round, 77, "new"); });
}
BENCHMARK(cluster_new_route)->Unit(benchmark::kMillisecond);

void cluster_one_slice(benchmark::State& state) {
  change_in_cluster(state, [](auto round) { return slice_text(77, round); });
}
BENCHMARK(cluster_one_slice)->Unit(benchmark::kMillisecond);

void cluster_foreign_route(benchmark::State& state) {
  change_in_cluster(state, [](auto round) { return foreign_route(77, round); });
}
BENCHMARK(cluster_foreign_route)->Unit(benchmark::kMillisecond);

/// The long way, for comparison: a policy changes.
void cluster_one_policy(benchmark::State& state) {
  change_in_cluster(state, [](auto round) {
    std::string text = kPolicies;
    return text.replace(text.find("connect: 1s"), 11, fmt::format("connect: {}s", 1 + round % 9));
  });
}
BENCHMARK(cluster_one_policy)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gatehouse
