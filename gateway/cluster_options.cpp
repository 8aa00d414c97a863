// SPDX-License-Identifier: Apache-2.0
#include "gateway/cluster_options.h"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "config/translate/address_modes.h"
#include "controller/access.h"

namespace gatehouse::gateway {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("gatehouse");
}

/// "team=web,tier=edge".
std::map<std::string, std::string> parse_labels(std::string_view text) {
  std::map<std::string, std::string> labels;
  while (!text.empty()) {
    const auto entry = text.substr(0, text.find(','));
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos) labels.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    text.remove_prefix(std::min(text.size(), entry.size() + 1));
  }
  return labels;
}

/// Not for the pods of dedicated Gateways: how this process gets its objects and its addresses, files of its
/// machine, and what they are told anyway.
constexpr std::array<std::string_view, 17> kOwnSettings{
    "address-mode", "address-pool", "admin-address", "bind",
    "context",      "file",         "gateway",       "gateway-service",
    "image",        "kubeconfig",   "kubernetes",    "leader-election",
    "lease",        "output",       "port-map",      "session-key-file",
    "zone"};

/// What the pods of dedicated Gateways have to know of our settings: whatever was set.
std::vector<std::string> arguments_of_pods(const file::Settings& settings) {
  std::vector<std::string> arguments;
  for (const auto& [name, values] : settings.given) {
    if (std::find(kOwnSettings.begin(), kOwnSettings.end(), name) != kOwnSettings.end()) continue;
    for (const auto& value : values) arguments.push_back(fmt::format("--{}={}", name, value));
  }
  return arguments;
}

}  // namespace

translate::AddressMode address_mode(const file::KubernetesSettings& settings) {
  if (!settings.gateway_service.empty()) return translate::AddressMode::merged;
  switch (settings.address_mode) {
    case file::AddressMode::pool:
      return translate::AddressMode::pool;
    case file::AddressMode::merged:
      return translate::AddressMode::merged;
    case file::AddressMode::shared:
      return translate::AddressMode::shared;
    case file::AddressMode::dedicated:
      break;
  }
  return translate::AddressMode::dedicated;
}

std::string own_namespace(const std::string& of_access) {
  const auto given = environment("POD_NAMESPACE");
  if (!given.empty()) return given;
  return of_access.empty() ? "default" : of_access;
}

std::string own_namespace(const file::KubernetesSettings& settings) {
  const auto outcome =
      controller::find_access(controller::search_of_process(settings.kubeconfig, settings.context));
  return own_namespace(outcome.access ? outcome.access->ns : std::string());
}

bool is_pod_of_gateway(const file::KubernetesSettings& settings) {
  return address_mode(settings) == translate::AddressMode::dedicated && !settings.gateway.empty();
}

controller::WatchScope watch_scope(const file::KubernetesSettings& settings,
                                   const std::string& own_namespace) {
  controller::WatchScope scope{settings.namespaces, settings.selector};
  auto& namespaces = scope.namespaces;
  const auto mode = address_mode(settings);
  if (namespaces.empty() || mode == translate::AddressMode::pool) return scope;
  const auto of_services = mode == translate::AddressMode::merged
                               ? settings.gateway_service.substr(0, settings.gateway_service.find('/'))
                               : own_namespace;
  if (std::find(namespaces.begin(), namespaces.end(), of_services) == namespaces.end())
    namespaces.push_back(of_services);
  return scope;
}

std::string replica_identity() {
  const auto pod = environment("POD_NAME");
  if (!pod.empty()) return pod;
  std::uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) random = static_cast<std::uint64_t>(getpid());
  return fmt::format("{}_{:016x}", host_name(), random);
}

controller::InfrastructureOptions infrastructure_options(const file::Settings& settings,
                                                         std::string own_namespace) {
  controller::InfrastructureOptions options;
  options.mode = address_mode(settings.kubernetes);
  options.controller_name = settings.controller_names.front();
  options.own_namespace = std::move(own_namespace);
  options.namespaces = settings.kubernetes.namespaces;
  options.removes_strays = settings.kubernetes.selector.empty() && settings.kubernetes.gateway.empty();
  options.arguments = arguments_of_pods(settings);
  const auto labels = parse_labels(environment("POD_LABELS"));
  if (!labels.empty()) options.pod_labels = labels;
  options.image = settings.kubernetes.image;
  if (settings.admin_address) options.admin_port = settings.admin_address->port;
  options.drain_timeout = std::chrono::ceil<std::chrono::seconds>(settings.drain_timeout);
  return options;
}

controller::LeaderElectionOptions lease_options(const file::KubernetesSettings& settings,
                                                const std::string& own_namespace) {
  controller::LeaderElectionOptions options;
  options.ns = own_namespace;
  options.lease = settings.gateway.empty() ? "gatehouse" : translate::infrastructure_name(settings.gateway);
  const auto slash = settings.lease.find('/');
  if (slash == std::string::npos) return options;
  options.ns = settings.lease.substr(0, slash);
  options.lease = settings.lease.substr(slash + 1);
  return options;
}

std::vector<SocketAddress> own_admin_addresses(const file::Settings& settings) {
  std::vector<SocketAddress> addresses;
  if (!settings.admin_address) return addresses;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return addresses;
  for (const auto* entry = all; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage address{};
    std::memcpy(&address, entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    addresses.push_back({IpAddress::from(address), settings.admin_address->port});
  }
  freeifaddrs(all);
  return addresses;
}

}  // namespace gatehouse::gateway
