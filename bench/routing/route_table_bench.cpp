// SPDX-License-Identifier: Apache-2.0
// RouteTable::find at 10, 1,000, 100,000 rules in several shapes, with its allocations; compile from scratch
// and after one change.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "routing/route_table.h"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace gatehouse::routing {
namespace {

/// As many as a browser sends.
const std::vector<HeaderField> kHeaders{{"Host", "shop.example.com", FieldId::host},
                                        {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"},
                                        {"Accept", "text/html,application/xhtml+xml"},
                                        {"Accept-Language", "en-US,en;q=0.5"},
                                        {"Accept-Encoding", "gzip, deflate, br"},
                                        {"Connection", "keep-alive", FieldId::connection},
                                        {"X-Version", "two"},
                                        {"Cookie", "session=0123456789abcdef", FieldId::cookie}};

struct Shape {
  ir::RouteMatch (*match)(std::size_t rule);
  std::string (*hostname)(std::size_t rule);
  std::string (*host)(std::size_t rule);
  std::string (*path)(std::size_t rule);
};

std::string number(std::size_t rule) {
  return std::to_string(rule);
}

ir::RouteMatch on_prefix(std::string path) {
  ir::RouteMatch match;
  match.path.value = std::move(path);
  return match;
}

const Shape kPrefixesOfOneHost{
    [](std::size_t rule) { return on_prefix("/api/service-" + number(rule)); },
    [](std::size_t) { return std::string("shop.example.com"); },
    [](std::size_t) { return std::string("shop.example.com"); },
    [](std::size_t rule) { return "/api/service-" + number(rule) + "/items/42"; },
};

const Shape kExactPathsOfOneHost{
    [](std::size_t rule) {
      auto match = on_prefix("/v1/tenants/" + number(rule) + "/status");
      match.path.kind = ir::PathMatchKind::exact;
      return match;
    },
    [](std::size_t) { return std::string("shop.example.com"); },
    [](std::size_t) { return std::string("shop.example.com"); },
    [](std::size_t rule) { return "/v1/tenants/" + number(rule) + "/status"; },
};

const Shape kHosts{
    [](std::size_t) { return on_prefix("/"); },
    [](std::size_t rule) { return "tenant-" + number(rule) + ".example.com"; },
    [](std::size_t rule) { return "tenant-" + number(rule) + ".example.com"; },
    [](std::size_t) { return std::string("/index.html"); },
};

const Shape kWildcardHosts{
    [](std::size_t) { return on_prefix("/"); },
    [](std::size_t rule) { return "*.tenant-" + number(rule) + ".example.com"; },
    [](std::size_t rule) { return "www.tenant-" + number(rule) + ".example.com"; },
    [](std::size_t) { return std::string("/index.html"); },
};

const Shape kHeaderConditions{
    [](std::size_t rule) {
      auto match = on_prefix("/api/service-" + number(rule / 2));
      if (rule % 2 == 1) match.headers.push_back({"x-version", ir::ValueMatchKind::exact, "two"});
      return match;
    },
    [](std::size_t) { return std::string("shop.example.com"); },
    [](std::size_t) { return std::string("shop.example.com"); },
    [](std::size_t rule) { return "/api/service-" + number(rule / 2) + "/items/42"; },
};

const Shape kNotFound{
    kPrefixesOfOneHost.match,
    kPrefixesOfOneHost.hostname,
    kPrefixesOfOneHost.host,
    [](std::size_t rule) { return "/none/service-" + number(rule); },
};

std::shared_ptr<const ir::HttpRoute> make_route(const Shape& shape, std::size_t first, std::size_t last) {
  auto route = std::make_shared<ir::HttpRoute>();
  route->age.name = "default/route-" + number(first);
  route->key = "HTTPRoute/" + route->age.name;
  for (std::size_t rule = first; rule < last; ++rule) {
    ir::RouteRule& made = route->rules.emplace_back();
    made.matches.push_back(shape.match(rule));
    made.backends.emplace_back().cluster = "Service/default/s" + number(rule % 1000) + "/80";
  }
  return route;
}

/// Ten rules a route when they share a hostname, else one.
ir::Listener make_listener(const Shape& shape, std::size_t rules) {
  ir::Listener listener;
  const std::size_t step = shape.hostname(0) == shape.hostname(1) ? 10 : 1;
  for (std::size_t first = 0; first < rules; first += step)
    listener.routes.push_back(
        {make_route(shape, first, std::min(first + step, rules)), {shape.hostname(first)}});
  return listener;
}

struct Request {
  std::string host;
  std::string path;
};

/// Random rules, so that at 100,000 the caches are as cold as they would be in service.
std::vector<Request> make_requests(const Shape& shape, std::size_t rules) {
  std::mt19937 dice(1);
  std::vector<Request> requests(4096);
  for (Request& request : requests) {
    const std::size_t rule = dice() % rules;
    request = {shape.host(rule), shape.path(rule)};
  }
  return requests;
}

void find(benchmark::State& state, const Shape& shape) {
  const auto rules = static_cast<std::size_t>(state.range(0));
  Ids clusters;
  Ids metrics;
  const auto table = compile(make_listener(shape, rules), {clusters, metrics});
  const auto requests = make_requests(shape, rules);
  std::size_t at = 0;
  const std::size_t before = allocations;
  for (auto _ : state) {
    const Request& request = requests[at++ % requests.size()];
    benchmark::DoNotOptimize(table->find({request.host, request.path, "", "GET", kHeaders}));
  }
  state.counters["allocs/find"] =
      benchmark::Counter(static_cast<double>(allocations - before), benchmark::Counter::kAvgIterations);
}

void compile_all(benchmark::State& state) {
  const auto listener = make_listener(kHosts, static_cast<std::size_t>(state.range(0)));
  Ids clusters;
  Ids metrics;
  for (auto _ : state) benchmark::DoNotOptimize(compile(listener, {clusters, metrics}));
}

void compile_one_change(benchmark::State& state) {
  auto listener = make_listener(kHosts, static_cast<std::size_t>(state.range(0)));
  Ids clusters;
  Ids metrics;
  auto table = compile(listener, {clusters, metrics});
  const std::size_t changed = listener.routes.size() / 2;
  for (auto _ : state) {
    auto route = std::make_shared<ir::HttpRoute>(*listener.routes[changed].route);
    ++route->rules[0].backends[0].weight;
    listener.routes[changed].route = std::move(route);
    table = compile(listener, {clusters, metrics}, table.get());
  }
}

void rule_counts(benchmark::internal::Benchmark* bench) {
  bench->Arg(10)->Arg(1000)->Arg(100'000);
}

BENCHMARK_CAPTURE(find, prefixes_of_one_host, kPrefixesOfOneHost)->Apply(rule_counts);
BENCHMARK_CAPTURE(find, exact_paths_of_one_host, kExactPathsOfOneHost)->Apply(rule_counts);
BENCHMARK_CAPTURE(find, hosts, kHosts)->Apply(rule_counts);
BENCHMARK_CAPTURE(find, wildcard_hosts, kWildcardHosts)->Apply(rule_counts);
BENCHMARK_CAPTURE(find, header_conditions, kHeaderConditions)->Apply(rule_counts);
BENCHMARK_CAPTURE(find, not_found, kNotFound)->Apply(rule_counts);
BENCHMARK(compile_all)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK(compile_one_change)->Arg(5000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gatehouse::routing
