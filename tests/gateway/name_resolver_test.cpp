// SPDX-License-Identifier: Apache-2.0
// DNS names among endpoints: looked up off the control thread, substituted in the configuration.
#include "gateway/name_resolver.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

#include "tests/support/scripted_dns.h"

using namespace gatehouse;
using namespace std::chrono_literals;
using gateway::NameResolver;
using test::DnsZone;
using test::ScriptedDns;

namespace {

/// Stands still until a test moves it; the resolver's thread reads it.
class MovedClock final : public Clock {
 public:
  MonoTime now() const override { return MonoTime(Duration(now_.load())); }
  WallTime wall() const override { return {}; }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<Duration::rep> now_{Duration(1h).count()};
};

std::shared_ptr<const ir::Config> config_with(std::vector<ir::Endpoint> endpoints) {
  auto cluster = std::make_shared<ir::Cluster>();
  cluster->key = "Service/default/a/80";
  cluster->endpoints = std::move(endpoints);
  auto config = std::make_shared<ir::Config>();
  config->clusters = {cluster};
  return config;
}

/// A resolver that asks a server of the test, by a clock of the test.
class Rig {
 public:
  explicit Rig(std::vector<SocketAddress> servers, std::chrono::milliseconds timeout = 2s,
               std::function<bool(const SocketAddress&)> refuses = {})
      : resolver(NameResolver::Options{{std::move(servers), timeout, 1}, &probe, clock, std::move(refuses)},
                 [this] { tell(); }) {}

  std::vector<ir::Endpoint> endpoints(const std::shared_ptr<const ir::Config>& config) {
    const auto resolved = resolver.resolve(config);
    return resolved->clusters.front()->endpoints;
  }

  /// Returns when `config` has `expected` endpoints; false when that takes too long.
  bool become(const std::shared_ptr<const ir::Config>& config, const std::vector<ir::Endpoint>& expected) {
    for (;;) {
      const int before = told();
      if (endpoints(config) == expected) return true;
      if (!wait_for_more_than(before)) return false;
    }
  }

  /// Lookups that ended, whatever came of them.
  std::int64_t lookups() const {
    std::string text;
    probe.render(text);
    std::int64_t sum = 0;
    constexpr std::string_view kName = "\ngatehouse_dns_lookups_total{";
    for (auto at = text.find(kName); at != std::string::npos; at = text.find(kName, at + 1))
      sum += std::stoll(text.substr(text.find(' ', at)));
    return sum;
  }

  bool wait_for_lookups(std::int64_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (lookups() < count && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return lookups() >= count;
  }

  int told() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

  MovedClock clock;
  proxy::ProcessProbe probe;

 private:
  void tell() {
    const std::lock_guard lock(mutex_);
    ++count_;
    news_.notify_all();
  }
  bool wait_for_more_than(int count) {
    std::unique_lock lock(mutex_);
    return news_.wait_for(lock, 20s, [&] { return count_ > count; });
  }

  std::mutex mutex_;
  std::condition_variable news_;
  int count_ = 0;

 public:
  NameResolver resolver;  ///< goes first: it tells
};

}  // namespace

TEST_CASE("a configuration without names is handed through as it is") {
  Rig rig({});
  const auto config = config_with({{"127.0.0.1", 80}, {"::1", 80}});
  CHECK(rig.resolver.resolve(config) == config);
}

TEST_CASE("names of the machine's own file are found without a server") {
  const auto nobody = *SocketAddress::parse("127.0.0.1:1");
  Rig rig({nobody});
  const auto config = config_with({{"localhost", 8080}});
  rig.resolver.resolve(config);
  REQUIRE(rig.wait_for_lookups(1));
  const auto endpoints = rig.endpoints(config);
  REQUIRE_FALSE(endpoints.empty());
  for (const auto& endpoint : endpoints) {
    CHECK((endpoint.host == "127.0.0.1" || endpoint.host == "::1"));
    CHECK(endpoint.port == 8080);
  }
}

TEST_CASE("a name becomes its addresses of both families, with the endpoint's port and priority") {
  ScriptedDns dns;
  dns.set("a.test", {{"2001:db8::1", "192.0.2.2", "192.0.2.1"}});
  Rig rig({dns.address()});
  const auto config = config_with({{"a.test", 8080, 1}});
  CHECK(rig.endpoints(config).empty());
  CHECK(rig.become(config, {{"2001:db8::1", 8080, 1}, {"192.0.2.1", 8080, 1}, {"192.0.2.2", 8080, 1}}));
}

TEST_CASE("an answer of many addresses comes whole") {
  ScriptedDns dns;
  DnsZone zone;
  std::vector<ir::Endpoint> expected;
  for (int i = 0; i < 200; ++i) {
    zone.addresses.push_back("198.51.100." + std::to_string(i));
    expected.push_back({zone.addresses.back(), 80});
  }
  dns.set("many.test", zone);
  Rig rig({dns.address()});
  const auto config = config_with({{"many.test", 80}});
  CHECK(rig.become(config, expected));
}

TEST_CASE("an answer that is refused makes no endpoint, whoever owns the name") {
  ScriptedDns dns;
  dns.set("a.test", {{"127.0.0.1", "192.0.2.1", "169.254.169.254"}});
  Rig rig({dns.address()}, 2s, [](const SocketAddress& address) {
    return address.port == 80 && (address.ip.is_loopback() || address.ip.is_link_local());
  });
  CHECK(rig.become(config_with({{"a.test", 80}}), {{"192.0.2.1", 80}}));
  CHECK(rig.become(config_with({{"a.test", 81}}),
                   {{"127.0.0.1", 81}, {"169.254.169.254", 81}, {"192.0.2.1", 81}}));
}

TEST_CASE("names that lead to one address are one endpoint") {
  ScriptedDns dns;
  dns.set("a.test", {{"192.0.2.1"}});
  dns.set("b.test", {{"192.0.2.1"}});
  Rig rig({dns.address()});
  const auto config = config_with({{"a.test", 80}, {"b.test", 80}, {"192.0.2.1", 80}});
  REQUIRE(rig.become(config, {{"192.0.2.1", 80}}));
  REQUIRE(rig.wait_for_lookups(2));
  CHECK(rig.endpoints(config) == std::vector<ir::Endpoint>{{"192.0.2.1", 80}});
}

TEST_CASE("new addresses are used when the old ones have expired, and not asked for before") {
  ScriptedDns dns;
  dns.set("a.test", {{"192.0.2.1"}, 10});
  Rig rig({dns.address()});
  const auto config = config_with({{"a.test", 80}});
  REQUIRE(rig.become(config, {{"192.0.2.1", 80}}));

  dns.set("a.test", {{"192.0.2.9"}, 10});
  rig.clock.advance(9s);
  rig.resolver.look_at_clock();
  rig.resolver.resolve(config_with({{"a.test", 80}, {"b.test", 80}}));  // b's answer comes behind a look at a
  REQUIRE(rig.wait_for_lookups(2));
  CHECK(dns.questions("a.test") == 1);
  CHECK(rig.endpoints(config) == std::vector<ir::Endpoint>{{"192.0.2.1", 80}});

  rig.clock.advance(1s);
  rig.resolver.look_at_clock();
  CHECK(rig.become(config, {{"192.0.2.9", 80}}));
  CHECK(dns.questions("a.test") == 2);
}

TEST_CASE("an alias lives no longer than its own record") {
  ScriptedDns dns;
  dns.set("a.test", {{"192.0.2.1"}, 300, DnsZone::Mood::answers, "real.test", 2});
  Rig rig({dns.address()});
  const auto config = config_with({{"a.test", 80}});
  REQUIRE(rig.become(config, {{"192.0.2.1", 80}}));
  dns.set("a.test", {{"192.0.2.2"}, 300, DnsZone::Mood::answers, "other.test", 2});
  rig.clock.advance(2s);
  rig.resolver.look_at_clock();
  CHECK(rig.become(config, {{"192.0.2.2", 80}}));
}

TEST_CASE("a name that is gone or not answered for keeps its last good addresses") {
  ScriptedDns dns;
  dns.set("a.test", {{"192.0.2.1"}, 1});
  Rig rig({dns.address()}, 20ms);
  const auto config = config_with({{"a.test", 80}});
  REQUIRE(rig.become(config, {{"192.0.2.1", 80}}));
  const auto told = rig.told();

  SECTION("it does not exist any more") {
    dns.remove("a.test");
  }
  SECTION("the server fails") {
    dns.set("a.test", {{}, 1, DnsZone::Mood::refuses});
  }
  SECTION("the server is silent") {
    dns.set("a.test", {{}, 1, DnsZone::Mood::silent});
  }
  SECTION("it has no address any more") {
    dns.set("a.test", {{}, 1});
  }
  rig.clock.advance(1s);
  rig.resolver.look_at_clock();
  REQUIRE(rig.wait_for_lookups(2));
  CHECK(rig.told() == told);
  CHECK(rig.endpoints(config) == std::vector<ir::Endpoint>{{"192.0.2.1", 80}});
}

TEST_CASE("a name that does not exist leaves the addresses beside it in use") {
  ScriptedDns dns;
  dns.set("a.test", {{"192.0.2.2"}});
  Rig rig({dns.address()});
  const auto config = config_with({{"no-such.test", 80}, {"a.test", 81}, {"192.0.2.1", 81}});
  CHECK(rig.become(config, {{"192.0.2.2", 81}, {"192.0.2.1", 81}}));
}

TEST_CASE("a lookup that hangs holds up no other name and not the end") {
  ScriptedDns dns;
  dns.set("silent.test", {{}, 1, DnsZone::Mood::silent});
  dns.set("a.test", {{"192.0.2.1"}});
  const auto began = std::chrono::steady_clock::now();
  {
    Rig rig({dns.address()}, 60s);
    const auto config = config_with({{"a.test", 80}, {"silent.test", 80}});
    CHECK(rig.become(config, {{"192.0.2.1", 80}}));
  }
  CHECK(std::chrono::steady_clock::now() - began < 20s);
}

TEST_CASE("a cluster whose answers did not change is the same object again") {
  ScriptedDns dns;
  dns.set("a.test", {{"192.0.2.1"}, 1});
  Rig rig({dns.address()});
  const auto config = config_with({{"a.test", 80}});
  REQUIRE(rig.become(config, {{"192.0.2.1", 80}}));
  const auto once = rig.resolver.resolve(config);
  rig.clock.advance(1s);
  rig.resolver.look_at_clock();
  REQUIRE(rig.wait_for_lookups(2));
  const auto twice = rig.resolver.resolve(config);
  CHECK(once->clusters.front() == twice->clusters.front());
}

TEST_CASE("news are told once until they are looked at") {
  ScriptedDns dns;
  dns.set("a.test", {{"192.0.2.1"}, 1});
  Rig rig({dns.address()});
  const auto config = config_with({{"a.test", 80}});
  rig.resolver.resolve(config);
  REQUIRE(rig.wait_for_lookups(1));
  dns.set("a.test", {{"192.0.2.2"}, 1});
  rig.clock.advance(1s);
  rig.resolver.look_at_clock();
  REQUIRE(rig.wait_for_lookups(2));
  CHECK(rig.told() == 1);
  CHECK(rig.endpoints(config) == std::vector<ir::Endpoint>{{"192.0.2.2", 80}});
}
