// SPDX-License-Identifier: Apache-2.0
// The pass that settles which Gateway has a socket and hostname that several want.
#include <fmt/format.h>

#include <map>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

/// TCP and UDP of one address are two sockets.
using Socket = std::pair<SocketAddress, bool>;
struct Claims {
  std::map<Socket, const ListenerDraft*> sockets;  ///< by their first listener
  std::map<std::pair<Socket, std::string>, const ListenerDraft*> hostnames;
};

/// Protocols that may share a socket.
std::string_view family_of(const ListenerDraft& listener) {
  const std::string_view protocol = listener.spec->protocol;
  return protocol == "HTTPS" ? "TLS" : protocol;
}

/// Without hostnames nothing tells connections apart, not even those of one protocol.
bool can_share(const ListenerDraft& a, const ListenerDraft& b) {
  const auto family = family_of(a);
  return family == family_of(b) && (family == "HTTP" || family == "TLS");
}

void claim(const GatewayDraft& gateway, ListenerDraft& listener, Claims& claims) {
  const bool is_udp = listener.spec->protocol == "UDP";
  for (const auto& bind : listener.binds) {
    const auto first = claims.sockets.find({bind, is_udp});
    if (first == claims.sockets.end() || can_share(*first->second, listener)) continue;
    listener.conflict =
        Verdict::bad("ProtocolConflict",
                     fmt::format("{}: protocol {} cannot share {} with protocol {} of listener {}, which "
                                 "comes first (by age, then "
                                 "name): use another port or address",
                                 place_of(gateway, listener), listener.spec->protocol, bind.to_string(),
                                 first->second->spec->protocol, first->second->name));
    return;
  }
  for (const auto& bind : listener.binds) {
    const auto holder = claims.hostnames.find({{bind, is_udp}, listener.hostname});
    if (holder == claims.hostnames.end()) continue;
    listener.conflict =
        Verdict::bad("HostnameConflict", fmt::format("{}: {} with {} is taken by listener {}, which comes "
                                                     "first (by age, then name): use another port, "
                                                     "hostname or address",
                                                     place_of(gateway, listener), bind.to_string(),
                                                     listener.hostname.empty()
                                                         ? "no hostname"
                                                         : fmt::format("hostname \"{}\"", listener.hostname),
                                                     holder->second->name));
    return;
  }
  for (const auto& bind : listener.binds) {
    const Socket socket(bind, is_udp);
    claims.sockets.emplace(socket, &listener);
    claims.hostnames.emplace(std::pair(socket, listener.hostname), &listener);
  }
}

}  // namespace

void shared_sockets(Draft& draft) {
  Claims claims;
  for (auto& gateway : draft.gateways)  // oldest first: it keeps what it has
    for (auto& listener : gateway.listeners)
      if (gateway.serves(listener)) claim(gateway, listener, claims);
}

}  // namespace gatehouse::translate
