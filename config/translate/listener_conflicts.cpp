// SPDX-License-Identifier: Apache-2.0
// The pass that finds listeners of one Gateway that no request could tell apart.
#include <fmt/format.h>

#include <map>

#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

/// Protocols that may share a port, told apart by hostname; empty for a protocol nobody knows.
std::string_view family_of(const ListenerDraft& listener) {
  const auto& protocol = listener.spec->protocol;
  if (protocol == "HTTP") return "HTTP";
  if (protocol == "HTTPS" || protocol == "TLS") return "TLS";
  if (protocol == "TCP") return "TCP";
  if (protocol == "UDP") return "UDP";
  return {};
}

bool has_hostnames(std::string_view family) {
  return family == "HTTP" || family == "TLS";
}

/// UDP is another transport: it shares no socket with the others.
bool share_sockets(std::string_view a, std::string_view b) {
  return a == b || (a != "UDP" && b != "UDP");
}

/// How a message names the listener in the way. Who writes a ListenerSet need not know of the ListenerSets
/// that other namespaces have.
std::string name_for(const ListenerDraft& reader, const ListenerDraft& rival) {
  if (rival.set == reader.set) return "listener " + rival.spec->name;
  if (!rival.set) return fmt::format("listener {} of its Gateway", rival.spec->name);
  const auto& owner = rival.set->object->meta;
  if (reader.set && reader.set->object->meta.ns != owner.ns) return "a ListenerSet of another namespace";
  return fmt::format("listener {} of ListenerSet {}", rival.spec->name, owner.full_name());
}

std::string_view outcome_of(const ListenerDraft& a, const ListenerDraft& b) {
  return a.set == b.set ? ", so neither is served" : ", which comes first";
}

Verdict protocol_conflict(const GatewayDraft& gateway, const ListenerDraft& a, const ListenerDraft& b) {
  return Verdict::bad("ProtocolConflict",
                      fmt::format("{}: protocol {} cannot share port {} with protocol {} of {}{}: "
                                  "use another port",
                                  place_of(gateway, a), a.spec->protocol, a.spec->port, b.spec->protocol,
                                  name_for(a, b), outcome_of(a, b)));
}

Verdict hostname_conflict(const GatewayDraft& gateway, const ListenerDraft& a, const ListenerDraft& b) {
  return Verdict::bad(
      "HostnameConflict",
      fmt::format("{}: port {} and {} are those of {} too{}: change one of them", place_of(gateway, a),
                  a.spec->port,
                  a.hostname.empty() ? "no hostname" : fmt::format("hostname \"{}\"", a.hostname),
                  name_for(a, b), outcome_of(a, b)));
}

Verdict conflict_between(const GatewayDraft& gateway, const ListenerDraft& a, const ListenerDraft& b) {
  const auto mine = family_of(a);
  const auto theirs = family_of(b);
  if (a.spec->port != b.spec->port || mine.empty() || theirs.empty() || !share_sockets(mine, theirs))
    return {};
  if (mine != theirs || !has_hostnames(mine)) return protocol_conflict(gateway, a, b);
  return a.hostname == b.hostname ? hostname_conflict(gateway, a, b) : Verdict{};
}

/// The first conflict of `listener` with one of `others`.
Verdict first_conflict(const GatewayDraft& gateway, const ListenerDraft& listener,
                       const std::vector<ListenerDraft*>& others) {
  for (const auto* other : others) {
    if (other == &listener) continue;
    auto conflict = conflict_between(gateway, listener, *other);
    if (!conflict.ok) return conflict;
  }
  return {};
}

/// Listeners of one object have no order among them: all that meet are conflicted. One that lost to somebody
/// else takes no part.
void compare_siblings(const GatewayDraft& gateway, std::span<ListenerDraft> siblings) {
  std::vector<ListenerDraft*> contenders;
  for (auto& listener : siblings)
    if (listener.conflict.ok) contenders.push_back(&listener);
  for (auto* listener : contenders) listener->conflict = first_conflict(gateway, *listener, contenders);
}

/// The listeners of a Gateway that later ones must not meet. Thousands of entries cost no more than a look-up
/// each.
class Claims {
 public:
  void add(const ListenerDraft& listener) {
    ++count_;
    const auto family = family_of(listener);
    if (family.empty()) return;
    auto& port = ports_[listener.spec->port];
    port.families.emplace(family, &listener);
    port.hostnames.emplace(std::pair(family, std::string_view(listener.hostname)), &listener);
  }

  std::size_t count() const { return count_; }

  /// What `listener` meets, or null.
  const ListenerDraft* rival_of(const ListenerDraft& listener) const {
    const auto port = ports_.find(listener.spec->port);
    const auto mine = family_of(listener);
    if (port == ports_.end() || mine.empty()) return nullptr;
    for (const auto& [family, holder] : port->second.families)
      if (share_sockets(mine, family) && (mine != family || !has_hostnames(mine))) return holder;
    const auto same = port->second.hostnames.find({mine, listener.hostname});
    return same == port->second.hostnames.end() ? nullptr : same->second;
  }

 private:
  struct Port {
    std::map<std::string_view, const ListenerDraft*> families;  ///< the first of each
    std::map<std::pair<std::string_view, std::string_view>, const ListenerDraft*> hostnames;
  };
  std::map<std::int32_t, Port> ports_;
  std::size_t count_ = 0;
};

Verdict too_many(const ListenerSetDraft& set, const ListenerDraft& listener) {
  return Verdict::bad(
      "TooManyListeners",
      fmt::format("{}: Gateway {} has {} listeners with those of older ListenerSets, which is all it takes: "
                  "attach to another Gateway, or remove some",
                  place_of(*set.gateway, listener), set.gateway->object->meta.full_name(),
                  kMaxListenersPerGateway));
}

/// Its entries lose to what comes before the ListenerSet; what is left of them is compared among each other.
void place_set(const ListenerSetDraft& set, Claims& claims) {
  for (auto& listener : set.listeners())
    if (const auto* rival = claims.rival_of(listener))
      listener.conflict = conflict_between(*set.gateway, listener, *rival);
  compare_siblings(*set.gateway, set.listeners());
  for (auto& listener : set.listeners()) {
    if (!listener.conflict.ok) continue;
    if (claims.count() >= kMaxListenersPerGateway)
      listener.accepted = too_many(set, listener);
    else
      claims.add(listener);
  }
}

}  // namespace

void listener_conflicts(Draft& draft) {
  std::map<const GatewayDraft*, Claims> claims;
  for (auto& gateway : draft.gateways) {
    compare_siblings(gateway, gateway.own());
    for (const auto& listener : gateway.own()) claims[&gateway].add(listener);
  }
  for (const auto& set : draft.listener_sets) place_set(set, claims[set.gateway]);
}

}  // namespace gatehouse::translate
