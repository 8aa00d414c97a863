// SPDX-License-Identifier: Apache-2.0
// The pass that settles which Gateway has a socket and hostname that several want.
#include <fmt/format.h>

#include <map>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

using Claims = std::map<std::pair<SocketAddress, std::string>, const ListenerDraft*>;

void claim(const GatewayDraft& gateway, ListenerDraft& listener, Claims& claims) {
  for (const auto& bind : listener.binds) {
    const auto holder = claims.find({bind, listener.hostname});
    if (holder == claims.end()) continue;
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
  for (const auto& bind : listener.binds) claims.emplace(std::pair(bind, listener.hostname), &listener);
}

}  // namespace

void shared_sockets(Draft& draft) {
  Claims claims;
  for (auto& gateway : draft.gateways)  // oldest first: it keeps what it has
    for (auto& listener : gateway.listeners)
      if (gateway.serves(listener)) claim(gateway, listener, claims);
}

}  // namespace gatehouse::translate
