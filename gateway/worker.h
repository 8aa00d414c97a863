// SPDX-License-Identifier: Apache-2.0
// One worker thread: an event loop, its acceptors, its clusters.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/io/event_loop.h"
#include "proxy/downstream/acceptor.h"
#include "proxy/l4/udp_listener.h"
#include "proxy/worker_context.h"

namespace gatehouse::gateway {

/// A new runtime for one worker, and the listening descriptors that come with it.
struct Publication {
  std::shared_ptr<const proxy::Runtime> runtime;
  struct Listening {
    SocketAddress address;
    int fd = -1;
    ir::Transport transport = ir::Transport::tcp;
  };
  std::vector<Listening> listen;
  std::function<void()> adopted;  ///< called on the worker when the runtime is in force
};

/// Owned by the control thread, whose calls are posted to the worker's loop. What the worker owns lives and
/// dies on its thread.
class Worker {
 public:
  struct Options {
    std::uint32_t index = 0;
    std::uint32_t max_connections = 0;  ///< of this worker; 0 = unlimited
    proxy::WorkerContext::Options context;
  };

  explicit Worker(const Options& options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// False when the system refuses an event loop.
  bool start();
  void publish(Publication publication);
  /// Accepts as before, but connections end after their current or next message.
  void wind_down();
  /// Stops accepting; connections end after their current message. `idle` is called when none is left.
  void drain(std::function<void()> idle);
  /// Ends everything now and joins the thread.
  void stop();

 private:
  struct DrainTimer;

  void run();
  void adopt(Publication publication);
  void listen(const Publication::Listening& socket);
  void adopt_udp(const proxy::Runtime& runtime);
  void close_unlisted();
  void check_drained();

  Options options_;
  std::unique_ptr<io::EventLoop> loop_;
  std::thread thread_;

  // the worker's own
  std::unique_ptr<proxy::WorkerContext> context_;
  proxy::ConnectionBudget budget_;
  std::map<SocketAddress, Ref<proxy::Acceptor>> acceptors_;
  std::map<SocketAddress, std::unique_ptr<proxy::UdpListener>> udp_;
  std::vector<Ref<proxy::Acceptor>> closing_;  ///< gone from the runtime, connections still open
  std::function<void()> on_drained_;
  std::unique_ptr<DrainTimer> drain_timer_;
};

}  // namespace gatehouse::gateway
