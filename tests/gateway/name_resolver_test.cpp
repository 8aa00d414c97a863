// SPDX-License-Identifier: Apache-2.0
// DNS names among endpoints: looked up off the control thread, substituted in the configuration.
#include "gateway/name_resolver.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

using namespace gatehouse;
using gateway::NameResolver;

namespace {

/// Counts the resolver's news and waits for them, boundedly.
class News {
 public:
  void tell() {
    const std::lock_guard lock(mutex_);
    ++count_;
    wake_.notify_all();
  }
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, std::chrono::seconds(20), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  int count_ = 0;
};

std::shared_ptr<const ir::Config> config_with(std::vector<ir::Endpoint> endpoints) {
  auto cluster = std::make_shared<ir::Cluster>();
  cluster->key = "Service/default/a/80";
  cluster->endpoints = std::move(endpoints);
  auto config = std::make_shared<ir::Config>();
  config->clusters = {cluster};
  return config;
}

}  // namespace

TEST_CASE("a configuration without names is handed through as it is") {
  NameResolver resolver([] {});
  const auto config = config_with({{"127.0.0.1", 80}, {"::1", 80}});
  CHECK(resolver.resolve(config) == config);
}

TEST_CASE("a name has no endpoint until it is resolved, then its addresses with the endpoint's port") {
  News news;
  NameResolver resolver([&] { news.tell(); });
  const auto config = config_with({{"localhost", 8080}});
  const auto before = resolver.resolve(config);
  REQUIRE(before->clusters.size() == 1);
  REQUIRE(news.wait_for(1));

  const auto after = resolver.resolve(config);
  const auto& endpoints = after->clusters.front()->endpoints;
  REQUIRE_FALSE(endpoints.empty());
  for (const auto& endpoint : endpoints) {
    CHECK((endpoint.host == "127.0.0.1" || endpoint.host == "::1"));
    CHECK(endpoint.port == 8080);
  }
}

TEST_CASE("a cluster whose answers did not change is the same object again") {
  News news;
  NameResolver resolver([&] { news.tell(); });
  const auto config = config_with({{"localhost", 8080}});
  resolver.resolve(config);
  REQUIRE(news.wait_for(1));
  const auto once = resolver.resolve(config);
  const auto twice = resolver.resolve(config);
  CHECK(once->clusters.front() == twice->clusters.front());
}

TEST_CASE("a name that does not exist leaves the addresses beside it in use") {
  News news;
  NameResolver resolver([&] { news.tell(); });
  const auto config = config_with({{"no-such-name.invalid", 80}, {"localhost", 81}, {"192.0.2.1", 81}});
  resolver.resolve(config);
  REQUIRE(news.wait_for(1));
  const auto after = resolver.resolve(config);
  for (const auto& endpoint : after->clusters.front()->endpoints) CHECK(endpoint.port == 81);
  CHECK_FALSE(after->clusters.front()->endpoints.empty());
}
