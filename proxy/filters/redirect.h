// SPDX-License-Identifier: Apache-2.0
// RequestRedirect: the status and Location that answer a request in place of a backend.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "config/ir/route.h"
#include "proxy/http/forwarded.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// How the client reached us: the listener's scheme and advertised port, or what a trusted proxy says.
struct ClientView {
  std::string_view scheme;
  std::uint16_t port = 0;

  /// A scheme that a trusted proxy tells without its port stands for that scheme's well-known port.
  static ClientView from(const http::Forwarded& decided, const http::PeerContext& peer);
};

struct RedirectAnswer {
  std::uint16_t status = 302;
  std::string_view location;  ///< in the arena; absolute, or a path when the request names no host
};

/// `matched` is what the request's path has matched. The port is left out where it is the well-known one of
/// the scheme; the query is kept. Everything reflected is percent-encoded where a URL demands it (H3).
RedirectAnswer make_redirect(const ir::Redirect& redirect, const http::RequestHead& head,
                             const ir::PathMatch& matched, const ClientView& seen, Arena& arena);

}  // namespace gatehouse::proxy
