// SPDX-License-Identifier: Apache-2.0
// A cluster on one thread, with a clock that the test moves and backends that only accept.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/probes.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/http1_client.h"
#include "tests/base/fake_clock.h"

namespace gatehouse::proxy {

/// Listens on the loopback until stop(); what connects stays in the kernel's queue.
class QuietBackend {
 public:
  QuietBackend() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    start({*IpAddress::parse("127.0.0.1"), 0});
  }
  ~QuietBackend() { stop(); }
  QuietBackend(const QuietBackend&) = delete;
  QuietBackend& operator=(const QuietBackend&) = delete;

  const SocketAddress& address() const { return address_; }
  /// Nobody listens any more; what was connected is reset.
  void stop() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  /// Listens again at the same address.
  void restart() {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    start(address_);
  }

 private:
  void start(const SocketAddress& at) {
    sockaddr_storage storage;
    socklen_t size = at.write(storage);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&storage), size) == 0);
    REQUIRE(listen(fd_, 512) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
    address_ = SocketAddress::from(storage);
  }

  int fd_;
  SocketAddress address_;
};

/// An address at which nobody ever answers in a test that connects to none.
inline SocketAddress fake_address(int number) {
  return {*IpAddress::parse("192.0.2." + std::to_string(number)), 80};
}

/// Keeps runtime, loop and metrics around one Cluster. `config` may be changed before publish().
class ClusterRig {
 public:
  explicit ClusterRig(const std::vector<SocketAddress>& addresses,
                      const std::function<void(ir::Cluster&)>& change = {}, WorkerShare share = {})
      : loop_(std::move(*io::EventLoop::create(clock))), probes_(1), lease_(probes_.lease_cluster("c")) {
    config.key = "c";
    for (const auto& address : addresses) add(address);
    if (change) change(config);
    build();
    const Cluster::Surroundings around{*loop_, buffers_, share, 42};
    cluster_ = Ref<Cluster>(new Cluster(around, probes_.of_worker(0).cluster(lease_.slot()), shared));
  }
  ~ClusterRig() { cluster_->retire(); }
  ClusterRig(const ClusterRig&) = delete;
  ClusterRig& operator=(const ClusterRig&) = delete;

  void add(const SocketAddress& address, std::uint8_t priority = 0) {
    config.endpoints.push_back({address.ip.to_string(), address.port, priority});
  }
  void publish() {
    build();
    cluster_->update(shared);
  }
  Cluster& cluster() { return *cluster_; }
  EndpointSet& endpoints() { return cluster_->endpoints(); }
  io::EventLoop& loop() { return *loop_; }
  /// Time passes, as a running loop sees it.
  void pass(Duration time) {
    clock.advance(time);
    loop_->turn(Duration::zero());
  }

  /// What the balancer would take for one request more.
  SocketAddress pick(const PickRequest& request = {}) {
    Endpoint* endpoint = endpoints().pick(request, {}, loop_->now());
    REQUIRE(endpoint);
    return endpoint->address();
  }
  /// How often each endpoint of the configuration is picked.
  std::vector<int> tally(int picks, const PickRequest& request = {}) {
    std::vector<int> counts(config.endpoints.size());
    for (int i = 0; i < picks; ++i) ++counts[index_of(pick(request))];
    return counts;
  }
  /// One try at `address` ended like this.
  void report(const SocketAddress& address, UpstreamOutcome outcome, int times = 1) {
    for (int i = 0; i < times; ++i) {
      Endpoint* endpoint = endpoints().find(address);
      REQUIRE(endpoint);
      endpoints().begin_use(*endpoint);
      endpoints().record(*endpoint, outcome, loop_->now());
    }
  }

  /// open() as an exchange awaits it; turns the loop until it is done.
  Result<Lease> open(PickRequest request = {}, Cluster::Warm warm = Cluster::Warm::allowed) {
    auto opening = start(request, warm);
    for (int i = 0; i < 2'000 && !opening->done(); ++i) loop_->turn(std::chrono::milliseconds(1));
    REQUIRE(opening->done());
    return std::move(*opening->result);
  }
  struct Opening {
    std::optional<Result<Lease>> result;
    bool done() const { return result.has_value(); }
  };
  std::shared_ptr<Opening> start(PickRequest request = {}, Cluster::Warm warm = Cluster::Warm::allowed,
                                 WaitLimits limits = {}) {
    auto opening = std::make_shared<Opening>();
    io::spawn(run(cluster_, opening, request, warm, limits));
    return opening;
  }

  /// The value of a metric of the cluster.
  std::string metric(const std::string& name) const {
    const auto text = probes_.render();
    const auto key = "\n" + name + "{cluster=\"c\"} ";
    const auto at = text.find(key);
    return at == std::string::npos ? ""
                                   : text.substr(at + key.size(), text.find('\n', at + 1) - at - key.size());
  }

  std::size_t index_of(const SocketAddress& address) const {
    for (std::size_t i = 0; i < config.endpoints.size(); ++i)
      if (config.endpoints[i].host == address.ip.to_string() && config.endpoints[i].port == address.port)
        return i;
    FAIL("an address that is not configured: " << address.to_string());
    return 0;
  }

  FakeClock clock;
  ir::Cluster config;
  ClusterRuntime shared;

 private:
  static Task<> run(Ref<Cluster> cluster, std::shared_ptr<Opening> opening, PickRequest request,
                    Cluster::Warm warm, WaitLimits limits) {
    auto result = co_await cluster->open(request, warm, limits);
    opening->result.emplace(std::move(result));
  }
  void build() {
    shared =
        ClusterRuntime::build(0, std::make_shared<ir::Cluster>(config), shared.config ? &shared : nullptr, 1);
  }

  std::unique_ptr<io::EventLoop> loop_;
  io::BufferPool buffers_;
  Probes probes_;
  metrics::Lease lease_;
  Ref<Cluster> cluster_;
};

}  // namespace gatehouse::proxy
