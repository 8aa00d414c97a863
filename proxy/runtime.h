// SPDX-License-Identifier: Apache-2.0
// The compiled configuration: immutable, shared by all workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ref.h"
#include "config/ir/config.h"
#include "config/ir/transport.h"
#include "proxy/cluster_runtime.h"
#include "proxy/filters/session_token.h"
#include "proxy/http/forwarded.h"
#include "proxy/http/request_rules.h"
#include "proxy/l4_table.h"
#include "proxy/probes.h"
#include "routing/host_index.h"
#include "routing/route_table.h"
#include "tls/server_context.h"

namespace gatehouse::proxy {

enum class HalfClose : std::uint8_t {
  cancel,  ///< FIN of a client that awaits its answer counts as gone (B5)
  keep,
};

/// What the process settings say about every exchange. Constant for the life of the process.
struct ProxySettings {
  http::TrustRules trust;
  http::RequestRules request_rules;  ///< counts and sizes come from each listener's limits
  HalfClose half_close = HalfClose::cancel;
  bool via = false;
  SessionKey session_key;
  std::shared_ptr<const tls::TicketKeys> tickets;  ///< null: TLS sessions are not resumed
  std::size_t workers = 1;
};

/// One listener, ready to serve.
struct ListenerRuntime {
  std::shared_ptr<const ir::Listener> config;
  std::shared_ptr<const routing::RouteTable> table;
  L4Table l4;
  std::shared_ptr<const tls::ServerContext> tls;  ///< null: plaintext, passed through, or unusable (refused)
  http::RequestRules request_rules;
  std::string port_text;                       ///< the advertised port
  std::vector<std::uint32_t> request_filters;  ///< clusters of config->request_filters; routing::kNoCluster
};

/// All listeners of one bound address. Until the request's host is known, the limits of the first one hold.
struct SocketRuntime {
  SocketAddress address;
  std::vector<const ListenerRuntime*> listeners;
  routing::ListenerIndex index;
  ir::Transport transport = ir::Transport::tcp;
  routing::ListenerIndex by_server_name;  ///< those that are reached by TLS

  /// Something comes before the first byte of HTTP.
  bool needs_handshake() const {
    return needs_tls() || first().config->proxy_protocol != ir::ProxyProtocolIn::off;
  }
  bool needs_tls() const { return first().config->tls != nullptr; }
  /// The most specific listener for the server name of a ClientHello, or null.
  const ListenerRuntime* find_tls(std::string_view server_name) const {
    const auto found = by_server_name.find(server_name);
    return found ? listeners[*found] : nullptr;
  }
  const ListenerRuntime& first() const { return *listeners.front(); }
  /// The most specific listener for `host`, or null.
  const ListenerRuntime* find(std::string_view host) const {
    const auto found = index.find(host);
    return found ? listeners[*found] : nullptr;
  }
};

class Runtime {
 public:
  struct Input {
    std::shared_ptr<const ir::Config> config;
    const Runtime* previous = nullptr;  ///< parts that did not change are taken from it
    routing::CompileIds ids;
    const ProxySettings* settings = nullptr;
    Probes* probes = nullptr;  ///< outlives every runtime
    std::uint64_t generation = 0;
  };
  /// Control thread. Always succeeds: what is wrong became a status in translate.
  static std::shared_ptr<const Runtime> build(const Input& input, routing::CompileStats* stats = nullptr);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  std::uint64_t generation() const { return generation_; }
  const ir::Config& config() const { return *config_; }
  const std::vector<SocketRuntime>& sockets() const { return sockets_; }  ///< sorted by address, transport
  const SocketRuntime* find_socket(const SocketAddress& address,
                                   ir::Transport transport = ir::Transport::tcp) const;
  const std::vector<ClusterRuntime>& clusters() const { return clusters_; }
  std::uint32_t cluster_ids() const { return cluster_ids_; }  ///< one more than the largest id

  /// Rows of the metric tables, by the ids of routes and clusters; kOther for what this runtime does not
  /// know.
  std::uint32_t route_row(std::uint32_t id) const { return route_leases_.row(id); }
  std::uint32_t cluster_row(std::uint32_t id) const { return cluster_leases_.row(id); }
  std::uint32_t l4_row(std::uint32_t id) const {
    return l4_leases_.row(id);
  }  ///< L4RouteRuntime::metric_id()

 private:
  /// Leases by id, shared with the runtimes before and after as long as all of them know the id.
  struct Leases {
    std::vector<std::uint32_t> rows;
    std::vector<std::shared_ptr<const metrics::Lease>> leases;

    std::uint32_t row(std::uint32_t id) const { return id < rows.size() ? rows[id] : metrics::Table::kOther; }
  };

  class LeaseTaker;

  explicit Runtime(Probes& probes);
  void build_clusters(const Input& input);
  void lease_rows(const Input& input);

  Probes& probes_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const ir::Config> config_;
  std::vector<std::shared_ptr<const ListenerRuntime>> listeners_;
  std::vector<SocketRuntime> sockets_;
  std::vector<ClusterRuntime> clusters_;
  std::uint32_t cluster_ids_ = 0;
  Leases route_leases_;
  Leases cluster_leases_;
  Leases l4_leases_;
};

/// Where runtimes go to be destroyed, off the workers. Any thread.
class RuntimeReaper {
 public:
  virtual void take(std::shared_ptr<const Runtime> runtime) = 0;

 protected:
  ~RuntimeReaper() = default;
};

/// One worker's own handle on a runtime: exchanges count references on this, not on the shared pointer.
class RuntimeHandle final : public RefCounted<RuntimeHandle> {
 public:
  RuntimeHandle(std::shared_ptr<const Runtime> runtime, RuntimeReaper& reaper)
      : runtime_(std::move(runtime)), reaper_(reaper) {}
  ~RuntimeHandle() { reaper_.take(std::move(runtime_)); }

  const Runtime& operator*() const { return *runtime_; }
  const Runtime* operator->() const { return runtime_.get(); }

 private:
  std::shared_ptr<const Runtime> runtime_;
  RuntimeReaper& reaper_;
};

}  // namespace gatehouse::proxy
