// SPDX-License-Identifier: Apache-2.0
// Random tables and requests through real sockets: the rule that answers is the one of the linear reference.
// GATEHOUSE_WIRE_REQUESTS asks for more than the 1,000 of an ordinary run, GATEHOUSE_WIRE_SEED for others.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/text.h"
#include "tests/routing/naive_matcher.h"
#include "tests/routing/random_tables.h"
#include "tests/support/wire_rig.h"

namespace gatehouse::test {
namespace {

using routing::testing::naive_find;
using routing::testing::naive_listener;
using routing::testing::RandomPaths;
using routing::testing::RandomRequest;
using routing::testing::RandomTables;

constexpr std::uint64_t kRequestsPerTable = 50;

std::uint64_t number_from(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : parse_decimal(text).value_or(fallback);
}

std::string name_of(const ir::HttpRoute& route, std::size_t rule) {
  return fmt::format("{}/{}", route.key, rule);
}

/// The listeners on one socket; every rule names itself in its responses.
std::shared_ptr<const ir::Config> config_of(const std::vector<ir::Listener>& listeners,
                                            const SocketAddress& bind, const SocketAddress& backend) {
  auto config = std::make_shared<ir::Config>();
  for (const auto& listener : listeners) {
    auto served = std::make_shared<ir::Listener>(listener);
    served->binds = {bind};
    served->advertised_port = 80;
    for (auto& attachment : served->routes) {
      auto route = std::make_shared<ir::HttpRoute>(*attachment.route);
      for (std::size_t i = 0; i < route->rules.size(); ++i)
        route->rules[i].filters.response_headers.set = {{"X-Rule", name_of(*route, i)}};
      attachment.route = std::move(route);
    }
    config->listeners.push_back(std::move(served));
  }
  auto cluster = std::make_shared<ir::Cluster>();
  cluster->key = "Service/ns/backend/80";
  cluster->endpoints = {{backend.ip.to_string(), backend.port}};
  config->clusters = {std::move(cluster)};
  return config;
}

std::string bytes_of(const RandomRequest& request) {
  std::string bytes = fmt::format("{} {}{}{} HTTP/1.1\r\nHost: {}\r\n", request.method, request.path,
                                  request.query.empty() ? "" : "?", request.query, request.host);
  for (const auto& field : request.headers) bytes += fmt::format("{}: {}\r\n", field.name, field.value);
  return bytes + "Content-Length: 0\r\n\r\n";
}

/// The rule, or "404".
std::string wanted_of(const std::vector<ir::Listener>& listeners, const RandomRequest& request) {
  const auto listener = naive_listener(listeners, request.host);
  if (!listener) return "404";
  const auto found = naive_find(listeners[*listener], request.view());
  return found ? name_of(*found->route, found->rule) : "404";
}

std::string got_from(const WireMessage& response) {
  return response.status() == 200 ? std::string(response.field("X-Rule")) : std::to_string(response.status());
}

}  // namespace

TEST_CASE("random requests reach the rule of the reference matcher on the wire") {
  const auto wanted_requests = number_from("GATEHOUSE_WIRE_REQUESTS", 1000);
  auto seed = static_cast<std::uint32_t>(number_from("GATEHOUSE_WIRE_SEED", 1));
  ScriptedBackend backend;
  WireGateway gateway{WirePlan()};
  std::uint64_t served = 0;
  for (std::uint64_t sent = 0; sent < wanted_requests; ++seed) {
    RandomTables random(seed, RandomPaths::normal);
    const auto listeners = random.listeners();
    gateway.publish(config_of(listeners, gateway.address(), backend.address()));
    auto client = gateway.connect();
    for (std::uint64_t i = 0; i < kRequestsPerTable; ++i, ++sent) {
      const auto request = random.request();
      INFO("seed " << seed << ", request " << i << ": " << bytes_of(request));
      client.send(bytes_of(request));
      const auto response = client.read_final_response();
      REQUIRE(response);
      const auto wanted = wanted_of(listeners, request);
      REQUIRE(got_from(*response) == wanted);
      if (wanted != "404") ++served;
    }
    backend.forget();
  }
  // Guards the test itself: requests that are served must be common.
  CHECK(served > wanted_requests / 4);
}

}  // namespace gatehouse::test
