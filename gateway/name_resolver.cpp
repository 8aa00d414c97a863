// SPDX-License-Identifier: Apache-2.0
#include "gateway/name_resolver.h"

#include <netdb.h>

#include <algorithm>
#include <thread>

#include "base/ip.h"
#include "base/log.h"

namespace gatehouse::gateway {
namespace {

bool has_names(const ir::Cluster& cluster) {
  return std::any_of(cluster.endpoints.begin(), cluster.endpoints.end(),
                     [](const ir::Endpoint& endpoint) { return !IpAddress::parse(endpoint.host); });
}

/// Sorted addresses; empty when the name has none or the lookup failed.
std::vector<std::string> look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(name.c_str(), nullptr, &hints, &found); failed != 0) {
    log_warning("dns: {}: {}; the last good answer stays in use", escaped(name), gai_strerror(failed));
    return {};
  }
  std::set<std::string> addresses;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, at->ai_addr, std::min<std::size_t>(at->ai_addrlen, sizeof storage));
    addresses.insert(IpAddress::from(storage).to_string());
  }
  freeaddrinfo(found);
  return {addresses.begin(), addresses.end()};
}

}  // namespace

NameResolver::NameResolver(std::function<void()> changed) : shared_(std::make_shared<Shared>()) {
  shared_->changed = std::move(changed);
  std::thread([shared = shared_] { run(shared); }).detach();
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  shared_->wake.notify_one();
}

std::shared_ptr<const ir::Config> NameResolver::resolve(std::shared_ptr<const ir::Config> config) {
  std::set<std::string> names;
  for (const auto& cluster : config->clusters)
    for (const auto& endpoint : cluster->endpoints)
      if (!IpAddress::parse(endpoint.host)) names.insert(endpoint.host);
  const bool none = names.empty();
  want(std::move(names));
  if (none) {
    resolved_.clear();
    return config;
  }

  Answers answers;
  {
    const std::lock_guard lock(shared_->mutex);
    answers = shared_->answers;
  }
  auto result = std::make_shared<ir::Config>(*config);
  for (auto& cluster : result->clusters)
    if (has_names(*cluster)) cluster = substitute(cluster, answers);
  return result;
}

std::shared_ptr<const ir::Cluster> NameResolver::substitute(const std::shared_ptr<const ir::Cluster>& cluster,
                                                            const Answers& answers) {
  auto to = std::make_shared<ir::Cluster>(*cluster);
  to->endpoints.clear();
  for (const auto& endpoint : cluster->endpoints) {
    if (IpAddress::parse(endpoint.host)) to->endpoints.push_back(endpoint);
    const auto answer = answers.find(endpoint.host);
    if (answer == answers.end()) continue;
    for (const auto& address : answer->second) to->endpoints.push_back({address, endpoint.port});
  }
  auto& known = resolved_[cluster->key];
  if (!known.to || known.from != cluster || !(*known.to == *to)) known = {cluster, std::move(to)};
  return known.to;
}

void NameResolver::want(std::set<std::string> names) {
  const std::lock_guard lock(shared_->mutex);
  if (names == shared_->wanted) return;
  shared_->wanted = std::move(names);
  std::erase_if(shared_->answers,
                [this](const auto& answer) { return !shared_->wanted.contains(answer.first); });
  shared_->news = true;
  shared_->wake.notify_one();
}

void NameResolver::run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  const auto has_work = [&] { return shared->stopping || shared->news; };
  while (!shared->stopping) {
    if (shared->wanted.empty()) {
      shared->wake.wait(lock, has_work);
    } else {
      shared->wake.wait_for(lock, kRefresh, has_work);
    }
    shared->news = false;
    look_up_all(*shared, lock);
  }
}

void NameResolver::look_up_all(Shared& shared, std::unique_lock<std::mutex>& lock) {
  const auto names = shared.wanted;
  bool changed = false;
  for (const auto& name : names) {
    if (shared.stopping) return;
    lock.unlock();
    auto addresses = look_up(name);
    lock.lock();
    if (addresses.empty() || !shared.wanted.contains(name) || shared.answers[name] == addresses) continue;
    shared.answers[name] = std::move(addresses);
    changed = true;
  }
  // Under the lock, so that it cannot be called once the owner has gone.
  if (changed && !shared.stopping) shared.changed();
}

}  // namespace gatehouse::gateway
