// SPDX-License-Identifier: Apache-2.0
// What an exchange needs around it, on one thread: loop, worker, and a backend that the test plays itself.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <string>

#include "proxy/downstream/acceptor.h"
#include "tests/support/wire_rig.h"

namespace gatehouse::proxy {

/// One connection that the gateway opened to the backend.
struct BackendSocket {
  explicit BackendSocket(int fd) : socket(fd) {}

  void send(std::string_view bytes) { unsent += bytes; }
  /// Moves bytes both ways as far as they go.
  void poll() {
    while (!unsent.empty() && socket.is_open()) {
      const auto n = ::send(socket.fd(), unsent.data(), unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n <= 0) break;
      unsent.erase(0, static_cast<std::size_t>(n));
      sent += static_cast<std::size_t>(n);
    }
    if (reads && !ended) {
      using Got = test::WireSocket::Got;
      const auto got = socket.read(received, std::chrono::milliseconds(0));
      ended = got == Got::end || got == Got::reset;
    }
  }
  bool has(std::string_view text) const { return received.find(text) != std::string::npos; }

  test::WireSocket socket;
  std::string received;
  std::string unsent;
  std::size_t sent = 0;
  bool reads = true;
  bool ended = false;
};

/// A worker's context with one route to one endpoint, the backend behind it, and the loop that drives all.
class ExchangeRig {
 public:
  enum class BackendProtocol { http1, http2 };
  using Change = std::function<void(test::WirePlan&)>;

  /// `clock` is the loop's; the patience of run_until() is always real time.
  explicit ExchangeRig(const Change& change = {}, const Clock& clock = system_clock())
      : ExchangeRig(change, clock, BackendProtocol::http1) {}
  ExchangeRig(const Change& change, const Clock& clock, BackendProtocol protocol) : probes_(1) {
    begin(change, clock, protocol);
  }
  ~ExchangeRig() {
    for (auto* acceptor : {&acceptor_, &relay_}) {
      if (!*acceptor) continue;
      (*acceptor)->stop_accepting();
      (*acceptor)->abort_all();
    }
    for (int i = 0; i < 100 && budget_.open != 0; ++i) loop_->turn(std::chrono::milliseconds(1));
    acceptor_.reset();
    relay_.reset();
    worker_.reset();
    close(backend_listener_);
  }
  ExchangeRig(const ExchangeRig&) = delete;
  ExchangeRig& operator=(const ExchangeRig&) = delete;

  io::EventLoop& loop() { return *loop_; }
  WorkerContext& worker() { return *worker_; }
  const SocketAddress& address() const { return address_; }
  Acceptor& acceptor() { return *acceptor_; }
  const SocketRuntime* sockets() const { return (*worker_->runtime())->find_socket(address_); }
  Probes& probes() { return probes_; }
  std::deque<BackendSocket>& backends() { return backends_; }
  BackendSocket& backend(std::size_t index = 0) { return backends_.at(index); }
  std::size_t open_backends() const {
    std::size_t open = 0;
    for (const auto& backend : backends_) open += backend.ended ? 0 : 1;
    return open;
  }
  /// Called in every round: moves the driver's bytes.
  void on_round(std::function<void()> poll) { poll_ = std::move(poll); }

  /// Turns the loop until `holds`; false when that never happens.
  bool run_until(const std::function<bool()>& holds) {
    // Some scenarios move 32 MiB, with sanitizers and on a machine that does other things.
    const auto until = std::chrono::steady_clock::now() + 6 * test::kPatience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      round(std::chrono::milliseconds(2));
    }
    return true;
  }
  /// Until nothing has moved for some rounds.
  void settle() {
    for (int i = 0; i < 25; ++i) round(std::chrono::milliseconds(1));
  }

 private:
  void round(Duration longest) {
    for (;;) {
      const int fd = accept4(backend_listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) break;
      backends_.emplace_back(fd);
    }
    for (auto& backend : backends_) backend.poll();
    if (poll_) poll_();
    loop_->turn(longest);
  }
  /// With HTTP/2 to the backend, a relay of our own stands between: it takes HTTP/2 and passes HTTP/1 on to
  /// the backend that the test plays.
  void begin(const Change& change, const Clock& clock, BackendProtocol protocol) {
    auto made = io::EventLoop::create(clock);
    REQUIRE(made.has_value());
    loop_ = std::move(*made);
    const auto backend = test::listen_on_loopback();
    backend_listener_ = backend.fd;
    const auto downstream = test::listen_on_loopback();
    address_ = downstream.address;
    std::optional<test::WireListener> relay;
    if (protocol == BackendProtocol::http2) relay = test::listen_on_loopback();

    plan_.add_route("/", {relay ? relay->address : backend.address});
    if (relay) plan_.clusters.front().protocol = ir::ClusterProtocol::http2;
    if (change) change(plan_);
    settings_ = plan_.settings;
    worker_.emplace(*loop_, WorkerContext::Options{settings_, probes_.of_worker(0), nullptr, reaper_});
    publish(relay ? with_relay(relay->address, backend.address) : plan_.config(address_));
    acceptor_ = accept_at(downstream);
    if (relay) relay_ = accept_at(*relay);
  }
  Ref<Acceptor> accept_at(const test::WireListener& listener) {
    Ref<Acceptor> acceptor(new Acceptor(*worker_, budget_, listener.address, listener.fd));
    acceptor->set_current((*worker_->runtime())->find_socket(listener.address));
    return acceptor;
  }
  std::shared_ptr<const ir::Config> with_relay(const SocketAddress& relay, const SocketAddress& backend) {
    test::WirePlan behind;
    behind.add_route("/", {backend});
    behind.clusters.front().key = "Service/test/behind/80";
    behind.routes.front().rule().backends.front().cluster = behind.clusters.front().key;
    behind.routes.front().route.key = "HTTPRoute/test/behind";
    const auto more = behind.config(relay);
    auto config = std::make_shared<ir::Config>(*plan_.config(address_));
    auto listener = std::make_shared<ir::Listener>(*more->listeners.front());
    listener->name = "test/gateway/relay";
    config->listeners.push_back(std::move(listener));
    config->clusters.push_back(more->clusters.front());
    return config;
  }
  void publish(std::shared_ptr<const ir::Config> config) {
    Runtime::Input input{std::move(config), nullptr, {cluster_ids_, route_ids_}};
    input.settings = &settings_;
    input.probes = &probes_;
    worker_->adopt(Runtime::build(input));
  }

  struct Reaper final : RuntimeReaper {
    void take(std::shared_ptr<const Runtime> runtime) override { runtime.reset(); }
  };

  Probes probes_;
  Reaper reaper_;
  routing::Ids cluster_ids_;
  routing::Ids route_ids_;
  test::WirePlan plan_;
  ProxySettings settings_;
  SocketAddress address_;
  std::unique_ptr<io::EventLoop> loop_;
  std::optional<WorkerContext> worker_;
  ConnectionBudget budget_;
  Ref<Acceptor> acceptor_;
  Ref<Acceptor> relay_;  ///< speaks HTTP/2 in front of the backend; else null
  int backend_listener_ = -1;
  std::deque<BackendSocket> backends_;
  std::function<void()> poll_;
};

/// HTTP/2 between the gateway and its backend.
class Http2BackendRig : public ExchangeRig {
 public:
  explicit Http2BackendRig(const Change& change = {}, const Clock& clock = system_clock())
      : ExchangeRig(change, clock, BackendProtocol::http2) {}
};

}  // namespace gatehouse::proxy
