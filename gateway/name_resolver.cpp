// SPDX-License-Identifier: Apache-2.0
#include "gateway/name_resolver.h"

#include <netdb.h>

#include <algorithm>

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

NameResolver::NameResolver(std::function<void()> changed)
    : changed_(std::move(changed)), thread_([this] { run(); }) {}

NameResolver::~NameResolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
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
    const std::lock_guard lock(mutex_);
    answers = answers_;
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
  const std::lock_guard lock(mutex_);
  if (names == wanted_) return;
  wanted_ = std::move(names);
  std::erase_if(answers_, [this](const auto& answer) { return !wanted_.contains(answer.first); });
  news_ = true;
  wake_.notify_one();
}

void NameResolver::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (wanted_.empty()) {
      wake_.wait(lock, [this] { return stopping_ || news_; });
    } else {
      wake_.wait_for(lock, kRefresh, [this] { return stopping_ || news_; });
    }
    news_ = false;
    const auto names = wanted_;
    bool changed = false;
    for (const auto& name : names) {
      lock.unlock();
      auto addresses = look_up(name);
      lock.lock();
      if (stopping_) return;
      if (addresses.empty() || !wanted_.contains(name) || answers_[name] == addresses) continue;
      answers_[name] = std::move(addresses);
      changed = true;
    }
    if (!changed) continue;
    lock.unlock();
    changed_();
    lock.lock();
  }
}

}  // namespace gatehouse::gateway
