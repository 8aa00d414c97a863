// SPDX-License-Identifier: Apache-2.0
// The pass over addresses: what each Gateway is reached at and which sockets its listeners need.
#include <fmt/format.h>

#include <algorithm>

#include "config/translate/address_modes.h"
#include "config/translate/address_pool.h"
#include "config/translate/draft.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kIpAddress = "IPAddress";
constexpr const char* kHostname = "Hostname";

/// GEP-5093 wants this one from everybody who reports routability: it promises nothing.
constexpr const char* kSentinelRoutability = "testing.x-k8s.io/sentinel";

void reserve_requested(const GatewayDraft& gateway, AddressPool& pool) {
  for (const auto& address : gateway.object->addresses) {
    const auto ip = IpAddress::parse(address.value);
    if (address.type == kIpAddress && ip) pool.reserve(*ip);
  }
}

/// A machine has no names of its own; the load balancer of a Service may.
Verdict check_types(const objects::Gateway& gateway, AddressMode mode) {
  const bool takes_names = mode != AddressMode::pool;
  for (std::size_t i = 0; i < gateway.addresses.size(); ++i) {
    const auto& type = gateway.addresses[i].type;
    if (type == kIpAddress || (takes_names && type == kHostname)) continue;
    return Verdict::bad(
        "UnsupportedAddress",
        fmt::format("Gateway {}: spec.addresses[{}].type: {} is not supported: use IPAddress{}",
                    gateway.meta.full_name(), i, type, takes_names ? " or Hostname" : ""));
  }
  return {};
}

/// Finds an address for each entry of spec.addresses by itself; lives for one Gateway.
class AddressSearch {
 public:
  AddressSearch(const Options& options, AddressPool& pool, GatewayDraft& gateway)
      : options_(options), pool_(pool), gateway_(gateway), name_(gateway.object->meta.full_name()) {}

  void run() {
    const auto& requested = gateway_.object->addresses;
    for (std::size_t i = 0; i < requested.size(); ++i)
      find(requested[i], fmt::format("Gateway {}: spec.addresses[{}]", name_, i));
    if (requested.empty()) assign({}, fmt::format("Gateway {}: spec.addresses", name_));
    report();
  }

 private:
  void find(const objects::GatewayAddress& entry, const std::string& where) {
    if (!entry.routability.empty() && entry.routability != kSentinelRoutability)
      return unmet_.add("AddressNotAssigned",
                        fmt::format("{}.routability: no address of scope {} is to be had here: remove the "
                                    "field",
                                    where, entry.routability));
    if (entry.value.empty()) return assign(entry.routability, where);
    const auto ip = IpAddress::parse(entry.value);
    if (ip) return take(*ip, entry.value, entry.routability);
    unmet_.add("AddressNotUsable", fmt::format("{}.value: \"{}\" is not an IP address: write one such as "
                                               "192.0.2.1",
                                               where, entry.value));
  }

  void take(const IpAddress& ip, const std::string& value, const std::string& routability) {
    gateway_.addresses.push_back({kIpAddress, value, routability});
    gateway_.binds.push_back(ip);
  }

  void assign(const std::string& routability, const std::string& where) {
    if (pool_.empty()) return assign_everywhere(routability);
    const auto address = pool_.assign(assigned_ == 0 ? name_ : fmt::format("{}#{}", name_, assigned_));
    ++assigned_;
    const auto& binds = gateway_.binds;
    if (address && std::find(binds.begin(), binds.end(), *address) == binds.end())
      return take(*address, address->to_string(), routability);
    unmet_.add("AddressNotAssigned",
               fmt::format("{}: the address pool has no free address left: enlarge it (--address-pool) or "
                           "name an address here",
                           where));
  }

  /// Without a pool, the Gateway is reached at every address of the machine: there is none to name in its
  /// status, unless the process was told where to bind.
  void assign_everywhere(const std::string& routability) {
    for (const auto& ip : options_.bind_override)
      if (!ip.is_any()) gateway_.addresses.push_back({kIpAddress, ip.to_string(), routability});
    gateway_.binds.push_back(IpAddress{});
  }

  void report() {
    if (unmet_.empty()) return;
    const auto& unmet = unmet_.verdict();
    gateway_.addresses_assigned =
        Verdict::bad(gateway_.binds.empty() ? "NotAssigned" : "PartiallyAssigned", unmet.message);
    if (gateway_.binds.empty() || unmet.reason == "AddressNotUsable") gateway_.addressed = unmet;
  }

  const Options& options_;
  AddressPool& pool_;
  GatewayDraft& gateway_;
  std::string name_;
  std::size_t assigned_ = 0;
  Findings unmet_;
};

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

}  // namespace

void addresses(Draft& draft) {
  AddressPool pool(draft.options.address_pool);
  for (const auto& gateway : draft.gateways) reserve_requested(gateway, pool);
  for (auto& gateway : draft.gateways) {
    const auto types = check_types(*gateway.object, draft.options.address_mode);
    if (!types.ok) {
      gateway.accepted = types;
      gateway.addresses_assigned = Verdict::bad("NotAssigned", types.message);
    }
    if (!gateway.accepted.ok) continue;
    if (draft.options.address_mode != AddressMode::pool) {
      address_through_service(draft, gateway);
      continue;
    }
    AddressSearch(draft.options, pool, gateway).run();
    place_sockets(draft.options, gateway);
  }
}

}  // namespace gatehouse::translate
