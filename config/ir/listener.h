// SPDX-License-Identifier: Apache-2.0
// Listeners and the limits that hold on them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "config/ir/l4_route.h"
#include "config/ir/route.h"
#include "config/ir/tls.h"

namespace gatehouse::ir {

/// What bounds one HTTP/2 connection beyond the limits that HTTP/1 has too. The header list is bounded by
/// HttpLimits::max_header_bytes.
struct Http2Limits {
  std::uint32_t max_concurrent_streams = 100;     ///< more are refused
  std::uint32_t stream_window = 64 * 1024;        ///< bytes of a body that wait to be taken
  std::uint32_t connection_window = 1024 * 1024;  ///< bytes under way on all streams together
  std::uint32_t max_resets = 1'000;               ///< streams the peer resets, per flood window
  std::uint32_t max_stream_errors = 100;          ///< streams we reset for its mistakes, per flood window
  std::uint32_t max_control_frames = 1'000;       ///< beyond one per KiB of bodies, per flood window
  std::uint32_t max_continuations = 8;            ///< of one header block
  std::uint32_t max_settings_entries = 32;        ///< of one SETTINGS frame
  std::chrono::milliseconds flood_window{10'000};
  std::chrono::milliseconds settings_timeout{10'000};  ///< until our SETTINGS are acknowledged
  std::chrono::milliseconds ping_interval{60'000};     ///< silence with open streams before we ask; 0: never
  std::chrono::milliseconds ping_timeout{20'000};
  bool operator==(const Http2Limits&) const = default;
};

/// Bytes, counts and times that bound what one downstream peer may cost. Defaults are the shipped ones;
/// settings override them for every listener, policies later per listener.
struct HttpLimits {
  std::uint32_t max_header_bytes = 64 * 1024;  ///< request line and all fields (431)
  std::uint32_t max_header_count = 100;        ///< fields (431)
  std::uint32_t max_uri_bytes = 16 * 1024;     ///< request target (414)
  std::uint64_t max_body_bytes = 0;            ///< 0 = unlimited (413)
  std::uint32_t max_requests_per_connection = 100'000;
  std::uint32_t max_connections = 0;               ///< per worker and listener socket; 0 = from the fd limit
  std::uint32_t max_connections_per_address = 0;   ///< per worker; 0 = unlimited
  std::uint32_t max_handshakes_per_address = 100;  ///< TLS handshakes under way, per worker; 0 = unlimited
  std::chrono::milliseconds handshake_timeout{10'000};  ///< PROXY header and TLS together
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_idle_timeout{30'000};
  std::uint32_t min_body_rate = 240;  ///< bytes/s after 10 s of body; 0 = off
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds send_timeout{60'000};
  std::chrono::milliseconds tunnel_idle_timeout{3'600'000};
  std::chrono::milliseconds udp_session_timeout{30'000};
  std::uint32_t max_udp_sessions = 10'000;  ///< per worker and listener socket; 0 = unlimited
  Http2Limits http2;
  bool operator==(const HttpLimits&) const = default;
};

/// A route on a listener with those of its own hostnames that the listener serves.
/// Ranking is by these (Gateway API v1.7 hostname precedence); an empty list stands for every host.
struct Attachment {
  std::shared_ptr<const HttpRoute> route;
  std::vector<std::string> hostnames;  ///< lower case, "*.example.com" for a wildcard, sorted
};
bool operator==(const Attachment& a, const Attachment& b);

/// What a listener speaks. `tls` is the protocol of TLSRoute, passed through or terminated.
enum class ListenerProtocol : std::uint8_t { http, https, tls, tcp, udp };

/// PROXY protocol in front of a downstream connection. It is only believed from trusted addresses.
enum class ProxyProtocolIn : std::uint8_t { off, required };

/// One Gateway listener. Sockets are keyed by bind address (and transport) and shared by listeners of any
/// Gateway; listeners of one socket are all TCP-like or all UDP.
struct Listener {
  std::string name;     ///< "namespace/gateway/listener"
  std::string gateway;  ///< "namespace/gateway"
  std::vector<SocketAddress> binds;
  std::uint16_t advertised_port = 0;  ///< the port users see: spec.listeners[].port
  std::string hostname;               ///< lower case; empty = any; for https and tls it is matched to the SNI
  ListenerProtocol protocol = ListenerProtocol::http;
  ProxyProtocolIn proxy_protocol = ProxyProtocolIn::off;
  std::shared_ptr<const ListenerTls> tls;  ///< set for https and tls
  HttpLimits limits;
  /// GEP-5224 filters.requests: asked in order before routing.
  std::vector<std::shared_ptr<const ExternalAuth>> request_filters;
  std::vector<Attachment> routes;       ///< http and https; in a stable order: by RouteAge
  std::vector<L4Attachment> l4_routes;  ///< tls, tcp and udp; likewise. tcp and udp: at most one, the oldest
};
bool operator==(const Listener& a, const Listener& b);

}  // namespace gatehouse::ir
