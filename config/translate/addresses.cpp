// SPDX-License-Identifier: Apache-2.0
// Passes over addresses: what each Gateway is reached at, which sockets its listeners need, who shares them.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/translate/address_pool.h"
#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kIpAddress = "IPAddress";

void reserve_requested(const GatewayDraft& gateway, AddressPool& pool) {
  for (const auto& address : gateway.object->addresses) {
    const auto ip = IpAddress::parse(address.value);
    if (address.type == kIpAddress && ip) pool.reserve(*ip);
  }
}

/// Takes the entries of spec.addresses. Returns whether an address is to be assigned.
bool take_requested(GatewayDraft& gateway) {
  const auto& requested = gateway.object->addresses;
  const auto name = gateway.object->meta.full_name();
  bool assign = requested.empty();
  for (std::size_t i = 0; i < requested.size(); ++i) {
    const auto& [type, value] = requested[i];
    const auto ip = IpAddress::parse(value);
    if (type != kIpAddress) {
      gateway.accepted =
          Verdict::bad("UnsupportedAddress",
                       fmt::format("Gateway {}: spec.addresses[{}].type: {} is not supported: use IPAddress",
                                   name, i, type));
    } else if (value.empty()) {
      assign = true;
    } else if (!ip) {
      gateway.addressed =
          Verdict::bad("AddressNotUsable", fmt::format("Gateway {}: spec.addresses[{}].value: \"{}\" is not "
                                                       "an IP address: write one such as 192.0.2.1",
                                                       name, i, value));
    } else {
      gateway.addresses.push_back({type, value});
      gateway.binds.push_back(*ip);
    }
  }
  return assign;
}

void assign_from(AddressPool& pool, GatewayDraft& gateway) {
  const auto name = gateway.object->meta.full_name();
  const auto address = pool.assign(name);
  if (!address) {
    gateway.addressed = Verdict::bad(
        "AddressNotAssigned", fmt::format("Gateway {}: spec.addresses: the address pool has no free address "
                                          "left: enlarge it (--address-pool) or name an address here",
                                          name));
    return;
  }
  gateway.addresses.push_back({kIpAddress, address->to_string()});
  gateway.binds.push_back(*address);
}

/// Without a pool, the Gateway is reached at every address of the machine: there is none to name in its
/// status, unless the process was told where to bind.
void assign_everywhere(const Options& options, GatewayDraft& gateway) {
  for (const auto& ip : options.bind_override)
    if (!ip.is_any()) gateway.addresses.push_back({kIpAddress, ip.to_string()});
  gateway.binds.push_back(IpAddress{});
}

void place_sockets(const Options& options, GatewayDraft& gateway) {
  if (!gateway.binds.empty() && !options.bind_override.empty()) gateway.binds = options.bind_override;
  std::sort(gateway.binds.begin(), gateway.binds.end());
  gateway.binds.erase(std::unique(gateway.binds.begin(), gateway.binds.end()), gateway.binds.end());
  for (auto& listener : gateway.listeners) {
    if (!listener.accepted.ok) continue;
    const auto port = static_cast<std::uint16_t>(listener.spec->port);
    const auto mapped = options.port_map.find(port);
    for (const auto& ip : gateway.binds)
      listener.binds.push_back({ip, mapped == options.port_map.end() ? port : mapped->second});
  }
}

using Claims = std::map<std::pair<SocketAddress, std::string>, const ListenerDraft*>;

void claim(const GatewayDraft& gateway, ListenerDraft& listener, Claims& claims) {
  for (const auto& bind : listener.binds) {
    const auto holder = claims.find({bind, listener.hostname});
    if (holder == claims.end()) continue;
    listener.conflict = Verdict::bad(
        "HostnameConflict",
        fmt::format(
            "Gateway {}: listener {}: {} with {} is taken by listener {}, which comes first (by age, then "
            "name): use another port, hostname or address",
            gateway.object->meta.full_name(), listener.spec->name, bind.to_string(),
            listener.hostname.empty() ? "no hostname" : fmt::format("hostname \"{}\"", listener.hostname),
            holder->second->name));
    return;
  }
  for (const auto& bind : listener.binds) claims.emplace(std::pair(bind, listener.hostname), &listener);
}

}  // namespace

void addresses(Draft& draft) {
  AddressPool pool(draft.options.address_pool);
  for (const auto& gateway : draft.gateways) reserve_requested(gateway, pool);
  for (auto& gateway : draft.gateways) {
    const bool assign = take_requested(gateway);
    if (!gateway.accepted.ok) {
      gateway.addresses.clear();
      continue;
    }
    if (assign && pool.empty()) assign_everywhere(draft.options, gateway);
    if (assign && !pool.empty()) assign_from(pool, gateway);
    place_sockets(draft.options, gateway);
  }
}

void shared_sockets(Draft& draft) {
  Claims claims;
  for (auto& gateway : draft.gateways)  // oldest first: it keeps what it has
    for (auto& listener : gateway.listeners)
      if (gateway.serves(listener)) claim(gateway, listener, claims);
}

}  // namespace gatehouse::translate
