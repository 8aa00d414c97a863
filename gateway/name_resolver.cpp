// SPDX-License-Identifier: Apache-2.0
#include "gateway/name_resolver.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/ip.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMostAtOnce = 256;  ///< lookups under way; more wait for the first to end
constexpr auto kLongestWait = std::chrono::milliseconds(60'000);

/// Asked for every endpoint of every pass: no parsing. What is neither is no endpoint in the end.
bool is_name(std::string_view host) {
  return host.find(':') == std::string_view::npos &&
         host.find_first_not_of("0123456789.") != std::string_view::npos;
}

bool has_names(const ir::Cluster& cluster) {
  return std::any_of(cluster.endpoints.begin(), cluster.endpoints.end(),
                     [](const ir::Endpoint& endpoint) { return is_name(endpoint.host); });
}

/// A name of several clusters is refreshed as the most eager of them wants it.
ir::DnsRefresh most_eager(const ir::DnsRefresh& a, const ir::DnsRefresh& b) {
  return {std::min(a.refresh, b.refresh), a.respect_ttl || b.respect_ttl};
}

NameTable::Wanted names_of(const ir::Config& config) {
  NameTable::Wanted names;
  for (const auto& cluster : config.clusters) {
    for (const auto& endpoint : cluster->endpoints) {
      if (!is_name(endpoint.host)) continue;
      const auto [at, is_new] = names.try_emplace(endpoint.host, cluster->dns);
      if (!is_new) at->second = most_eager(at->second, cluster->dns);
    }
  }
  return names;
}

/// Two names may lead to one address: the first mention counts.
void drop_repeated(std::vector<ir::Endpoint>& endpoints) {
  std::set<std::pair<std::string, std::uint16_t>> seen;
  std::erase_if(endpoints,
                [&](const auto& endpoint) { return !seen.emplace(endpoint.host, endpoint.port).second; });
}

proxy::ProcessProbe::Lookup counted_as(DnsAnswer::State state) {
  using Lookup = proxy::ProcessProbe::Lookup;
  switch (state) {
    case DnsAnswer::State::found:
      return Lookup::found;
    case DnsAnswer::State::not_found:
      return Lookup::not_found;
    case DnsAnswer::State::failed:
      break;
  }
  return Lookup::failed;
}

}  // namespace

NameResolver::NameResolver(Options options, std::function<void()> changed)
    : options_(std::move(options)),
      changed_(std::move(changed)),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "names");
}

NameResolver::~NameResolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  ::close(wake_fd_);
}

std::shared_ptr<const ir::Config> NameResolver::resolve(std::shared_ptr<const ir::Config> config) {
  auto names = names_of(*config);
  const bool none = names.empty();
  want(std::move(names));
  if (none) {
    resolved_.clear();
    return config;
  }
  auto result = std::make_shared<ir::Config>(*config);
  std::erase_if(resolved_, [&](const auto& entry) {
    const auto& clusters = config->clusters;
    return !std::binary_search(clusters.begin(), clusters.end(), entry.second.from,
                               [](const auto& a, const auto& b) { return a->key < b->key; });
  });
  const std::lock_guard lock(mutex_);
  has_told_ = false;
  for (auto& cluster : result->clusters)
    if (has_names(*cluster)) cluster = substitute(cluster);
  return result;
}

std::shared_ptr<const ir::Cluster> NameResolver::substitute(
    const std::shared_ptr<const ir::Cluster>& cluster) {
  auto to = std::make_shared<ir::Cluster>(*cluster);
  to->endpoints.clear();
  for (const auto& endpoint : cluster->endpoints) {
    if (!is_name(endpoint.host)) {
      to->endpoints.push_back(endpoint);
      continue;
    }
    const auto* addresses = table_.find(endpoint.host);
    if (!addresses) continue;
    for (const auto& address : *addresses)
      if (!options_.refuses || !options_.refuses({address, endpoint.port}))
        to->endpoints.push_back({address.to_string(), endpoint.port, endpoint.priority});
  }
  drop_repeated(to->endpoints);
  auto& known = resolved_[cluster->key];
  if (!known.to || known.from != cluster || !(*known.to == *to)) known = {cluster, std::move(to)};
  return known.to;
}

void NameResolver::want(NameTable::Wanted names) {
  if (names == wanted_) return;
  wanted_ = std::move(names);
  if (options_.probe) options_.probe->names_wanted(static_cast<std::int64_t>(wanted_.size()));
  {
    const std::lock_guard lock(mutex_);
    table_.want(wanted_, options_.clock.now());
  }
  wake();
}

void NameResolver::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_fd_, &one, sizeof one));
}

void NameResolver::run() {
  DnsClient client(options_.dns);
  for (;;) {
    std::uint64_t drained;
    static_cast<void>(!::read(wake_fd_, &drained, sizeof drained));
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    const auto longest = start_lookups(client);
    take(client.wait(wake_fd_, longest));
  }
}

/// Returns how long nothing else will be due.
std::chrono::milliseconds NameResolver::start_lookups(DnsClient& client) {
  std::unique_lock lock(mutex_);
  const MonoTime now = options_.clock.now();
  const auto names = table_.take_due(now, kMostAtOnce - std::min(kMostAtOnce, client.pending()));
  const auto next = table_.next_due();
  lock.unlock();
  for (const auto& name : names) client.look_up(name);
  if (!next || client.pending() >= kMostAtOnce) return kLongestWait;
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*next - now), std::chrono::milliseconds(0),
                    kLongestWait);
}

void NameResolver::take(const std::vector<DnsAnswer>& answers) {
  if (answers.empty()) return;
  const std::lock_guard lock(mutex_);
  bool changed = false;
  for (const auto& answer : answers) {
    if (options_.probe) options_.probe->name_looked_up(counted_as(answer.state));
    changed = table_.take(answer, options_.clock.now()) || changed;
  }
  if (!changed || has_told_ || stopping_) return;
  has_told_ = true;
  // Under the lock, so that it cannot be called once the owner has gone.
  changed_();
}

}  // namespace gatehouse::gateway
