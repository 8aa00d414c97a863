// SPDX-License-Identifier: Apache-2.0
// Choosing an endpoint as a request does: the check for changes, the balancer, the bookkeeping of an answer.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "proxy/probes.h"
#include "proxy/upstream/endpoint_set.h"

namespace gatehouse::proxy {
namespace {

class Bench {
 public:
  Bench(std::int64_t endpoints, ir::LoadBalancer::Kind kind)
      : loop_(std::move(*io::EventLoop::create())), probes_(1), breaker_(new CircuitBreaker({})), set(7) {
    auto config = std::make_shared<ir::Cluster>();
    config->load_balancer.kind = kind;
    for (std::int64_t i = 0; i < endpoints; ++i)
      config->endpoints.push_back({"10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 80, 0});
    const auto shared = ClusterRuntime::build(0, std::move(config), nullptr, 1);
    set.update(shared, loop_->now(), [&](const SocketAddress& address) {
      EndpointSurroundings around{*loop_, buffers_, probes_.of_worker(0).cluster(0), breaker_};
      return Ref<Endpoint>(new Endpoint(std::move(around), address, {}));
    });
  }

 private:
  std::unique_ptr<io::EventLoop> loop_;
  io::BufferPool buffers_;
  Probes probes_;
  Ref<CircuitBreaker> breaker_;

 public:
  EndpointSet set;
  MonoTime now() const { return loop_->now(); }
};

template <ir::LoadBalancer::Kind kind>
void pick(benchmark::State& state) {
  Bench bench(state.range(0), kind);
  PickRequest request;
  std::uint64_t number = 0;
  for (auto _ : state) {
    request.hash = number += 0x9e3779b97f4a7c15;
    Endpoint* endpoint = bench.set.pick(request, {}, bench.now());
    bench.set.begin_use(*endpoint);
    if (!endpoint->standing.is_clean()) std::abort();
    benchmark::DoNotOptimize(endpoint);
  }
}
using Kind = ir::LoadBalancer::Kind;
BENCHMARK(pick<Kind::round_robin>)->Name("pick/round_robin")->Arg(1)->Arg(10)->Arg(1000);
BENCHMARK(pick<Kind::least_request>)->Name("pick/least_request")->Arg(10)->Arg(1000);
BENCHMARK(pick<Kind::random>)->Name("pick/random")->Arg(10)->Arg(1000);
BENCHMARK(pick<Kind::ring_hash>)->Name("pick/ring_hash")->Arg(10)->Arg(1000);
BENCHMARK(pick<Kind::maglev>)->Name("pick/maglev")->Arg(10)->Arg(1000);

}  // namespace
}  // namespace gatehouse::proxy
