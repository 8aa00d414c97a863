// SPDX-License-Identifier: Apache-2.0
#include "controller/target_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/text.h"

namespace gatehouse::controller {
namespace {

using translate::AddressMode;

/// Below 32768, where Linux begins to hand out ports of its own.
constexpr std::uint16_t kFirstShared = 20'000;
constexpr std::uint16_t kSharedCount = 10'000;
constexpr std::uint16_t kFirstUnprivileged = 1'024;
constexpr std::uint16_t kPrivilegedOffset = 10'000;

/// FNV-1a: a Gateway that nobody has seen yet gets the same port in every pass.
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

const objects::Service* find_service(const InfrastructureInput& input, const std::string& gateway) {
  for (const auto& service : input.services) {
    const auto owner = service->meta.annotations.find(translate::kGatewayAnnotation);
    if (owner != service->meta.annotations.end() && owner->second == gateway) return service.get();
  }
  return nullptr;
}

/// The ports of pods that are shared by all Gateways, or the ones of one Gateway's pods.
class PortRange {
 public:
  explicit PortRange(const InfrastructureOptions& options)
      : is_shared_(options.mode == AddressMode::shared), taken_{options.admin_port} {}

  /// False: it is another one's, or none of this range.
  bool keep(std::uint16_t target) {
    const bool fits = is_shared_ ? target >= kFirstShared && target < kFirstShared + kSharedCount
                                 : target >= kFirstUnprivileged;
    return fits && taken_.insert(target).second;
  }

  /// 0 when none is left.
  std::uint16_t take(const std::string& gateway, GatewayPort port) {
    const auto first = is_shared_ ? kFirstShared : kFirstUnprivileged;
    const auto count = is_shared_ ? std::uint32_t{kSharedCount} : std::uint32_t{65'536} - kFirstUnprivileged;
    const auto start = preferred(gateway, port) - first;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto target = static_cast<std::uint16_t>(first + (start + i) % count);
      if (taken_.insert(target).second) return target;
    }
    return 0;
  }

 private:
  std::uint32_t preferred(const std::string& gateway, GatewayPort port) const {
    if (is_shared_)
      return kFirstShared + hash_of(fmt::format("{}:{}/{}", gateway, port.port, port.is_udp)) % kSharedCount;
    return port.port < kFirstUnprivileged ? std::uint32_t{port.port} + kPrivilegedOffset : port.port;
  }

  bool is_shared_;
  std::set<std::uint16_t> taken_;
};

void keep_known(const objects::Service& service, PortRange& range, std::vector<TargetPort>& ports) {
  for (auto& entry : ports) {
    const auto transport = entry.port.is_udp ? translate::Transport::datagram : translate::Transport::stream;
    const auto known = translate::target_port_of(service, entry.port.port, transport);
    if (known && range.keep(*known)) entry.target = *known;
  }
}

void take_missing(const std::string& gateway, PortRange& range, std::vector<TargetPort>& ports) {
  for (auto& entry : ports)
    if (entry.target == 0) entry.target = range.take(gateway, entry.port);
  std::erase_if(ports, [](const auto& entry) { return entry.target == 0; });
}

}  // namespace

TargetPorts target_ports(const InfrastructureInput& input, const InfrastructureOptions& options) {
  const bool is_shared = options.mode == AddressMode::shared;
  TargetPorts all;
  PortRange everybodys(options);
  std::map<std::string, PortRange> own;
  const auto range_of = [&](const std::string& gateway) -> PortRange& {
    return is_shared ? everybodys : own.try_emplace(gateway, options).first->second;
  };
  for (const auto& entry : input.gateways) {
    const auto gateway = entry.gateway->meta.full_name();
    auto& ports = all[gateway];
    for (const auto& port : entry.ports) ports.push_back({port, 0});
    if (const auto* service = find_service(input, gateway)) keep_known(*service, range_of(gateway), ports);
  }
  for (auto& [gateway, ports] : all) take_missing(gateway, range_of(gateway), ports);
  return all;
}

}  // namespace gatehouse::controller
