// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: which listener and which route a host leads to.
#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

std::string listener(const std::string& name, const std::string& hostname, int port = 80) {
  return "    - {name: " + name + ", port: " + std::to_string(port) + ", protocol: HTTP" +
         (hostname.empty() ? "" : ", hostname: \"" + hostname + "\"") + "}\n";
}

/// A route for everything below `path` (or everything) at one parent, to one backend.
std::string route_at(const std::string& name, const std::string& parent, const std::string& path,
                     const std::string& backend, const std::string& hostnames = "",
                     const std::string& created = "2026-01-01T00:00:00Z") {
  return route(name,
               "  parentRefs: [" + parent + "]\n" +
                   (hostnames.empty() ? "" : "  hostnames: " + hostnames + "\n") +
                   "  rules:\n    - matches: [{path: {type: PathPrefix, value: " + path +
                   "}}]\n      backendRefs: [{name: " + backend + ", port: 8080}]",
               created);
}

constexpr const char* kOlder = "2026-01-01T00:00:00Z";
constexpr const char* kNewer = "2026-01-02T00:00:00Z";

}  // namespace

TEST_CASE(
    "HTTPRouteListenerHostnameMatching: the most specific listener, wildcards for any number of labels") {
  YamlRig rig(gateway("hosts", listener("l1", "bar.com") + listener("l2", "foo.bar.com") +
                                   listener("l3", "*.bar.com") + listener("l4", "*.foo.com")) +
              route_at("r1", "{name: hosts, sectionName: l1}", "/", kV1) +
              route_at("r2", "{name: hosts, sectionName: l2}", "/", kV2) +
              route_at("r3", "{name: hosts, sectionName: l3}, {name: hosts, sectionName: l4}", "/", kV3));
  const auto to = [](const std::string& host) { return Ask{.host = host, .gateway = "default/hosts"}; };
  check_rows(rig, {
                      {to("bar.com"), kV1},
                      {to("foo.bar.com"), kV2},
                      {to("baz.bar.com"), kV3},
                      {to("boo.bar.com"), kV3},
                      {to("multiple.prefixes.bar.com"), kV3},
                      {to("multiple.prefixes.foo.com"), kV3},
                      {to("foo.com"), "404"},
                      {to("no.matching.host"), "404"},
                  });
}

TEST_CASE("HTTPRouteHostnameIntersection: a route serves those of its hostnames that its listener covers") {
  const std::string parent = "{name: hosts}";
  YamlRig rig(
      gateway("hosts", listener("l1", "very.specific.com") + listener("l2", "*.wildcard.io") +
                           listener("l3", "*.anotherwildcard.io")) +
      gateway("hosts-all", listener("l1", "")) +
      route_at("r1", parent, "/s1", kV1,
               R"([non.matching.com, "*.nonmatchingwildcard.io", very.specific.com])") +
      route_at("r2", parent, "/s2", kV2,
               "[non.matching.com, wildcard.io, foo.wildcard.io, bar.wildcard.io, foo.bar.wildcard.io]") +
      route_at("r3", parent, "/s3", kV3, R"([non.matching.com, "*.specific.com"])") +
      route_at("r4", parent, "/s4", kV1, R"(["*.anotherwildcard.io"])") +
      route_at("r5", parent, "/s5", kV2, "[specific.but.wrong.com, wildcard.io]") +
      route_at("r6", "{name: hosts-all}", "/", kV2,
               "[first.com, sub.first.com, second.com, sub.second.com]"));
  const auto at = [](const std::string& host, const std::string& path) {
    return Ask{.target = path, .host = host, .gateway = "default/hosts"};
  };
  const auto at_all = [](const std::string& host) {
    return Ask{.host = host, .gateway = "default/hosts-all"};
  };
  check_rows(rig, {
                      {at("very.specific.com", "/s1"), kV1},
                      {at("very.specific.com:1234", "/s1"), kV1},
                      {at("non.matching.com", "/s1"), "404"},
                      {at("foo.nonmatchingwildcard.io", "/s1"), "404"},
                      {at("foo.wildcard.io", "/s1"), "404"},
                      {at("very.specific.com", "/non-matching-prefix"), "404"},
                      {at("foo.wildcard.io", "/s2"), kV2},
                      {at("bar.wildcard.io", "/s2"), kV2},
                      {at("foo.bar.wildcard.io", "/s2"), kV2},
                      {at("non.matching.com", "/s2"), "404"},
                      {at("wildcard.io", "/s2"), "404"},
                      {at("very.specific.com", "/s2"), "404"},
                      {at("very.specific.com", "/s3"), kV3},
                      {at("non.matching.com", "/s3"), "404"},
                      {at("foo.specific.com", "/s3"), "404"},
                      {at("foo.wildcard.io", "/s3"), "404"},
                      {at("foo.anotherwildcard.io", "/s4"), kV1},
                      {at("foo.bar.anotherwildcard.io", "/s4"), kV1},
                      {at("anotherwildcard.io", "/s4"), "404"},
                      {at("foo.wildcard.io", "/s4"), "404"},
                      {at("very.specific.com", "/s4"), "404"},
                      {at("specific.but.wrong.com", "/s5"), "404"},
                      {at("wildcard.io", "/s5"), "404"},
                      {at_all("first.com"), kV2},
                      {at_all("sub.first.com"), kV2},
                      {at_all("second.com"), kV2},
                      {at_all("sub.second.com"), kV2},
                      {at_all("third.com"), "404"},
                      {at_all("sub.third.com"), "404"},
                  });
}

TEST_CASE("GatewayHTTPListenerIsolation: only the routes of the most specific listener count") {
  const bool with_hostnames = GENERATE(false, true);
  const std::vector<std::pair<std::string, std::string>> listeners = {{"any", ""},
                                                                      {"example", "*.example.com"},
                                                                      {"foo", "*.foo.example.com"},
                                                                      {"abc", "abc.foo.example.com"}};
  // A route may name more hosts than its listener serves: those of the others' are not its own there.
  const std::string hostnames =
      with_hostnames ? R"([bar.com, "*.example.com", "*.foo.example.com", abc.foo.example.com])" : "";
  std::string blocks;
  std::string routes;
  for (const auto& [name, hostname] : listeners) {
    blocks += listener(name, hostname);
    routes += route_at(name, "{name: isolated, sectionName: " + name + "}", "/" + name, kV1, hostnames);
  }
  YamlRig rig(gateway("isolated", blocks) + routes);
  const std::vector<std::pair<std::string, std::string>> hosts = {{"bar.com", "any"},
                                                                  {"bar.example.com", "example"},
                                                                  {"bar.foo.example.com", "foo"},
                                                                  {"abc.foo.example.com", "abc"}};
  std::vector<Row> rows;
  for (const auto& [host, its_listener] : hosts)
    for (const auto& [name, hostname] : listeners)
      rows.push_back({{.target = "/" + name, .host = host, .gateway = "default/isolated"},
                      name == its_listener ? kV1 : "404"});
  check_rows(rig, rows);
}

TEST_CASE("HTTPRouteMultipleGateways: a route serves at its own parents only") {
  YamlRig rig(route_at("shared", "{name: same-namespace}, {name: all-namespaces}", "/shared", kV1) +
              route_at("of-same", "{name: same-namespace}", "/", kV2) +
              route_at("of-all", "{name: all-namespaces}", "/", kV3));
  check_rows(rig, {
                      {{.target = "/shared"}, kV1},
                      {{.target = "/"}, kV2},
                      {{.target = "/shared", .gateway = "default/all-namespaces"}, kV1},
                      {{.target = "/", .gateway = "default/all-namespaces"}, kV3},
                      {{.target = "/", .gateway = "default/backend-namespaces"}, "404"},
                  });
}

TEST_CASE("HTTPRouteListenerPortMatching: a parent's port selects its listeners") {
  YamlRig rig(gateway("ports", listener("l1", "foo.com", 80) + listener("l2", "foo.com", 8080) +
                                   listener("l3", "bar.com", 8080) + listener("l4", "foo.com", 8090) +
                                   listener("l5", "bar.com", 8090)) +
              route_at("r1", "{name: ports, port: 80}", "/", kV1) +
              route_at("r2", "{name: ports, port: 8080}", "/", kV2) +
              route_at("r3", "{name: ports, port: 8090, sectionName: l4}", "/", kV3));
  const auto to = [](const std::string& host, std::uint16_t port) {
    return Ask{.host = host + ":" + std::to_string(port), .gateway = "default/ports", .port = port};
  };
  check_rows(rig, {
                      {to("foo.com", 80), kV1},
                      {to("foo.com", 8080), kV2},
                      {to("bar.com", 8080), kV2},
                      {to("foo.com", 8090), kV3},
                      {to("bar.com", 8090), "404"},
                  });
}

TEST_CASE("HTTPRouteMultipleRoutesAttachmentSameHostnameIntersection: a route's own hostnames rank it") {
  struct Pair {
    std::string of_listener, older, newer;
  };
  const auto pair = GENERATE(values<Pair>({{"abc.example.com", "*.example.com", "abc.example.com"},
                                           {"*.example.com", "*.com", "*.example.com"}}));
  const auto spec = [](const std::string& hostname, const std::string& match, const std::string& backend) {
    return "  parentRefs: [{name: hosts}]\n  hostnames: [\"" + hostname + "\"]\n  rules:\n    - matches: [" +
           match + "]\n      backendRefs: [{name: " + backend + ", port: 8080}]";
  };
  const auto objects = [&](const std::string& of_older, const std::string& of_newer) {
    return gateway("hosts", listener("l1", pair.of_listener)) +
           route("older", spec(pair.older, of_older, kV1), kOlder) +
           route("newer", spec(pair.newer, of_newer, kV2), kNewer);
  };
  const auto with = [](std::vector<std::string> fields) {
    return Ask{.target = "/path/prefix/longer",
               .host = "abc.example.com",
               .fields = std::move(fields),
               .gateway = "default/hosts"};
  };
  const std::string any = "{path: {type: PathPrefix, value: /}}";
  const std::string longer = "{path: {type: PathPrefix, value: /path/prefix}}";
  const std::string shorter = "{path: {type: PathPrefix, value: /path}}";
  YamlRig rig(objects(any, any));
  check_rows(rig, {{with({}), kV2}});
  rig.publish(objects(longer, shorter));
  check_rows(rig, {{with({}), kV2}});
  rig.publish(
      objects("{path: {type: PathPrefix, value: /path/prefix}, headers: [{name: Header-B, value: B}]}",
              "{path: {type: PathPrefix, value: /path}, headers: [{name: Header-A, value: A}]}"));
  check_rows(rig,
             {{with({"Header-A: A", "Header-B: B"}), kV2}, {with({"Header-B: B"}), kV1}, {with({}), "404"}});
}

TEST_CASE("HTTPRouteCrossNamespace: a Gateway admits routes of the namespaces it selects") {
  YamlRig rig(R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: cross, namespace: web}
spec:
  parentRefs: [{name: backend-namespaces, namespace: default}]
  rules: [{backendRefs: [{name: web-backend, port: 8080}]}]
)");
  check_rows(rig, {
                      {{.gateway = "default/backend-namespaces"}, "web-backend"},
                      {{.gateway = "default/same-namespace"}, "404"},
                  });
}

}  // namespace gatehouse::test
