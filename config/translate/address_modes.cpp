// SPDX-License-Identifier: Apache-2.0
#include "config/translate/address_modes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/translate/draft.h"
#include "config/translate/endpoints.h"

namespace gatehouse::translate {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kHashDigits = 10;

constexpr const char* kIpAddress = "IPAddress";
constexpr const char* kHostname = "Hostname";
/// GEP-5093: promises nothing, so that whoever reports routability can give it.
constexpr const char* kSentinelRoutability = "testing.x-k8s.io/sentinel";
/// GEP-5093: a ClusterIP.
constexpr const char* kClusterRoutability = "Cluster";

/// FNV-1a: names must be the same on every machine and in every release, which std::hash does not promise.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return fmt::format("{:010x}", hash & 0xff'ffff'ffffULL);
}

bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_label_value(std::string_view text) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return text.size() <= kMaxLabel && std::all_of(text.begin(), text.end(), allowed) &&
         (text.empty() || (is_alphanumeric(text.front()) && is_alphanumeric(text.back())));
}

/// The beginning of `text` with a '-' for whatever `allowed` refuses, and a hash of all of it.
template <typename Allowed>
std::string shortened(std::string_view text, Allowed allowed) {
  std::string legible(text.substr(0, kMaxLabel - kHashDigits - 1));
  for (auto& c : legible)
    if (!allowed(c)) c = '-';
  return legible + "-" + hash_of(text);
}

void add(std::vector<objects::GatewayAddress>& to, const char* type, const std::string& value) {
  const auto same = [&value](const auto& known) { return known.value == value; };
  if (!value.empty() && std::none_of(to.begin(), to.end(), same)) to.push_back({type, value});
}

std::vector<objects::GatewayAddress> cluster_addresses(const objects::Service& service) {
  std::vector<objects::GatewayAddress> addresses;
  for (const auto& ip : service.cluster_ips)
    if (IpAddress::parse(ip)) add(addresses, kIpAddress, ip);
  return addresses;
}

/// The addresses of one Gateway that is reached through a Service; lives for that Gateway.
class ServiceAddressing {
 public:
  ServiceAddressing(Draft& draft, GatewayDraft& gateway)
      : options_(draft.options),
        gateway_(gateway),
        service_(service_for(draft.snapshot, draft.options, *gateway.object)),
        name_(gateway.object->meta.full_name()) {}

  void run() {
    const auto& requested = gateway_.object->addresses;
    for (std::size_t i = 0; i < requested.size(); ++i)
      find(requested[i], fmt::format("Gateway {}: spec.addresses[{}]", name_, i));
    if (requested.empty()) take_all({}, fmt::format("Gateway {}: spec.addresses", name_));
    report();
    gateway_.is_served_elsewhere =
        options_.address_mode == AddressMode::dedicated && options_.only_gateway.empty();
    if (gateway_.is_served_elsewhere) return;
    choose_binds();
    for (auto& listener : gateway_.listeners)
      if (listener.accepted.ok) place(listener);
  }

  const objects::Service* service() const { return service_; }

 private:
  bool is_shared_by_all() const { return options_.address_mode == AddressMode::merged; }

  std::string service_title() const {
    if (service_) return "Service " + service_->meta.full_name();
    return fmt::format("Service {}", is_shared_by_all()
                                         ? options_.gateway_service
                                         : options_.own_namespace + "/" + infrastructure_name(name_));
  }

  void find(const objects::GatewayAddress& entry, const std::string& where) {
    const auto& scope = entry.routability;
    if (!scope.empty() && scope != kSentinelRoutability && scope != kClusterRoutability)
      return unmet_.add(
          "AddressNotAssigned",
          fmt::format("{}.routability: no address of scope {} is to be had here: remove the field", where,
                      scope));
    if (entry.value.empty()) return take_all(scope, where);
    const auto offered = offered_for(scope);
    const auto known = std::find_if(offered.begin(), offered.end(), [&entry](const auto& address) {
      return address.type == entry.type && is_same(address, entry.value);
    });
    if (known != offered.end()) return take({entry.type, entry.value, scope});
    unmet_.add(offered.empty() ? "AddressNotAssigned" : "AddressNotUsable",
               fmt::format("{}.value: {} is no address of {}: {}", where, entry.value, service_title(),
                           is_shared_by_all() ? "name one of its addresses, or none"
                                              : "its load balancer has not given it (yet)"));
  }

  static bool is_same(const objects::GatewayAddress& address, const std::string& value) {
    const auto ip = IpAddress::parse(value);
    if (ip) return IpAddress::parse(address.value) == ip;
    return lower_case(address.value) == lower_case(value);
  }

  /// A ClusterIP is for those who ask for one where there is something better.
  std::vector<objects::GatewayAddress> offered_for(const std::string& scope) const {
    if (!service_) return {};
    return scope == kClusterRoutability ? cluster_addresses(*service_) : addresses_of(*service_);
  }

  void take_all(const std::string& scope, const std::string& where) {
    auto offered = offered_for(scope);
    for (auto& address : offered) {
      address.routability = scope;
      take(std::move(address));
    }
    if (!offered.empty()) return;
    unmet_.add(
        "AddressNotAssigned",
        service_
            ? fmt::format("{}: {} has no address yet: see its status.loadBalancer", where, service_title())
            : fmt::format("{}: there is no {}{}", where, service_title(),
                          is_shared_by_all() ? ": create it, or correct --gateway-service" : " yet"));
  }

  void take(objects::GatewayAddress address) {
    auto& all = gateway_.addresses;
    const auto same = [&address](const auto& known) { return known.value == address.value; };
    if (std::none_of(all.begin(), all.end(), same)) all.push_back(std::move(address));
  }

  void report() {
    if (unmet_.empty()) return;
    const auto& unmet = unmet_.verdict();
    const bool none = gateway_.addresses.empty();
    gateway_.addresses_assigned = Verdict::bad(none ? "NotAssigned" : "PartiallyAssigned", unmet.message);
    if (none || unmet.reason == "AddressNotUsable") gateway_.addressed = unmet;
  }

  /// What a load balancer or kube-proxy sends may come to any address of the pod.
  void choose_binds() {
    auto& binds = gateway_.binds;
    binds = options_.bind_override;
    if (!binds.empty()) return;
    const auto serves = [this](const char* family) {
      const auto& families = service_->ip_families;
      return std::find(families.begin(), families.end(), family) != families.end();
    };
    const bool has_ipv6 = service_ && serves("IPv6");
    if (!has_ipv6 || serves("IPv4")) binds.emplace_back();
    if (has_ipv6) binds.push_back({.bytes = {}, .v6 = true});
  }

  void place(ListenerDraft& listener) {
    const auto port = static_cast<std::uint16_t>(listener.spec->port);
    const auto mapped = options_.port_map.find(port);
    auto bound = mapped == options_.port_map.end() ? port : mapped->second;
    if (service_) {
      const auto transport = listener.spec->protocol == "UDP" ? Transport::datagram : Transport::stream;
      const auto target = target_port_of(*service_, port, transport);
      if (!target) return refuse(listener);
      if (mapped == options_.port_map.end()) bound = *target;
    } else if (!is_shared_by_all()) {
      return refuse(listener);
    }
    for (const auto& ip : gateway_.binds) listener.binds.push_back({ip, bound});
  }

  /// A Service of the Gateway's own gets the port soon; one that an operator wrote does not.
  void refuse(ListenerDraft& listener) {
    const auto where = place_of(gateway_, listener);
    const auto* transport = listener.spec->protocol == "UDP" ? "UDP" : "TCP";
    if (is_shared_by_all())
      listener.accepted = Verdict::bad(
          "PortUnavailable", fmt::format("{}: {} has no port {}/{}: add it there, or use a port that it has",
                                         where, service_title(), listener.spec->port, transport));
    else
      listener.usable = Verdict::bad("Pending", fmt::format("{}: {} does not have port {}/{} yet", where,
                                                            service_title(), listener.spec->port, transport));
  }

  const Options& options_;
  GatewayDraft& gateway_;
  const objects::Service* service_;
  std::string name_;
  Findings unmet_;
};

bool has_ready_endpoint(const objects::Snapshot& snapshot, const objects::Service& service) {
  const auto begin = service.meta.ns + "/";
  for (auto at = snapshot.endpoint_slices.lower_bound(begin);
       at != snapshot.endpoint_slices.end() && at->first.starts_with(begin); ++at) {
    const auto owner = at->second->meta.labels.find(kServiceNameLabel);
    if (owner == at->second->meta.labels.end() || owner->second != service.meta.name) continue;
    for (const auto& endpoint : at->second->endpoints)
      if (endpoint.ready.value_or(true)) return true;
  }
  return false;
}

}  // namespace

std::string label_value(std::string_view text) {
  if (is_label_value(text)) return std::string(text);
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  auto value = shortened(text, allowed);
  if (!is_alphanumeric(value.front())) value.front() = 'x';
  return value;
}

std::string infrastructure_name(std::string_view gateway) {
  return shortened(fmt::format("gw-{}", gateway),
                   [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; });
}

const objects::Service* service_for(const objects::Snapshot& snapshot, const Options& options,
                                    const objects::Gateway& gateway) {
  if (options.address_mode == AddressMode::pool) return nullptr;
  if (options.address_mode == AddressMode::merged) {
    const auto found = snapshot.services.find(options.gateway_service);
    return found == snapshot.services.end() ? nullptr : found->second.get();
  }
  const auto name = gateway.meta.full_name();
  const auto found = snapshot.services.find(options.own_namespace + "/" + infrastructure_name(name));
  if (found == snapshot.services.end()) return nullptr;
  const auto& annotations = found->second->meta.annotations;
  const auto owner = annotations.find(kGatewayAnnotation);
  return owner != annotations.end() && owner->second == name ? found->second.get() : nullptr;
}

std::vector<objects::GatewayAddress> addresses_of(const objects::Service& service) {
  std::vector<objects::GatewayAddress> addresses;
  const bool is_balanced = service.type == "LoadBalancer";
  if (is_balanced) {
    for (const auto& entry : service.ingress) {
      add(addresses, kIpAddress, entry.ip);
      if (entry.ip.empty()) add(addresses, kHostname, entry.hostname);
    }
  }
  for (const auto& ip : service.external_ips) add(addresses, kIpAddress, ip);
  if (addresses.empty() && !is_balanced) return cluster_addresses(service);
  return addresses;
}

std::optional<std::uint16_t> target_port_of(const objects::Service& service, std::uint16_t port,
                                            Transport transport) {
  const auto* found = find_port(service, port, transport);
  if (!found) return std::nullopt;
  const auto target = parse_decimal(found->target_port);
  return target ? static_cast<std::uint16_t>(*target) : port;
}

void address_through_service(Draft& draft, GatewayDraft& gateway) {
  ServiceAddressing addressing(draft, gateway);
  addressing.run();
  if (!gateway.is_served_elsewhere || !gateway.addressed.ok) return;
  if (has_ready_endpoint(draft.snapshot, *addressing.service())) return;
  gateway.addressed = Verdict::bad(
      "Pending", fmt::format("Gateway {}: no pod of Deployment {} is ready yet",
                             gateway.object->meta.full_name(), addressing.service()->meta.full_name()));
}

}  // namespace gatehouse::translate
