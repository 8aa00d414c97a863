// SPDX-License-Identifier: Apache-2.0
// Scheme, host, port, path.
#include "controller/server_url.h"

#include "base/text.h"

namespace gatehouse::controller {

std::optional<ServerUrl> parse_server_url(std::string_view url) {
  ServerUrl parsed;
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  parsed.is_tls = url.substr(0, scheme) == "https";
  if (!parsed.is_tls && url.substr(0, scheme) != "http") return std::nullopt;
  parsed.port = parsed.is_tls ? 443 : 80;
  url.remove_prefix(scheme + 3);
  const auto slash = url.find('/');
  if (slash != std::string_view::npos) parsed.path = url.substr(slash);
  while (!parsed.path.empty() && parsed.path.back() == '/') parsed.path.pop_back();
  auto host = url.substr(0, slash);
  const bool has_brackets = host.starts_with('[');
  const auto host_end = has_brackets ? host.find(']') : host.find(':');
  if (has_brackets && host_end == std::string_view::npos) return std::nullopt;
  parsed.host = host.substr(has_brackets ? 1 : 0, has_brackets ? host_end - 1 : host_end);
  if (parsed.host.empty()) return std::nullopt;
  auto rest = host_end == std::string_view::npos ? "" : host.substr(host_end + (has_brackets ? 1 : 0));
  if (rest.empty()) return parsed;
  const auto port = rest.front() == ':' ? parse_decimal(rest.substr(1)) : std::nullopt;
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  parsed.port = static_cast<int>(*port);
  return parsed;
}

}  // namespace gatehouse::controller
