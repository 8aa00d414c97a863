// SPDX-License-Identifier: Apache-2.0
// `gatehouse explain tcp|udp` and `--tls-sni`: who gets a connection, before any request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/ir/listener.h"
#include "gateway/cli/loaded_files.h"

namespace gatehouse::gateway {

struct AskedConnection {
  enum class Kind : std::uint8_t { tcp, udp, tls };
  Kind kind = Kind::tcp;
  std::string address;     ///< empty: every one
  std::uint16_t port = 0;  ///< 0: every one
  std::string server_name;
};

/// What one socket does with it. Pointers are into LoadedFiles' configuration.
struct ConnectionAnswer {
  std::string address;
  std::string outcome;  ///< "passed through", "terminated", "forwarded", "HTTP", or why it is refused
  bool is_served = false;
  const ir::Listener* listener = nullptr;
  const ir::L4Route* route = nullptr;  ///< null: requests are routed
  std::vector<std::string> other_listeners;
};

/// Decided by the tables that serve. A port is a listener's own or the bound one.
std::vector<ConnectionAnswer> explain_connection(const LoadedFiles& loaded, const file::Settings& settings,
                                                 const AskedConnection& asked);

/// The arguments ask for a connection, not for a request.
bool asks_for_connection(const Arguments& arguments);
int run_explain_connection(const CommandStart& start);

}  // namespace gatehouse::gateway
