// SPDX-License-Identifier: Apache-2.0
// "https://host:port/path" of an API server, in parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::controller {

struct ServerUrl {
  bool is_tls = true;
  std::string host;  ///< an IPv6 address without its brackets
  int port = 443;
  std::string path;  ///< "" or "/k8s/clusters/a"
};

std::optional<ServerUrl> parse_server_url(std::string_view url);

}  // namespace gatehouse::controller
