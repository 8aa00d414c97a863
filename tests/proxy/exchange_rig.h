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
  using Change = std::function<void(test::WirePlan&)>;

  /// `clock` is the loop's; the patience of run_until() is always real time.
  explicit ExchangeRig(const Change& change = {}, const Clock& clock = system_clock()) : probes_(1) {
    auto made = io::EventLoop::create(clock);
    REQUIRE(made.has_value());
    loop_ = std::move(*made);
    const auto backend = test::listen_on_loopback();
    backend_listener_ = backend.fd;
    const auto downstream = test::listen_on_loopback();
    address_ = downstream.address;

    plan_.add_route("/", {backend.address});
    if (change) change(plan_);
    settings_ = plan_.settings;
    worker_.emplace(*loop_, WorkerContext::Options{settings_, probes_.of_worker(0), nullptr, reaper_});
    publish();
    acceptor_ = Ref<Acceptor>(new Acceptor(*worker_, budget_, address_, downstream.fd));
    acceptor_->set_current(sockets());
  }
  ~ExchangeRig() {
    acceptor_->stop_accepting();
    acceptor_->abort_all();
    for (int i = 0; i < 100 && budget_.open != 0; ++i) loop_->turn(std::chrono::milliseconds(1));
    acceptor_.reset();
    worker_.reset();
    close(backend_listener_);
  }
  ExchangeRig(const ExchangeRig&) = delete;
  ExchangeRig& operator=(const ExchangeRig&) = delete;

  io::EventLoop& loop() { return *loop_; }
  WorkerContext& worker() { return *worker_; }
  const SocketAddress& address() const { return address_; }
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
    const auto until = std::chrono::steady_clock::now() + test::kPatience;
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
  void publish() {
    Runtime::Input input{plan_.config(address_), nullptr, {cluster_ids_, route_ids_}};
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
  int backend_listener_ = -1;
  std::deque<BackendSocket> backends_;
  std::function<void()> poll_;
};

}  // namespace gatehouse::proxy
