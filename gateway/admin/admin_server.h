// SPDX-License-Identifier: Apache-2.0
// The admin port: health, metrics and what is configured, for people, probes and scrapers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.h"

namespace gatehouse::gateway {

struct Readiness {
  bool ready = false;
  std::vector<std::string> lines;  ///< for /readyz?verbose
};

/// Where the content comes from. Called on the admin thread, one at a time; they must not block.
struct AdminHooks {
  std::function<std::string()> metrics;
  std::function<std::string()> config_dump;
  std::function<std::string()> endpoints;
  std::function<std::string()> statuses;
  std::function<Readiness()> readiness;
};

struct AdminOptions {
  SocketAddress listen;
  std::chrono::milliseconds timeout{
      10'000};  ///< to send a request, to take the answer, and between two requests
  std::size_t max_connections = 64;
};

/// GET and HEAD of /healthz, /readyz, /metrics, /config_dump, /endpoints and /statuses, on a thread of its
/// own. On a loopback address only requests for localhost are answered (C4: DNS rebinding). On any other
/// address there is no authentication, so it shows health and metrics only (C1). Ends with stop() or its
/// destruction.
class AdminServer {
 public:
  /// The error is one line for the operator.
  static std::variant<std::unique_ptr<AdminServer>, std::string> start(const AdminOptions& options,
                                                                       AdminHooks hooks);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  std::uint16_t port() const;
  void stop();

 private:
  class Service;
  explicit AdminServer(std::unique_ptr<Service> service);

  std::unique_ptr<Service> service_;
};

}  // namespace gatehouse::gateway
