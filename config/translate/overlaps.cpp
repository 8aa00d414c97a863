// SPDX-License-Identifier: Apache-2.0
// The pass that finds listeners whose certificates clients could take for each other's: of one port, with
// hostnames that meet (condition OverlappingTLSConfig).
#include <fmt/format.h>

#include <map>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

bool is_tls(const ListenerDraft& listener) {
  return listener.spec->protocol == "HTTPS" || listener.spec->protocol == "TLS";
}

using ByHostname = std::map<std::string_view, ListenerDraft*>;

/// Who overlaps learns of one rival only. Who writes a ListenerSet need not know of those of others.
void note(const GatewayDraft& gateway, ListenerDraft& listener, const ListenerDraft& rival) {
  if (!listener.overlap.ok) return;
  const bool same_owner = listener.set == rival.set;
  listener.overlap = Verdict::bad(
      "OverlappingHostnames",
      fmt::format("{}: its hostnames and those of {} on port {} overlap: a client may send requests for one "
                  "over a connection to the other",
                  place_of(gateway, listener),
                  same_owner ? "listener " + rival.spec->name : std::string("a listener of another object"),
                  listener.spec->port));
}

/// Looks at the names above `listener`'s own: "*.example.com" and any, for "a.example.com".
void look_above(const GatewayDraft& gateway, ListenerDraft& listener, const ByHostname& others) {
  const auto meet = [&](std::string_view hostname) {
    const auto found = others.find(hostname);
    if (found == others.end() || found->second == &listener) return;
    note(gateway, listener, *found->second);
    note(gateway, *found->second, listener);
  };
  if (listener.hostname.empty()) return;
  meet("");
  const std::string_view own = listener.hostname;
  std::string above;
  for (auto dot = own.find('.'); dot != own.npos; dot = own.find('.', dot + 1)) {
    above = "*";
    above += own.substr(dot);
    meet(above);
  }
}

}  // namespace

void overlaps(Draft& draft) {
  for (auto& gateway : draft.gateways) {
    std::map<std::int32_t, ByHostname> ports;
    for (auto& listener : gateway.listeners)
      if (listener.is_valid() && is_tls(listener))
        ports[listener.spec->port].emplace(listener.hostname, &listener);
    for (auto& [port, listeners] : ports)
      for (auto& [hostname, listener] : listeners) look_above(gateway, *listener, listeners);
  }
}

}  // namespace gatehouse::translate
