// SPDX-License-Identifier: Apache-2.0
#include "proxy/probes.h"

#include <fmt/format.h>

namespace gatehouse::proxy {

using metrics::Column;
using metrics::Kind;
using metrics::TableLayout;

TableLayout RouteProbe::layout() {
  constexpr std::string_view kRequests = "gatehouse_requests_total";
  constexpr std::string_view kHelp = "Requests by route and class of the status sent.";
  return {
      "route",
      kCells,
      {{kRequests, kHelp, Kind::counter, k1xx, 0, "code=\"1xx\""},
       {kRequests, kHelp, Kind::counter, k2xx, 0, "code=\"2xx\""},
       {kRequests, kHelp, Kind::counter, k3xx, 0, "code=\"3xx\""},
       {kRequests, kHelp, Kind::counter, k4xx, 0, "code=\"4xx\""},
       {kRequests, kHelp, Kind::counter, k5xx, 0, "code=\"5xx\""},
       {kRequests, kHelp, Kind::counter, kAborted, 0, "code=\"none\""},
       {"gatehouse_request_duration_seconds", "From the request head to the end of the response.",
        Kind::histogram, kBuckets, kDurationSum},
       {"gatehouse_request_body_bytes_total", "Body bytes received from clients.", Kind::counter, kBytesIn},
       {"gatehouse_response_body_bytes_total", "Body bytes sent to clients.", Kind::counter, kBytesOut}}};
}

TableLayout ClusterProbe::layout() {
  return {
      "cluster",
      kCells,
      {{"gatehouse_upstream_requests_total", "Tries sent to an endpoint.", Kind::counter, kRequests},
       {"gatehouse_upstream_retries_total", "Tries after the first one.", Kind::counter, kRetries},
       {"gatehouse_upstream_connects_total", "Connections opened.", Kind::counter, kConnects},
       {"gatehouse_upstream_connect_failures_total", "Connections that could not be opened.", Kind::counter,
        kConnectFailures},
       {"gatehouse_upstream_timeouts_total", "Tries that took too long.", Kind::counter, kTimeouts},
       {"gatehouse_upstream_broken_total", "Responses that were cut off or malformed.", Kind::counter,
        kBroken},
       {"gatehouse_upstream_no_endpoint_total", "Requests that found no usable endpoint.", Kind::counter,
        kNoEndpoint},
       {"gatehouse_upstream_circuit_open_total", "Requests refused by a limit of the circuit breaker.",
        Kind::counter, kCircuitOpened},
       {"gatehouse_upstream_retries_refused_total", "Retries that the budget or the limit forbade.",
        Kind::counter, kRetriesRefused},
       {"gatehouse_upstream_ejections_total", "Endpoints taken out of service for what requests met.",
        Kind::counter, kEjections},
       {"gatehouse_upstream_ejected", "Endpoints out of service, counted per worker.", Kind::gauge, kEjected},
       {"gatehouse_upstream_checks_total", "Active health checks, by result.", Kind::counter, kChecksPassed,
        0, "result=\"passed\""},
       {"gatehouse_upstream_checks_total", "Active health checks, by result.", Kind::counter, kChecksFailed,
        0, "result=\"failed\""},
       {"gatehouse_upstream_unhealthy", "Endpoints that fail their active checks.", Kind::gauge, kUnhealthy},
       {"gatehouse_upstream_connections", "Open connections, idle ones included.", Kind::gauge, kConnections},
       {"gatehouse_upstream_connections_idle", "Connections that wait for a request.", Kind::gauge, kIdle},
       {"gatehouse_upstream_l4_sent_bytes_total", "Bytes of TCP, TLS and UDP routes sent to endpoints.",
        Kind::counter, kL4Sent},
       {"gatehouse_upstream_l4_received_bytes_total",
        "Bytes of TCP, TLS and UDP routes received from endpoints.", Kind::counter, kL4Received}}};
}

TableLayout L4Probe::layout() {
  return {
      "route",
      kCells,
      {{"gatehouse_l4_connections_total", "Connections, or UDP sessions, that were given a backend.",
        Kind::counter, kConnections},
       {"gatehouse_l4_connections", "Those that are open.", Kind::gauge, kOpen},
       {"gatehouse_l4_refused_total", "Connections closed, or sessions not begun, for want of a backend.",
        Kind::counter, kRefused},
       {"gatehouse_l4_received_bytes_total", "Bytes from clients passed to backends.", Kind::counter,
        kBytesIn},
       {"gatehouse_l4_sent_bytes_total", "Bytes from backends passed to clients.", Kind::counter, kBytesOut},
       {"gatehouse_l4_datagrams_dropped_total", "Datagrams that could not be passed on.", Kind::counter,
        kDropped}}};
}

TableLayout WorkerProbe::layout() {
  TableLayout layout{
      {},
      kCells,
      {{"gatehouse_loop_turns_total", "Turns of the workers' event loops.", Kind::counter, kTurns},
       {"gatehouse_downstream_received_bytes_total", "Body bytes read from clients.", Kind::counter,
        kBytesIn},
       {"gatehouse_downstream_sent_bytes_total", "Body bytes written to clients.", Kind::counter, kBytesOut},
       {"gatehouse_downstream_connections_total", "Connections accepted.", Kind::counter, kConnections},
       {"gatehouse_downstream_connections", "Open connections from clients.", Kind::gauge, kActive},
       {"gatehouse_tunnels", "Open upgraded connections.", Kind::gauge, kTunnels},
       {"gatehouse_access_log_dropped_total", "Access log lines lost because the log was too slow.",
        Kind::counter, kLogDrops},
       {"gatehouse_mirrors_dropped_total",
        "Copies of requests not sent: too many under way, or a large body.", Kind::counter, kMirrorDrops}}};
  static constexpr std::string_view kReasons[kRefusals] = {
      R"(reason="malformed")",      R"(reason="not_supported")",  R"(reason="headers_too_large")",
      R"(reason="uri_too_long")",   R"(reason="body_too_large")", R"(reason="header_timeout")",
      R"(reason="body_timeout")",   R"(reason="send_timeout")",   R"(reason="connection_limit")",
      R"(reason="address_limit")",  R"(reason="tls_handshake")",  R"(reason="server_name")",
      R"(reason="proxy_protocol")", R"(reason="internal")"};
  for (std::size_t at = 0; at < kRefusals; ++at)
    layout.columns.push_back({"gatehouse_downstream_refused_total", "Clients refused, by the rule or limit.",
                              Kind::counter, kRefused + at, 0, kReasons[at]});
  return layout;
}

void ProcessProbe::render(std::string& to) const {
  append_value(to, "gatehouse_runtimes_live", "Compiled configurations still in use.", Kind::gauge,
               runtimes_live_.read());
  append_value(to, "gatehouse_config_generation", "Number of the configuration that every worker serves.",
               Kind::gauge, config_generation_.read());
  append_value(to, "gatehouse_config_errors_total", "Configuration changes that were refused.", Kind::counter,
               config_errors_.read());
  append_value(to, "gatehouse_config_current", "1 when the newest state of all sources serves.", Kind::gauge,
               config_current_.read());
  append_value(to, "gatehouse_dns_names", "Names of endpoints that are looked up.", Kind::gauge,
               dns_names_.read());
  constexpr std::string_view kLookups = "gatehouse_dns_lookups_total";
  append_family(to, kLookups, "Lookups of names, by result.", Kind::counter);
  constexpr std::array<std::string_view, 3> kResults = {"found", "not_found", "failed"};
  for (std::size_t at = 0; at < kResults.size(); ++at)
    to += fmt::format("{}{{result=\"{}\"}} {}\n", kLookups, kResults[at], dns_lookups_[at].read());
}

Probes::Probes(std::size_t workers, std::size_t max_series)
    : workers_(WorkerProbe::layout(), workers, 1),
      routes_(RouteProbe::layout(), workers, max_series),
      clusters_(ClusterProbe::layout(), workers + 1, max_series),
      l4_routes_(L4Probe::layout(), workers, max_series),
      no_route_(routes_.lease("none")) {}

WorkerProbes Probes::of_worker(std::size_t index) const {
  WorkerProbes probes(workers_, routes_, clusters_, l4_routes_, index);
  probes.no_route_slot_ = no_route_.slot();
  return probes;
}

std::string Probes::render() const {
  std::string text;
  process_.render(text);
  workers_.render(text);
  routes_.render(text);
  clusters_.render(text);
  l4_routes_.render(text);
  return text;
}

}  // namespace gatehouse::proxy
