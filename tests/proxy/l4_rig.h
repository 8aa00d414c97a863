// SPDX-License-Identifier: Apache-2.0
// L4 listeners on one thread: a worker's context, a clock that the test moves, sockets on the loopback.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/listening_sockets.h"
#include "proxy/downstream/acceptor.h"
#include "proxy/l4/udp_listener.h"
#include "routing/ids.h"
#include "tests/base/fake_clock.h"
#include "tests/support/l4_plan.h"
#include "tests/support/wire_socket.h"

namespace gatehouse::proxy {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::WireSocket;

/// A datagram socket of the test.
class UdpPeer {
 public:
  explicit UdpPeer(const SocketAddress& bind_to = {*IpAddress::parse("127.0.0.1"), 0})
      : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_storage storage{};
    socklen_t size = bind_to.write(storage);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&storage), size) == 0);
    size = sizeof storage;
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
    address_ = SocketAddress::from(storage);
  }
  ~UdpPeer() { stop(); }
  UdpPeer(const UdpPeer&) = delete;
  UdpPeer& operator=(const UdpPeer&) = delete;

  const SocketAddress& address() const { return address_; }
  void stop() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void send(std::string_view bytes, const SocketAddress& to) {
    sockaddr_storage storage{};
    const socklen_t size = to.write(storage);
    REQUIRE(sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&storage), size) ==
            static_cast<ssize_t>(bytes.size()));
  }
  /// A datagram that is here.
  std::optional<std::string> take() {
    std::string bytes(70'000, '\0');
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    const auto n = recvfrom(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&storage), &size);
    if (n < 0) return std::nullopt;
    from = SocketAddress::from(storage);
    bytes.resize(static_cast<std::size_t>(n));
    return bytes;
  }

  SocketAddress from;  ///< of the last datagram taken

 private:
  int fd_;
  SocketAddress address_;
};

/// A listening TCP socket of the test.
class TcpPeer {
 public:
  TcpPeer() : listener_(test::listen_on_loopback()) {}
  ~TcpPeer() { close(listener_.fd); }
  TcpPeer(const TcpPeer&) = delete;
  TcpPeer& operator=(const TcpPeer&) = delete;

  const SocketAddress& address() const { return listener_.address; }
  /// A connection that is here.
  std::optional<WireSocket> take() {
    const int fd = accept4(listener_.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return std::nullopt;
    return WireSocket(fd);
  }

 private:
  test::WireListener listener_;
};

/// One listener, TCP-like or UDP, as a worker has it. Fill in `plan`, then serve(); change it, then
/// publish().
class L4Rig {
 public:
  explicit L4Rig(ir::ListenerProtocol protocol)
      : probes_(1), loop_(std::move(*io::EventLoop::create(clock))) {
    std::signal(SIGPIPE, SIG_IGN);  // as the process does
    plan.protocol = protocol;
    worker_.emplace(*loop_, WorkerContext::Options{settings, probes_.of_worker(0), nullptr, reaper_});
  }
  ~L4Rig() {
    udp_.reset();
    if (acceptor_) acceptor_->stop_accepting();
    if (acceptor_) acceptor_->abort_all();
    for (int i = 0; i < 100 && budget_.open != 0; ++i) loop_->turn(milliseconds(1));
    acceptor_.reset();
    worker_.reset();
  }
  L4Rig(const L4Rig&) = delete;
  L4Rig& operator=(const L4Rig&) = delete;

  void serve() {
    if (is_udp()) {
      UdpPeer free_port;
      address = free_port.address();
      free_port.stop();
      const auto opened = gateway::open_listening_sockets(address, 1, ir::Transport::udp);
      REQUIRE(opened.error.empty());
      udp_ = std::make_unique<UdpListener>(*worker_, address, opened.fds.front());
    } else {
      const auto listener = test::listen_on_loopback();
      address = listener.address;
      acceptor_ = Ref<Acceptor>(new Acceptor(*worker_, budget_, address, listener.fd));
    }
    publish();
  }
  void publish() {
    Runtime::Input input{plan.config(address), runtime_.get(), {cluster_ids_, route_ids_}};
    input.settings = &settings;
    input.probes = &probes_;
    runtime_ = Runtime::build(input);
    worker_->adopt(runtime_);
    if (acceptor_) acceptor_->set_current(runtime_->find_socket(address));
    if (udp_) udp_->set_current(runtime_->find_socket(address, ir::Transport::udp));
  }

  /// Turns the loop until `found()` gives something; nothing when that never happens.
  template <typename Find>
  auto wait_for(Find found) -> decltype(found()) {
    const auto until = std::chrono::steady_clock::now() + test::kPatience;
    for (;;) {
      if (auto result = found()) return result;
      if (std::chrono::steady_clock::now() > until) return {};
      loop_->turn(milliseconds(1));
    }
  }
  void turn(int times = 20) {
    for (int i = 0; i < times; ++i) loop_->turn(milliseconds(1));
  }
  void pass(Duration time) {
    clock.advance(time);
    turn(3);
  }
  /// All of `size` bytes, or what came of them.
  std::string read(WireSocket& end, std::size_t size) {
    std::string got;
    wait_for([&] {
      end.read(got, milliseconds(0));
      return got.size() >= size;
    });
    return got;
  }
  WireSocket::Got read_end(WireSocket& end) {
    std::string rest;
    auto got = WireSocket::Got::timeout;
    wait_for([&] {
      got = end.read(rest, milliseconds(0));
      return got == WireSocket::Got::end || got == WireSocket::Got::reset;
    });
    return got;
  }
  WireSocket connect() { return WireSocket::connect(address); }
  /// The value of a line of /metrics; "" when it is not there.
  std::string metric(std::string_view series) const {
    const auto text = probes_.render();
    const auto wanted = "\n" + std::string(series) + " ";
    const auto at = text.find(wanted);
    if (at == std::string::npos) return {};
    const auto begin = at + wanted.size();
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  std::string route_metric(std::string_view name) const {
    return metric(std::string(name) + "{route=\"TCPRoute/test/" + plan.route + "\"}");
  }

  UdpListener& udp() { return *udp_; }
  Acceptor& acceptor() { return *acceptor_; }
  WorkerContext& worker() { return *worker_; }
  std::uint32_t open_connections() const { return budget_.open; }

  FakeClock clock;
  test::L4Plan plan;
  ProxySettings settings;
  SocketAddress address;

 private:
  struct Reaper final : RuntimeReaper {
    void take(std::shared_ptr<const Runtime> runtime) override { runtime.reset(); }
  };

  bool is_udp() const { return plan.protocol == ir::ListenerProtocol::udp; }

  Probes probes_;
  Reaper reaper_;
  routing::Ids cluster_ids_;
  routing::Ids route_ids_;
  std::shared_ptr<const Runtime> runtime_;
  std::unique_ptr<io::EventLoop> loop_;
  std::optional<WorkerContext> worker_;
  ConnectionBudget budget_;
  Ref<Acceptor> acceptor_;
  std::unique_ptr<UdpListener> udp_;
};

}  // namespace gatehouse::proxy
