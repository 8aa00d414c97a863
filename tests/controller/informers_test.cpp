// SPDX-License-Identifier: Apache-2.0
// All kinds of a cluster kept up with, through everything an API server does.
#include "controller/informers.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "controller/api_client_factory.h"
#include "tests/support/fake_api_server.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using test::FakeApiServer;

constexpr const char* kRoutes = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/";

std::string route(const std::string& name, const std::string& host = "a.example",
                  const std::string& ns = "shop") {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " + name +
         ", namespace: " + ns + ", labels: {team: " + ns + "}}\nspec: {hostnames: [" + host + "]}\n";
}

std::string policy(const std::string& name) {
  return "apiVersion: gatehouse.dev/v1alpha1\nkind: BackendTrafficPolicy\nmetadata: {name: " + name +
         ", namespace: shop}\nspec: {targetRefs: [{group: '', kind: Service, name: s}]}\n";
}

/// What a receiver of deliveries knows: names by kind.
class Mirror {
 public:
  void take(Delivery delivery) {
    const std::lock_guard lock(mutex_);
    auto& names = names_[delivery.kind];
    if (delivery.whole) names.clear();
    for (const auto& arrival : delivery.arrivals) {
      names.insert(arrival.name);
      if (arrival.object) decoded_[delivery.kind + " " + arrival.name] = *arrival.object;
    }
    for (const auto& name : delivery.gone) names.erase(name);
    deliveries_.push_back({delivery.kind, delivery.whole});
    changed_.notify_all();
  }

  std::set<std::string> names(const std::string& kind) {
    const std::lock_guard lock(mutex_);
    return names_[kind];
  }
  std::optional<objects::AnyObject> decoded(const std::string& identity) {
    const std::lock_guard lock(mutex_);
    const auto found = decoded_.find(identity);
    return found == decoded_.end() ? std::nullopt : std::optional(found->second);
  }
  int wholes(const std::string& kind) {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count(deliveries_.begin(), deliveries_.end(), std::pair(kind, true)));
  }
  std::size_t deliveries() {
    const std::lock_guard lock(mutex_);
    return deliveries_.size();
  }

  /// Looks again at every delivery, and from time to time for what comes without one.
  template <typename Condition>
  bool wait_until(const Condition& holds) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      std::unique_lock lock(mutex_);
      if (std::chrono::steady_clock::now() > until) return false;
      changed_.wait_for(lock, 5ms);
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::set<std::string>> names_;
  std::map<std::string, objects::AnyObject> decoded_;
  std::vector<std::pair<std::string, bool>> deliveries_;
};

using Names = std::set<std::string>;

struct Rig {
  explicit Rig(WatchScope scope = {})
      : factory(access()), informers(factory, std::move(scope), deliver(), times()) {}

  ClusterAccess access() const {
    ClusterAccess made;
    made.server = server.url();
    return made;
  }
  Informers::Deliver deliver() {
    return [this](Delivery delivery) { mirror.take(std::move(delivery)); };
  }
  static InformerTimes times() {
    InformerTimes made;
    made.first_pause = 5ms;
    made.longest_pause = 40ms;
    made.longest_unanswered = 40ms;
    made.short_watch = 1ms;
    made.rediscover = 50ms;
    return made;
  }

  bool sync() {
    informers.start();
    return mirror.wait_until([&] { return informers.all_synced(); });
  }
  InformerState state(std::string_view kind) const {
    for (auto& state : informers.states())
      if (state.kind == kind) return state;
    return {};
  }
  bool comes_to(const std::string& kind, const Names& names) {
    return mirror.wait_until([&] { return mirror.names(kind) == names; });
  }

  FakeApiServer server;
  Mirror mirror;
  ApiClientFactory factory;
  Informers informers;
};

}  // namespace

TEST_CASE("all kinds are listed once and then watched") {
  Rig rig;
  rig.server.put(route("one"));
  REQUIRE(rig.sync());
  CHECK(rig.mirror.names("HTTPRoute") == Names{"shop/one"});
  for (const auto& kind : watched_kinds()) {
    CAPTURE(kind.kind);
    CHECK(rig.mirror.wholes(std::string(kind.kind)) == 1);
    CHECK(rig.informers.served_version(kind.kind) == kind.versions[0]);
  }
  CHECK(rig.mirror.wait_until([&] { return rig.state("HTTPRoute").watching; }));
  rig.server.put(route("two"));
  CHECK(rig.comes_to("HTTPRoute", {"shop/one", "shop/two"}));
  rig.server.remove(std::string(kRoutes) + "one");
  CHECK(rig.comes_to("HTTPRoute", {"shop/two"}));
  CHECK(rig.mirror.wholes("HTTPRoute") == 1);
  CHECK(rig.state("HTTPRoute").error.empty());
}

TEST_CASE("what went while versions expired is found by one whole list") {
  Rig rig;
  rig.server.put(route("gone"));
  rig.server.put(route("kept"));
  REQUIRE(rig.sync());
  REQUIRE(rig.server.wait_for_watches("httproutes", 1));
  rig.server.close();
  rig.server.remove(std::string(kRoutes) + "gone");
  rig.server.put(route("new"));
  rig.server.compact();
  rig.server.listen();
  CHECK(rig.comes_to("HTTPRoute", {"shop/kept", "shop/new"}));
  CHECK(rig.mirror.wholes("HTTPRoute") == 2);
}

TEST_CASE("routes are listed again on demand, by themselves and without being not synced") {
  Rig rig;
  rig.server.put(route("one"));
  REQUIRE(rig.sync());
  rig.informers.list_routes_again();
  CHECK(rig.mirror.wait_until([&] { return rig.mirror.wholes("HTTPRoute") == 2; }));
  CHECK(rig.informers.all_synced());
  CHECK(rig.mirror.wholes("Gateway") == 1);
  rig.server.put(route("two"));
  CHECK(rig.comes_to("HTTPRoute", {"shop/one", "shop/two"}));
}

TEST_CASE("a server that was away is watched on, without another list") {
  Rig rig;
  REQUIRE(rig.sync());
  REQUIRE(rig.server.wait_for_watches("", static_cast<int>(watched_kinds().size())));
  rig.server.close();
  CHECK(rig.mirror.wait_until(
      [&] { return rig.state("HTTPRoute").error.find("cannot connect") != std::string::npos; }));
  CHECK(rig.state("HTTPRoute").synced);
  rig.server.put(route("meanwhile"));
  rig.server.listen();
  CHECK(rig.comes_to("HTTPRoute", {"shop/meanwhile"}));
  CHECK(rig.mirror.wait_until([&] { return rig.state("HTTPRoute").error.empty(); }));
  CHECK(rig.mirror.wholes("HTTPRoute") == 1);
}

TEST_CASE("a kind that is refused shows it, and all others go on") {
  Rig rig;
  rig.server.inject({.part = "/udproutes", .times = -1, .status = 403, .reason = "Forbidden"});
  rig.server.put(route("one"));
  rig.informers.start();
  CHECK(rig.comes_to("HTTPRoute", {"shop/one"}));
  CHECK(rig.mirror.wait_until(
      [&] { return rig.state("UDPRoute").error.find("403 Forbidden") != std::string::npos; }));
  CHECK_FALSE(rig.informers.all_synced());
  CHECK_FALSE(rig.state("UDPRoute").synced);
  rig.server.clear_faults();
  CHECK(rig.mirror.wait_until([&] { return rig.informers.all_synced(); }));
  CHECK(rig.state("UDPRoute").error.empty());
}

TEST_CASE("a throttled or failing watch does not lead to another list") {
  Rig rig;
  REQUIRE(rig.sync());
  REQUIRE(rig.server.wait_for_watches("httproutes", 1));
  rig.server.inject({.part = "httproutes?watch", .times = 2, .status = 429, .reason = "TooManyRequests"});
  rig.server.break_watches("httproutes");
  REQUIRE(rig.server.wait_for_requests("GET", "httproutes?watch", 4));
  rig.server.put(route("late"));
  CHECK(rig.comes_to("HTTPRoute", {"shop/late"}));
  CHECK(rig.mirror.wholes("HTTPRoute") == 1);
}

TEST_CASE("a CRD that comes is watched, one that goes takes its objects along") {
  Rig rig;
  rig.server.serve("BackendTrafficPolicy", {});
  REQUIRE(rig.sync());
  CHECK(rig.state("BackendTrafficPolicy").absent);
  CHECK(rig.state("BackendTrafficPolicy").error.empty());
  rig.server.serve("BackendTrafficPolicy", {"v1alpha1"});
  rig.server.put(policy("p"));
  CHECK(rig.comes_to("BackendTrafficPolicy", {"shop/p"}));
  CHECK_FALSE(rig.state("BackendTrafficPolicy").absent);

  rig.server.serve("BackendTrafficPolicy", {});
  CHECK(rig.comes_to("BackendTrafficPolicy", {}));
  CHECK(rig.mirror.wait_until([&] { return rig.state("BackendTrafficPolicy").absent; }));
  CHECK(rig.informers.all_synced());
}

TEST_CASE("without the CRDs of Gateway API nothing is synced, and it says why") {
  Rig rig;
  rig.server.serve("Gateway", {});
  rig.informers.start();
  CHECK(rig.mirror.wait_until([&] { return rig.state("Gateway").absent; }));
  CHECK(rig.mirror.wait_until([&] { return rig.state("HTTPRoute").synced; }));
  CHECK_FALSE(rig.informers.all_synced());
  CHECK(rig.state("Gateway").error.find("install the CRDs") != std::string::npos);
  rig.server.serve("Gateway", {"v1"});
  CHECK(rig.mirror.wait_until([&] { return rig.informers.all_synced(); }));
}

TEST_CASE("a better version that comes is changed to") {
  Rig rig;
  rig.server.serve("TCPRoute", {"v1alpha2"});
  REQUIRE(rig.sync());
  CHECK(rig.informers.served_version("TCPRoute") == "v1alpha2");
  rig.server.serve("TCPRoute", {"v1", "v1alpha2"});
  CHECK(rig.mirror.wait_until([&] { return rig.informers.served_version("TCPRoute") == "v1"; }));
  CHECK(rig.server.wait_for_watches("/v1/tcproutes", 1));
  CHECK(rig.informers.all_synced());
}

TEST_CASE("an object that cannot be decoded leaves all others as they are") {
  Rig rig;
  for (int i = 0; i < 20; ++i) rig.server.put(route("r" + std::to_string(i)));
  rig.server.put(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
      "metadata: {name: bad, namespace: shop}\nspec: {rules: 7}\n");
  REQUIRE(rig.sync());
  CHECK(rig.mirror.names("HTTPRoute").size() == 21);
  CHECK_FALSE(rig.mirror.decoded("HTTPRoute shop/bad"));
  CHECK(rig.mirror.decoded("HTTPRoute shop/r19"));
  rig.server.put(route("bad", "good.example"));
  CHECK(rig.mirror.wait_until([&] { return rig.mirror.decoded("HTTPRoute shop/bad").has_value(); }));
}

TEST_CASE("chosen namespaces are listed and watched one by one") {
  Rig rig({{"shop", "desk"}, {}});
  rig.server.put(route("a", "a.example", "shop"));
  rig.server.put(route("b", "b.example", "desk"));
  rig.server.put(route("c", "c.example", "other"));
  rig.server.put("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
  rig.server.put("apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n");
  REQUIRE(rig.sync());
  CHECK(rig.mirror.names("HTTPRoute") == Names{"shop/a", "desk/b"});
  CHECK(rig.mirror.names("Namespace") == Names{"shop"});
  CHECK(rig.server.count("GET", "/v1/httproutes") == 0);

  REQUIRE(rig.server.wait_for_watches("httproutes", 2));
  rig.server.remove(std::string(kRoutes) + "a");
  CHECK(rig.comes_to("HTTPRoute", {"desk/b"}));
  rig.server.put(route("d", "d.example", "shop"));
  CHECK(rig.comes_to("HTTPRoute", {"desk/b", "shop/d"}));
  rig.server.close();
  rig.server.remove(std::string(kRoutes) + "d");
  rig.server.compact();
  rig.server.listen();
  CHECK(rig.comes_to("HTTPRoute", {"desk/b"}));
  CHECK(rig.mirror.wholes("HTTPRoute") == 0);
}

TEST_CASE("a selector chooses among objects of Gateway API, and nothing else") {
  Rig rig({{}, "team=shop"});
  rig.server.put(route("a", "a.example", "shop"));
  rig.server.put(route("b", "b.example", "desk"));
  rig.server.put(
      "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: x}\nspec: {ports: [{port: 80}]}\n");
  rig.server.put(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\n"
      "metadata: {name: grant, namespace: shop}\n"
      "spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: x}], "
      "to: [{group: '', kind: Service}]}\n");
  REQUIRE(rig.sync());
  CHECK(rig.mirror.names("HTTPRoute") == Names{"shop/a"});
  CHECK(rig.mirror.names("Service") == Names{"x/s"});
  CHECK(rig.mirror.names("ReferenceGrant") == Names{"shop/grant"});
}

TEST_CASE("a list of more than a page arrives as one") {
  Rig rig;
  for (int i = 0; i < 1100; ++i) rig.server.put(route("r" + std::to_string(i)));
  REQUIRE(rig.sync());
  CHECK(rig.mirror.names("HTTPRoute").size() == 1100);
  REQUIRE(rig.server.wait_for_watches("httproutes", 1));
  rig.server.close();
  rig.server.forget_requests();
  rig.server.put(route("r0", "new.example"));
  rig.server.compact();
  rig.server.listen();
  CHECK(rig.mirror.wait_until([&] { return rig.mirror.wholes("HTTPRoute") == 2; }));
  CHECK(rig.server.count("GET", "httproutes?limit=500&continue=") == 2);
  CHECK(rig.mirror.names("HTTPRoute").size() == 1100);
}

TEST_CASE("after stop() nothing is delivered, even while the server hangs") {
  Rig rig;
  REQUIRE(rig.sync());
  REQUIRE(rig.server.wait_for_watches("tcproutes", 1));
  rig.server.inject({.part = "tcproutes", .times = -1, .hangs = true});
  rig.server.end_watches("tcproutes");
  REQUIRE(rig.server.wait_for_requests("GET", "tcproutes?watch", 2));
  rig.informers.stop();
  const auto before = rig.mirror.deliveries();
  rig.server.put(route("late"));
  rig.server.clear_faults();
  CHECK(rig.server.wait_for_watches("", 0));
  CHECK(rig.mirror.deliveries() == before);
}

}  // namespace gatehouse::controller
