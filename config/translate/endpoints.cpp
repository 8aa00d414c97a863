// SPDX-License-Identifier: Apache-2.0
#include "config/translate/endpoints.h"

#include <algorithm>
#include <tuple>

#include "base/ip.h"
#include "base/text.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kTcp = "TCP";

bool is_ready(const objects::SliceEndpoint& endpoint) {
  return endpoint.ready.value_or(true) && !endpoint.terminating.value_or(false);
}

/// An IP address in its one form, so that the same address is not two endpoints; a DNS name as it is.
std::string host_of(const std::string& address) {
  const auto ip = IpAddress::parse(address);
  return ip ? ip->to_string() : lower_case(address);
}

/// A slice port without a number admits every port of its endpoints.
std::uint16_t port_of(const objects::SlicePort& slice, const objects::ServicePort& service) {
  const auto target = parse_decimal(service.target_port);
  const auto port = slice.port ? *slice.port : target ? static_cast<std::int32_t>(*target) : service.port;
  return static_cast<std::uint16_t>(port);
}

void append(const objects::EndpointSlice& slice, const objects::ServicePort& port,
            std::vector<ir::Endpoint>& to) {
  for (const auto& slice_port : slice.ports) {
    if (slice_port.name != port.name || slice_port.protocol != kTcp) continue;
    for (const auto& endpoint : slice.endpoints) {
      if (!is_ready(endpoint)) continue;
      for (const auto& address : endpoint.addresses)
        to.push_back({host_of(address), port_of(slice_port, port)});
    }
  }
}

std::vector<ir::Endpoint> without_slices(const objects::Service& service, const objects::ServicePort& port) {
  const auto annotation = service.meta.annotations.find(objects::kEndpointsAnnotation);
  if (annotation != service.meta.annotations.end())
    return parse_endpoints(annotation->second).value_or(std::vector<ir::Endpoint>{});

  const auto number = static_cast<std::uint16_t>(port.port);
  if (service.type == "ExternalName") return {{service.external_name, number}};

  std::vector<ir::Endpoint> endpoints;
  for (const auto& address : service.cluster_ips)
    if (IpAddress::parse(address)) endpoints.push_back({host_of(address), number});
  return endpoints;
}

}  // namespace

const objects::ServicePort* find_port(const objects::Service& service, std::int32_t number) {
  const auto usable = [number](const auto& port) { return port.port == number && port.protocol == kTcp; };
  const auto found = std::find_if(service.ports.begin(), service.ports.end(), usable);
  return found == service.ports.end() ? nullptr : &*found;
}

std::optional<std::vector<ir::Endpoint>> parse_endpoints(std::string_view text) {
  std::vector<ir::Endpoint> endpoints;
  CommaList entries(text);
  while (const auto entry = entries.next()) {
    const auto address = SocketAddress::parse(*entry);
    if (!address || address->port == 0) return std::nullopt;
    endpoints.push_back({address->ip.to_string(), address->port});
  }
  return endpoints;
}

std::vector<ir::Endpoint> endpoints_of(const objects::Service& service, const objects::ServicePort& port,
                                       const std::vector<const objects::EndpointSlice*>& slices) {
  std::vector<ir::Endpoint> endpoints;
  for (const auto* slice : slices) append(*slice, port, endpoints);
  if (slices.empty()) endpoints = without_slices(service, port);
  std::sort(endpoints.begin(), endpoints.end(),
            [](const auto& a, const auto& b) { return std::tie(a.host, a.port) < std::tie(b.host, b.port); });
  endpoints.erase(std::unique(endpoints.begin(), endpoints.end()), endpoints.end());
  return endpoints;
}

}  // namespace gatehouse::translate
