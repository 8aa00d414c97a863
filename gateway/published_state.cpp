// SPDX-License-Identifier: Apache-2.0
#include "gateway/published_state.h"

#include <fmt/format.h>

#include "base/yaml_text.h"

namespace gatehouse::gateway {

void PublishedState::set_config(std::shared_ptr<const ir::Config> config) {
  const std::lock_guard lock(mutex_);
  config_.swap(config);
}

void PublishedState::set_clusters(std::vector<proxy::ClusterRuntime> clusters) {
  const std::lock_guard lock(mutex_);
  clusters_.swap(clusters);
}

void PublishedState::set_statuses(std::shared_ptr<const objects::Statuses> statuses) {
  const std::lock_guard lock(mutex_);
  statuses_.swap(statuses);
}

void PublishedState::set_serving(std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  generation_ = generation;
}

void PublishedState::set_draining() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

void PublishedState::set_problems(std::vector<std::string> problems) {
  const std::lock_guard lock(mutex_);
  problems_.swap(problems);
}

std::string PublishedState::config_dump() const {
  std::unique_lock lock(mutex_);
  const auto config = config_;
  lock.unlock();
  return config ? ir::dump(*config) : std::string();
}

std::string PublishedState::endpoints() const {
  std::unique_lock lock(mutex_);
  const auto clusters = clusters_;
  lock.unlock();
  YamlText text;
  text.open("clusters");
  for (const auto& cluster : clusters) {
    text.open_item();
    text.field("cluster", cluster.config->key);
    text.open("endpoints");
    for (std::size_t i = 0; i < cluster.config->endpoints.size(); ++i) {
      const auto& endpoint = cluster.config->endpoints[i];
      text.open_item();
      text.field("host", endpoint.host);
      text.field("port", static_cast<std::int64_t>(endpoint.port));
      if (endpoint.priority != 0) text.field("priority", static_cast<std::int64_t>(endpoint.priority));
      if (cluster.health) text.field("check", cluster.health->is_healthy(i) ? "healthy" : "unhealthy");
      text.close_item();
    }
    text.close();
    text.close_item();
  }
  text.close();
  return text.take();
}

std::string PublishedState::statuses() const {
  std::unique_lock lock(mutex_);
  const auto statuses = statuses_;
  lock.unlock();
  return statuses ? objects::dump(*statuses) : std::string();
}

Readiness PublishedState::readiness() const {
  const std::lock_guard lock(mutex_);
  Readiness readiness;
  readiness.ready = generation_ != 0 && !draining_;
  readiness.lines.push_back(generation_ != 0 ? fmt::format("config: generation {} is served", generation_)
                                             : std::string("config: not served yet"));
  if (draining_) readiness.lines.emplace_back("draining");
  for (const auto& problem : problems_) readiness.lines.push_back("problem: " + problem);
  return readiness;
}

}  // namespace gatehouse::gateway
