// SPDX-License-Identifier: Apache-2.0
// Every setting, one row each.
#include "config/file/setting_table.h"

#include <fmt/format.h>

#include "config/file/kubernetes_rows.h"
#include "config/file/setting_fields.h"
#include "config/objects/constraints.h"

namespace gatehouse::file {
namespace {

std::optional<std::string> parse_file_name(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

std::optional<std::string> parse_controller_name(std::string_view text) {
  return objects::check_controller_name(text) ? std::nullopt : std::optional<std::string>(text);
}

SettingField controller_names() {
  auto field = list(at(&Settings::controller_names), parse_controller_name,
                    "is not a controller name; write domain/path");
  field.print = [](const Settings& from) { return fmt::format("{}", fmt::join(from.controller_names, ",")); };
  return field;
}

std::string assign_port_pair(Settings& to, std::string_view text) {
  const auto pair = parse_port_pair(text);
  if (!pair) return "is not a pair of ports; write 80=8080";
  const auto [entry, is_new] = to.port_map.insert(*pair);
  if (!is_new && entry->second != pair->second)
    return fmt::format("maps port {} a second time, it goes to {} already", pair->first, entry->second);
  for (const auto& [from, bound] : to.port_map)
    if (bound == pair->second && from != pair->first)
      return fmt::format("maps to port {}, as port {} does already", bound, from);
  return {};
}

SettingField port_map() {
  SettingField field;
  field.assign = assign_port_pair;
  field.print = [](const Settings&) { return std::string(); };
  field.clear = [](Settings& to) { to.port_map.clear(); };
  return field;
}

SettingField admin_address() {
  SettingField field;
  field.assign = [](Settings& to, std::string_view text) -> std::string {
    const auto address = text == "off" ? std::nullopt : SocketAddress::parse(text);
    if (text != "off" && !address) return "is not an address with a port; write 127.0.0.1:9901, or off";
    to.admin_address = address;
    return {};
  };
  field.print = [](const Settings& from) {
    return from.admin_address ? from.admin_address->to_string() : std::string("off");
  };
  return field;
}

SettingField access_log_format() {
  auto field = text(at(&Settings::access_log_format));
  field.assign = [](Settings& to, std::string_view value) -> std::string {
    if (value != "json" && value.find('$') == std::string_view::npos)
      return "is neither json nor a template with $variables";
    to.access_log_format = value;
    return {};
  };
  return field;
}

SettingField log_level() {
  return choice(at(&Settings::log_level), Choices<LogLevel>{{"debug", LogLevel::debug},
                                                            {"info", LogLevel::info},
                                                            {"warning", LogLevel::warning},
                                                            {"error", LogLevel::error},
                                                            {"off", LogLevel::off}});
}

SettingField log_format() {
  return choice(at(&Settings::log_format),
                Choices<LogFormat>{{"text", LogFormat::text}, {"json", LogFormat::json}});
}

SettingField header_underscores() {
  return choice(at(&Settings::header_underscores),
                Choices<HeaderUnderscores>{{"drop", HeaderUnderscores::drop},
                                           {"reject", HeaderUnderscores::reject},
                                           {"allow", HeaderUnderscores::allow}});
}

SettingField half_close() {
  return choice(at(&Settings::half_close),
                Choices<HalfClose>{{"cancel", HalfClose::cancel}, {"keep", HalfClose::keep}});
}

constexpr std::uint64_t kMaxWorkers = 1024;
constexpr std::uint64_t kMaxTrustedHops = 64;
constexpr std::uint64_t kMinBytes = 256;  ///< below this no useful request fits

template <typename Member>
auto limit(Member member) {
  return at(&Settings::limits, member);
}
template <typename Member>
auto pool(Member member) {
  return at(&Settings::pool, member);
}

SettingField run_output() {
  return choice(at(&Settings::output), Choices<RunOutput>{{"auto", RunOutput::automatic},
                                                          {"text", RunOutput::text},
                                                          {"json", RunOutput::json},
                                                          {"off", RunOutput::off}});
}

std::vector<Setting> make_configuration_rows() {
  constexpr std::string_view kGroup = "Configuration";
  return {
      {"file", kGroup, "PATH", "file or folder of YAML or JSON objects; repeatable",
       list(at(&Settings::files), parse_file_name, "must not be empty"), 'f'},
      {"controller-name", kGroup, "NAME", "GatewayClasses with this controllerName are ours; repeatable",
       controller_names()},
      {"workers", kGroup, "N", "worker threads; 0: one for each CPU the process may use",
       count(at(&Settings::workers), 0, kMaxWorkers)},
  };
}

std::vector<Setting> make_listening_rows() {
  constexpr std::string_view kGroup = "Listening";
  return {
      {"address-pool", kGroup, "CIDR",
       "addresses for Gateways without spec.addresses; repeatable; without it 127.0.0.1, in a container "
       "every "
       "address",
       list(at(&Settings::address_pool), Cidr::parse, "is not an address or CIDR; write 192.0.2.0/28")},
      {"bind", kGroup, "ADDRESS", "bind sockets to this address, whatever the Gateway's is; repeatable",
       list(at(&Settings::bind), IpAddress::parse, "is not an IP address")},
      {"port-map", kGroup, "PORT=PORT", "bind another port than the listener's: 80=8080; repeatable",
       port_map()},
  };
}

std::vector<Setting> make_client_rows() {
  constexpr std::string_view kGroup = "Clients";
  return {
      {"trusted-proxies", kGroup, "CIDR", "peers whose X-Forwarded-* fields are believed; repeatable",
       list(at(&Settings::trusted_proxies), Cidr::parse, "is not an address or CIDR; write 10.0.0.0/8")},
      {"proxy-protocol-port", kGroup, "PORT",
       "listeners of this port expect a PROXY protocol header, from trusted proxies only; repeatable",
       list(at(&Settings::proxy_protocol_ports), parse_port, "is not a port; write 443")},
      {"trusted-hops", kGroup, "N",
       "this many hops, counted from our peer on, are trusted whatever their address",
       count(at(&Settings::trusted_hops), 0, kMaxTrustedHops)},
      {"header-underscores", kGroup, "CHOICE", "fields with '_' in the name: drop, reject or allow",
       header_underscores()},
      {"http10-keep-alive", kGroup, "on|off", "keep connections of HTTP/1.0 clients that ask for it",
       on_off(at(&Settings::http10_keep_alive))},
      {"half-close", kGroup, "CHOICE",
       "a client that closes its sending side: cancel its request, or keep it", half_close()},
      {"via", kGroup, "on|off", "add a Via field", on_off(at(&Settings::via))},
      {"session-key-file", kGroup, "FILE",
       "secret of session tokens, at least 16 bytes; replicas share it; without it one is made in the folder "
       "for state",
       text(at(&Settings::session_key_file))},
  };
}

std::vector<Setting> make_limit_rows() {
  using ir::HttpLimits;
  constexpr std::string_view kGroup = "Limits per listener";
  return {
      {"max-header-bytes", kGroup, "SIZE", "request line and all fields (431)",
       size(limit(&HttpLimits::max_header_bytes), kMinBytes)},
      {"max-header-count", kGroup, "N", "fields of a request (431)",
       count(limit(&HttpLimits::max_header_count), 1)},
      {"max-uri-bytes", kGroup, "SIZE", "request target (414)", size(limit(&HttpLimits::max_uri_bytes), 1)},
      {"max-body-bytes", kGroup, "SIZE", "request body (413); 0: no limit",
       size(limit(&HttpLimits::max_body_bytes))},
      {"max-connections", kGroup, "N", "connections per worker and socket; 0: from the open-files limit",
       count(limit(&HttpLimits::max_connections))},
      {"max-connections-per-address", kGroup, "N", "connections per worker from one client; 0: no limit",
       count(limit(&HttpLimits::max_connections_per_address))},
      {"max-handshakes-per-address", kGroup, "N",
       "TLS handshakes under way per worker from one client; 0: no limit",
       count(limit(&HttpLimits::max_handshakes_per_address))},
      {"max-requests-per-connection", kGroup, "N", "then the connection is closed",
       count(limit(&HttpLimits::max_requests_per_connection), 1)},
      {"min-body-rate", kGroup, "N", "bytes per second after 10 s of a request body; 0: off",
       count(limit(&HttpLimits::min_body_rate))},
      {"max-udp-sessions", kGroup, "N", "UDP clients per worker and socket; 0: no limit",
       count(limit(&HttpLimits::max_udp_sessions))},
  };
}

template <typename Member>
auto http2(Member member) {
  return at(&Settings::limits, &ir::HttpLimits::http2, member);
}

std::vector<Setting> make_http2_rows() {
  using ir::Http2Limits;
  constexpr std::string_view kGroup = "HTTP/2 per connection";
  constexpr std::uint64_t kMostWindow = 0x7fffffff;
  return {
      {"http2-max-streams", kGroup, "N", "requests at once; more are refused",
       count(http2(&Http2Limits::max_concurrent_streams), 1)},
      {"http2-stream-window", kGroup, "SIZE", "bytes of one body that wait to be taken",
       size(http2(&Http2Limits::stream_window), 1, kMostWindow)},
      {"http2-connection-window", kGroup, "SIZE", "bytes under way on all streams together; at least 65535",
       size(http2(&Http2Limits::connection_window), 65'535, kMostWindow)},
      {"http2-max-resets", kGroup, "N", "streams the client resets, per flood window",
       count(http2(&Http2Limits::max_resets), 1)},
      {"http2-max-stream-errors", kGroup, "N", "streams we reset for its mistakes, per flood window",
       count(http2(&Http2Limits::max_stream_errors), 1)},
      {"http2-max-control-frames", kGroup, "N", "beyond one per KiB of bodies, per flood window",
       count(http2(&Http2Limits::max_control_frames), 1)},
      {"http2-max-continuations", kGroup, "N", "CONTINUATION frames of one header block",
       count(http2(&Http2Limits::max_continuations), 1)},
      {"http2-max-settings-entries", kGroup, "N", "entries of one SETTINGS frame",
       count(http2(&Http2Limits::max_settings_entries), 8)},
      {"http2-flood-window", kGroup, "TIME", "what the counts above are per",
       duration(http2(&Http2Limits::flood_window))},
      {"http2-settings-timeout", kGroup, "TIME", "until our SETTINGS are acknowledged",
       duration(http2(&Http2Limits::settings_timeout))},
      {"http2-ping-interval", kGroup, "TIME", "silence with open streams before we ask; 0: never",
       duration(http2(&Http2Limits::ping_interval), std::chrono::milliseconds(0))},
      {"http2-ping-timeout", kGroup, "TIME", "for the answer to that",
       duration(http2(&Http2Limits::ping_timeout))},
  };
}

std::vector<Setting> make_timeout_rows() {
  using ir::HttpLimits;
  constexpr std::string_view kGroup = "Timeouts per listener";
  return {
      {"handshake-timeout", kGroup, "TIME", "for a PROXY protocol header and the TLS handshake",
       duration(limit(&HttpLimits::handshake_timeout))},
      {"ticket-rotation", kGroup, "TIME",
       "until TLS session tickets are sealed with a new key; the previous one is good for as long again",
       duration(at(&Settings::ticket_rotation), milliseconds(1000))},
      {"header-timeout", kGroup, "TIME", "for a whole request head (408)",
       duration(limit(&HttpLimits::header_timeout))},
      {"body-idle-timeout", kGroup, "TIME", "between two bytes of a request body (408)",
       duration(limit(&HttpLimits::body_idle_timeout))},
      {"idle-timeout", kGroup, "TIME", "between two requests of a connection",
       duration(limit(&HttpLimits::idle_timeout))},
      {"send-timeout", kGroup, "TIME", "for a client that takes nothing of its response",
       duration(limit(&HttpLimits::send_timeout))},
      {"tunnel-idle-timeout", kGroup, "TIME", "for a tunnel (WebSocket, TCP and TLS routes) without traffic",
       duration(limit(&HttpLimits::tunnel_idle_timeout))},
      {"udp-session-timeout", kGroup, "TIME", "for a UDP client that neither sends nor gets anything",
       duration(limit(&HttpLimits::udp_session_timeout))},
  };
}

std::vector<Setting> make_upstream_rows() {
  using ir::PoolLimits;
  constexpr std::string_view kGroup = "Upstream";
  return {
      {"connect-timeout", kGroup, "TIME", "for a connection to an endpoint",
       duration(pool(&PoolLimits::connect_timeout))},
      {"upstream-read-timeout", kGroup, "TIME", "between two bytes of a response",
       duration(pool(&PoolLimits::read_timeout))},
      {"upstream-idle-timeout", kGroup, "TIME", "how long an unused connection stays open",
       duration(pool(&PoolLimits::idle_timeout))},
      {"upstream-max-idle", kGroup, "N", "unused connections per worker and endpoint",
       count(pool(&PoolLimits::max_idle_per_endpoint))},
      {"upstream-max-requests", kGroup, "N", "requests per connection; 0: no limit",
       count(pool(&PoolLimits::max_requests_per_connection))},
      {"zone", kGroup, "NAME", "our topology zone: endpoints hinted for it are preferred; without it none is",
       text(at(&Settings::zone))},
      {"dns-server", kGroup, "ADDRESS:PORT",
       "ask this server for names of endpoints, instead of those of /etc/resolv.conf; repeatable",
       list(at(&Settings::dns_servers), SocketAddress::parse,
            "is not an address with a port; write 192.0.2.53:53")},
  };
}

std::vector<Setting> make_operation_rows() {
  constexpr std::string_view kDrain = "Shutdown";
  constexpr std::string_view kLog = "Logs";
  constexpr std::string_view kAdmin = "Administration";
  return {
      {"drain-delay", kDrain, "TIME", "after SIGTERM: fail readiness but go on accepting for so long",
       duration(at(&Settings::drain_delay), milliseconds(0))},
      {"drain-timeout", kDrain, "TIME", "after SIGTERM: exit by then, finished or not",
       duration(at(&Settings::drain_timeout))},
      {"access-log", kLog, "off|-|FILE", "one line per request, to standard output or a file",
       text(at(&Settings::access_log))},
      {"access-log-format", kLog, "json|TEMPLATE", "json, or a text with $variables", access_log_format()},
      {"output", kLog, "auto|text|json|off",
       "listeners and routes at start and each change, to standard output; auto: text on a terminal",
       run_output()},
      {"log-level", kLog, "LEVEL", "debug, info, warning, error or off", log_level()},
      {"log-format", kLog, "text|json", "of the process's own log", log_format()},
      {"admin-address", kAdmin, "ADDRESS:PORT", "health, metrics and configuration dump; off: none",
       admin_address()},
      {"max-series", kAdmin, "N", "series in /metrics; further routes are counted as \"other\"",
       count(at(&Settings::max_series), 1)},
  };
}

std::vector<Setting> make_table() {
  std::vector<Setting> table;
  for (auto make :
       {make_configuration_rows, make_kubernetes_rows, make_listening_rows, make_client_rows, make_limit_rows,
        make_http2_rows, make_timeout_rows, make_upstream_rows, make_operation_rows})
    for (auto& row : make()) table.push_back(std::move(row));
  return table;
}

}  // namespace

std::span<const Setting> setting_table() {
  static const std::vector<Setting> table = make_table();
  return table;
}

const Setting* find_setting(std::string_view name) {
  for (const auto& setting : setting_table())
    if (setting.name == name) return &setting;
  return nullptr;
}

std::span<const std::string_view> setting_names() {
  static const auto names = [] {
    std::vector<std::string_view> list{kSettingsFlag, "help"};
    for (const auto& setting : setting_table()) list.push_back(setting.name);
    return list;
  }();
  return names;
}

std::string environment_name(std::string_view setting) {
  std::string name = "GATEHOUSE_";
  for (const char c : setting) {
    const bool is_lower = c >= 'a' && c <= 'z';
    name += c == '-' ? '_' : is_lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

}  // namespace gatehouse::file
