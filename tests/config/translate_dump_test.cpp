// SPDX-License-Identifier: Apache-2.0
// The texts of dumps: defaults are left out, and every scalar reads back as what it was.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/yaml_text.h"
#include "config/file/yaml_reader.h"
#include "config/ir/config.h"

namespace gatehouse {
namespace {

/// The value of key "key" in the only document of `yaml`.
nlohmann::json read_back(const std::string& yaml) {
  nlohmann::json value;
  const auto outcome =
      file::read_yaml(yaml, "dump.yaml",
                      [&value](const nlohmann::json& document, const auto&) { value = document.at("key"); });
  INFO(yaml);
  CHECK(outcome.problems.empty());
  return value;
}

ir::Config config_of(const ir::Listener& listener, const ir::Cluster& cluster) {
  return {{std::make_shared<ir::Listener>(listener)}, {std::make_shared<ir::Cluster>(cluster)}};
}

}  // namespace

TEST_CASE("scalars of a dump read back as the same text") {
  for (const std::string text : {"plain",
                                 "",
                                 "true",
                                 "No",
                                 "null",
                                 "~",
                                 "12",
                                 "1.5",
                                 "1e3",
                                 "0x1F",
                                 "0o17",
                                 ".inf",
                                 "-",
                                 "- a",
                                 "a: b",
                                 "a:",
                                 "a #b",
                                 "#",
                                 "*",
                                 "*.example.com",
                                 "&x",
                                 "!t",
                                 "%",
                                 "@",
                                 "`",
                                 "[a]",
                                 "{a}",
                                 "\"q\"",
                                 "'q'",
                                 "line\nbreak",
                                 "tab\t",
                                 " lead",
                                 "trail ",
                                 "127.0.0.1:80",
                                 "[::1]:80",
                                 "2026-01-01",
                                 "2026-01-01T00:00:00Z",
                                 "Service/a/b/80",
                                 "back\\slash",
                                 "1:30",
                                 "=",
                                 "<<",
                                 "y",
                                 "on",
                                 "a,b"}) {
    const auto value = read_back("key: " + yaml_scalar(text) + "\n");
    CHECK(value == nlohmann::json(text));
  }
}

TEST_CASE("nested lists and maps of a dump read back") {
  YamlText out;
  out.open("key");
  out.open_item();
  out.field("a", std::int64_t{1});
  out.open("b");
  out.open_item();
  out.field("c", "d");
  out.close_item();
  out.close();
  out.list("e", {"f", "1"});
  out.list("nothing", {});
  out.close_item();
  out.open_item();
  out.close_item();
  out.close();
  CHECK(read_back(out.take()) == nlohmann::json::parse(R"([{"a":1,"b":[{"c":"d"}],"e":["f","1"]},{}])"));
}

TEST_CASE("a dump leaves defaults out") {
  ir::Listener listener;
  listener.name = "default/gw/http";
  listener.advertised_port = 80;
  ir::Cluster cluster;
  cluster.key = "Service/default/web/80";
  CHECK(ir::dump(config_of(listener, cluster)) ==
        "listeners:\n  - name: default/gw/http\n    port: 80\nclusters:\n  - key: Service/default/web/80\n");
}

TEST_CASE("a dump shows limits that differ from their defaults") {
  ir::Listener listener;
  listener.name = "l";
  listener.limits.max_body_bytes = 1024;
  listener.limits.idle_timeout = std::chrono::seconds(5);
  ir::Cluster cluster;
  cluster.key = "c";
  cluster.pool.connect_timeout = std::chrono::milliseconds(250);
  const auto text = ir::dump(config_of(listener, cluster));
  CHECK_THAT(text, Catch::Contains("    limits:\n      max_body_bytes: 1024\n      idle_timeout: 5000ms\n"));
  CHECK_THAT(text, Catch::Contains("    pool:\n      connect_timeout: 250ms\n"));
}

TEST_CASE("a dump writes a route once, however many listeners have it") {
  auto route = std::make_shared<ir::HttpRoute>();
  route->key = "HTTPRoute/default/r";
  ir::Config config;
  for (const char* name : {"a", "b"}) {
    ir::Listener listener;
    listener.name = name;
    listener.routes.push_back({route, {}});
    config.listeners.push_back(std::make_shared<ir::Listener>(listener));
  }
  const auto text = ir::dump(config);
  const auto first = text.find("key: HTTPRoute/default/r");
  REQUIRE(first != std::string::npos);
  CHECK(text.find("key: HTTPRoute/default/r", first + 1) == std::string::npos);
}

}  // namespace gatehouse
