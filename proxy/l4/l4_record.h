// SPDX-License-Identifier: Apache-2.0
// What connections and sessions below HTTP leave behind, and what they are told apart by.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/ip.h"
#include "config/ir/policy.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// One connection or session that has ended. Views: the caller's.
struct L4Record {
  std::string_view protocol;     ///< "TCP", "TLS" or "UDP"
  std::string_view server_name;  ///< SNI
  MonoTime started;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::string_view route;
  std::string_view cluster;
  std::string_view endpoint;
  std::optional<Duration> connect_duration;
  IpAddress client;
  std::string_view reason;  ///< static text; empty when all went well
};

/// One line of the access log, where that is on.
void write_log_line(WorkerContext& worker, const L4Record& record);

/// For ring hash and Maglev: of what a request may be told apart by, a connection has its client's address.
std::optional<std::uint64_t> hash_of_client(std::span<const ir::HashSource> sources, const IpAddress& client);

}  // namespace gatehouse::proxy
