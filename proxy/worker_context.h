// SPDX-License-Identifier: Apache-2.0
// What one worker lends to its connections and exchanges.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/io/buffer_pool.h"
#include "base/io/event_loop.h"
#include "proxy/access_log.h"
#include "proxy/background.h"
#include "proxy/http/message.h"
#include "proxy/http/request_id.h"
#include "proxy/runtime.h"
#include "proxy/upstream/cluster.h"
#include "tls/handshake_gate.h"

namespace gatehouse::proxy {

/// Memory of one exchange, reused from one to the next so that a warm worker allocates nothing.
struct Scratch {
  Arena arena;
  http::RequestHead request;
  http::ResponseHead response;

  void reset() {
    arena.reset();
    request.fields.clear();
    response.fields.clear();
  }
};

/// Owned by the worker; everything in it belongs to the worker's thread.
class WorkerContext {
 public:
  struct Options {
    const ProxySettings& settings;
    WorkerProbes probes;
    AccessLogShard* access_log = nullptr;  ///< null: off
    RuntimeReaper& reaper;
  };
  WorkerContext(io::EventLoop& event_loop, const Options& options);
  ~WorkerContext();
  WorkerContext(const WorkerContext&) = delete;
  WorkerContext& operator=(const WorkerContext&) = delete;

  /// Takes over a new runtime: clusters that stay keep their connections.
  void adopt(std::shared_ptr<const Runtime> runtime);

  const Ref<RuntimeHandle>& runtime() const { return runtime_; }
  /// Null when the current runtime does not name it.
  Cluster* cluster(std::uint32_t id) const { return id < clusters_.size() ? clusters_[id].get() : nullptr; }

  std::unique_ptr<Scratch> take_scratch();
  void give_back(std::unique_ptr<Scratch> scratch);

  /// Uniform; not secret.
  std::uint64_t dice();
  /// IMF-fixdate of now, made at most twice a second.
  std::string_view date();

  io::EventLoop& loop;
  const ProxySettings& settings;
  const WorkerProbes probes;
  AccessLogShard* const access_log;
  io::BufferPool buffers;
  http::RequestIdGenerator request_ids;
  BackgroundTasks background;
  tls::HandshakeGate handshakes;
  /// Connections finish their current message and then close (D1).
  bool draining = false;

 private:
  RuntimeReaper& reaper_;
  Ref<RuntimeHandle> runtime_;
  std::vector<Ref<Cluster>> clusters_;  ///< by cluster id
  std::vector<std::unique_ptr<Scratch>> scratches_;
  std::uint64_t dice_state_;
  std::array<char, 32> date_{};
  std::size_t date_size_ = 0;
  MonoTime date_until_{};
};

}  // namespace gatehouse::proxy
