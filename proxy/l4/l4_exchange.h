// SPDX-License-Identifier: Apache-2.0
// One connection of a TCPRoute or TLSRoute, from the choice of its backend to its log line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/io/socket.h"
#include "proxy/l4/l4_record.h"
#include "proxy/l4/tunnel.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// What is known of the client's side. `socket` is connected, TLS done where it is ours to do; the owner
/// closes it when run() has ended. Without a backend that means RST.
struct L4Client {
  enum class Encryption : std::uint8_t {
    ours,    ///< none, or ended here: towards the backend the cluster's settings hold
    theirs,  ///< passed through
  };
  io::Socket& socket;
  SocketAddress client;         ///< the peer, or who it speaks for
  std::string server_name{};    ///< SNI
  std::string_view protocol{};  ///< for the log: "TCP" or "TLS"
  Encryption encryption = Encryption::ours;
};

/// Draws its cluster when it is made, by weight, and keeps to it: later changes of the configuration do not
/// matter to it, a backend that is gone ends it when it wants to. Holds no runtime. Thread: its worker.
class L4Exchange final : private Tunnel::Counter {
 public:
  L4Exchange(WorkerContext& worker, L4Client client, const L4RouteRuntime& route, Duration idle_timeout);
  L4Exchange(const L4Exchange&) = delete;
  L4Exchange& operator=(const L4Exchange&) = delete;

  /// Once. The exchange stays until the task has ended.
  Task<> run();
  /// run() ends within a turn or two of the loop.
  void abort();

 private:
  Task<Result<Lease>> reach_backend();
  Task<> tunnel(Lease& lease);
  void bytes_up(std::uint64_t n) override;
  void bytes_down(std::uint64_t n) override;
  void log();

  WorkerContext& worker_;
  L4Client client_;
  std::string route_key_;
  L4Probe probe_;
  Ref<Cluster> cluster_;
  Duration idle_timeout_;
  io::CancelSource gone_;  ///< while connecting: the client broke the connection, or abort()
  Tunnel* tunnel_ = nullptr;
  MonoTime started_;
  MonoTime connected_{};
  std::string endpoint_;
  std::string_view reason_;
  std::uint64_t up_ = 0;
  std::uint64_t down_ = 0;
};

}  // namespace gatehouse::proxy
