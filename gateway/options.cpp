// SPDX-License-Identifier: Apache-2.0
#include "gateway/options.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "config/file/usable_cpus.h"
#include "gateway/cluster_options.h"

namespace gatehouse::gateway {
namespace {

bool in_container() {
  return std::getenv("KUBERNETES_SERVICE_HOST") != nullptr || access("/.dockerenv", F_OK) == 0 ||
         access("/run/.containerenv", F_OK) == 0;
}

http::Underscores underscores_of(file::HeaderUnderscores setting) {
  switch (setting) {
    case file::HeaderUnderscores::drop:
      return http::Underscores::drop;
    case file::HeaderUnderscores::reject:
      return http::Underscores::reject;
    case file::HeaderUnderscores::allow:
      break;
  }
  return http::Underscores::allow;
}

}  // namespace

translate::Options translate_options(const file::Settings& settings) {
  translate::Options options;
  options.controller_names = settings.controller_names;
  options.address_pool = settings.address_pool;
  if (options.address_pool.empty() && settings.bind.empty() && !in_container())
    options.address_pool = {*Cidr::parse("127.0.0.1")};
  options.bind_override = settings.bind;
  options.port_map = settings.port_map;
  options.proxy_protocol_ports = settings.proxy_protocol_ports;
  options.limits = settings.limits;
  options.pool = settings.pool;
  options.zone = settings.zone;
  if (!settings.kubernetes.enabled) return options;
  options.in_cluster = true;
  options.address_mode = address_mode(settings.kubernetes);
  options.gateway_service = settings.kubernetes.gateway_service;
  options.only_gateway = settings.kubernetes.gateway;
  options.own_addresses = own_admin_addresses(settings);
  const bool has_own_services = options.address_mode == translate::AddressMode::shared ||
                                options.address_mode == translate::AddressMode::dedicated;
  if (has_own_services) options.own_namespace = own_namespace(settings.kubernetes);
  return options;
}

proxy::ProxySettings proxy_settings(const file::Settings& settings, const proxy::SessionKey& session_key) {
  proxy::ProxySettings proxy;
  proxy.trust.trusted = settings.trusted_proxies;
  proxy.trust.trusted_hops = settings.trusted_hops;
  proxy.request_rules.underscores = underscores_of(settings.header_underscores);
  proxy.request_rules.http10_keep_alive = settings.http10_keep_alive;
  proxy.half_close =
      settings.half_close == file::HalfClose::keep ? proxy::HalfClose::keep : proxy::HalfClose::cancel;
  proxy.via = settings.via;
  proxy.session_key = session_key;
  proxy.workers = worker_count(settings);
  return proxy;
}

std::uint32_t worker_count(const file::Settings& settings) {
  return settings.workers != 0 ? settings.workers : file::usable_cpus();
}

std::uint32_t connections_per_worker(std::uint32_t workers) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  // An exchange takes two descriptors: its own and the backend's.
  return static_cast<std::uint32_t>(std::max<rlim_t>(1, limit.rlim_cur / 2 / workers));
}

}  // namespace gatehouse::gateway
