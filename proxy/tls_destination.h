// SPDX-License-Identifier: Apache-2.0
// Where a TLS connection goes, by the server name of its ClientHello: one port may pass through and
// terminate.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/runtime.h"

namespace gatehouse::proxy {

struct TlsDestination {
  enum class Kind : std::uint8_t {
    none,         ///< nobody serves the name: end with RST or FIN, never with an alert
    passthrough,  ///< to `route`, ClientHello included
    terminate,    ///< by `listener`; then to `route`, or HTTP where that is null
  };
  Kind kind = Kind::none;
  const ListenerRuntime* listener = nullptr;
  const L4RouteRuntime* route = nullptr;
};

/// The most specific listener for `server_name` (lower case, may be empty) decides alone; of its TLSRoutes
/// the most specific one carries the connection.
TlsDestination find_tls_destination(const SocketRuntime& socket, std::string_view server_name);

}  // namespace gatehouse::proxy
