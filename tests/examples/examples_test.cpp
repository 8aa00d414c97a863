// SPDX-License-Identifier: Apache-2.0
// Every file of examples/ loads without a word, and everything in it is accepted and has somewhere to go.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/examples/loaded_text.h"
#include "tests/support/source_dir.h"

namespace gatehouse {
namespace {

std::vector<std::string> example_files() {
  std::vector<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(gatehouse::test::kSourceDir) + "/examples"))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

void check_l4_backends(const ir::Listener& listener) {
  for (const auto& attachment : listener.l4_routes) {
    INFO(listener.name << " " << attachment.route->key);
    CHECK_FALSE(attachment.route->backends.empty());
    for (const auto& backend : attachment.route->backends) CHECK(backend.error_status == 0);
  }
}

void check_backends(const ir::Config& config) {
  for (const auto& listener : config.listeners) check_l4_backends(*listener);
  for (const auto& listener : config.listeners)
    for (const auto& attachment : listener->routes)
      for (const auto& rule : attachment.route->rules) {
        INFO(listener->name << " " << attachment.route->key << " " << rule.name);
        CHECK(rule.backends.empty() == rule.filters.redirect.has_value());
        for (const auto& backend : rule.backends) CHECK(backend.error_status == 0);
      }
  CHECK_FALSE(config.clusters.empty());
  for (const auto& cluster : config.clusters) {
    INFO(cluster->key);
    CHECK_FALSE(cluster->endpoints.empty());
  }
}

}  // namespace

TEST_CASE("every example loads without problems and all of it is accepted") {
  const auto files = example_files();
  REQUIRE(files.size() >= 12);
  for (const auto& path : files) {
    INFO(path);
    const auto loaded = test::load_without_problems(path);
    CHECK_FALSE(loaded.snapshot.gateways.empty());
    test::check_all_accepted(loaded);
    check_backends(*loaded.translation.config);
  }
}

TEST_CASE("every listener of an example has a route") {
  for (const auto& path : example_files()) {
    const auto loaded = test::load_without_problems(path);
    for (const auto& listener : loaded.translation.config->listeners) {
      INFO(path << " " << listener->name);
      CHECK_FALSE((listener->routes.empty() && listener->l4_routes.empty()));
    }
  }
}

}  // namespace gatehouse
