// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: ListenerSets, listeners that come and go, filters of listeners, default Gateways.
#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

constexpr const char* kAll = ", allowedRoutes: {namespaces: {from: All}}";
constexpr const char* kSame = ", allowedRoutes: {namespaces: {from: Same}}";
constexpr const char* kBackends =
    ", allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {gateway-conformance: "
    "backend}}}}";

/// A listener on port 80 with its name as hostname.
std::string entry(const std::string& name, const std::string& more = "") {
  return "    - {name: " + name + ", port: 80, protocol: HTTP, hostname: " + name + ".com" + more + "}\n";
}

/// A Gateway to which ListenerSets of every namespace attach.
std::string open_gateway(const std::string& listeners) {
  return gateway("parent", listeners + "  allowedListeners: {namespaces: {from: All}}");
}

std::string listener_set(const std::string& name, const std::string& entries,
                         const std::string& ns = "default") {
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: " + name +
         ", namespace: " + ns + "}\nspec:\n  parentRef: {name: parent, namespace: default}\n  listeners:\n" +
         entries;
}

std::string to_set(const std::string& name, const std::string& section = "") {
  return "{kind: ListenerSet, name: " + name + (section.empty() ? "" : ", sectionName: " + section) + "}";
}

std::string route_at(const std::string& name, const std::string& parents, const std::string& backend) {
  return route(name, "  parentRefs: [" + parents + "]\n  rules:\n    - matches: [{path: {value: /" + name +
                         "}}]\n      backendRefs: [{name: " + backend + ", port: 8080}]");
}

/// Asks for the route called `name` at the Gateway.
Ask at(const std::string& host, const std::string& name) {
  return {.target = "/" + name, .host = host + ".com", .gateway = "default/parent"};
}

}  // namespace

TEST_CASE("ListenerSetHTTPRouting: each parentRef binds to the listeners of what it names") {
  YamlRig rig(open_gateway(entry("gateway-1") + entry("gateway-2")) +
              listener_set("set-1", entry("set-1-1") + entry("set-1-2")) +
              listener_set("set-2", entry("set-2-1") + entry("set-2-2")) +
              route_at("all", "{name: parent}, " + to_set("set-1") + ", " + to_set("set-2"), kV1) +
              route_at("gateway", "{name: parent}", kV2) +
              route_at("gateway-section", "{name: parent, sectionName: gateway-1}", kV3) +
              route_at("first", to_set("set-1"), kV2) +
              route_at("first-section", to_set("set-1", "set-1-1"), kV3) +
              route_at("second", to_set("set-2"), kV2));
  for (const auto* host : {"gateway-1", "gateway-2", "set-1-1", "set-1-2", "set-2-1", "set-2-2"})
    check_rows(rig, {{at(host, "all"), kV1}});
  check_rows(rig, {
                      {at("gateway-1", "gateway"), kV2},
                      {at("gateway-2", "gateway"), kV2},
                      {at("gateway-1", "gateway-section"), kV3},
                      {at("gateway-2", "gateway-section"), "404"},
                      {at("set-1-1", "gateway"), "404"},
                      {at("gateway-1", "first"), "404"},
                      {at("set-1-1", "first"), kV2},
                      {at("set-1-2", "first"), kV2},
                      {at("set-2-1", "first"), "404"},
                      {at("set-1-1", "first-section"), kV3},
                      {at("set-1-2", "first-section"), "404"},
                      {at("set-2-1", "second"), kV2},
                      {at("set-2-2", "second"), kV2},
                      {at("set-1-1", "second"), "404"},
                      {at("nobody", "all"), "404"},
                  });
}

TEST_CASE("ListenerSetAllowedRoutesNamespaces: Same is the namespace of the ListenerSet") {
  const std::string in_app = R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: in-app, namespace: app}
spec:
  parentRefs: [{kind: ListenerSet, name: set, namespace: default}, {kind: ListenerSet, name: own}]
  rules: [{matches: [{path: {value: /in-app}}], backendRefs: [{name: app-backend-v1, port: 8080}]}]
)";
  YamlRig rig(
      open_gateway(entry("gateway")) +
      listener_set("set", entry("all", kAll) + entry("same", kSame) + entry("selected", kBackends)) +
      listener_set("own", entry("own", kSame), "app") + in_app +
      route_at("in-default", to_set("set") + ", {kind: ListenerSet, name: own, namespace: app}", kV1));
  check_rows(rig, {
                      {at("all", "in-app"), "app-backend-v1"},
                      {at("all", "in-default"), kV1},
                      {at("same", "in-app"), "404"},
                      {at("same", "in-default"), kV1},
                      {at("selected", "in-app"), "app-backend-v1"},
                      {at("selected", "in-default"), "404"},
                      {at("own", "in-app"), "app-backend-v1"},
                      {at("own", "in-default"), "404"},
                  });
}

TEST_CASE("ListenerSetHostnameConflict: who comes first serves, and once it goes the next one does") {
  const auto set = listener_set("set", entry("wanted")) + route_at("r", to_set("set"), kV2);
  const auto of_gateway = route_at("r", "{name: parent}", kV1);
  YamlRig rig(open_gateway(entry("wanted") + entry("other")) + of_gateway +
              listener_set("set", entry("wanted")) +
              route("late", "  parentRefs: [" + to_set("set") +
                                "]\n  rules: [{backendRefs: [{name: infra-backend-v2, port: 8080}]}]"));
  check_rows(rig, {{at("wanted", "r"), kV1}, {at("wanted", "elsewhere"), "404"}});
  rig.publish(open_gateway(entry("other")) + set);
  check_rows(rig, {{at("wanted", "r"), kV2}});
}

TEST_CASE("ListenerSetDefaultNotAllowed: a ListenerSet that may not attach serves nothing") {
  YamlRig rig(gateway("parent", entry("gateway")) + listener_set("set", entry("more")) +
              route_at("r", to_set("set") + ", {name: parent}", kV1));
  check_rows(rig, {{at("gateway", "r"), kV1}, {at("more", "r"), "404"}});
}

TEST_CASE("GatewayModifyListeners: a listener that is added serves, one that is removed does not") {
  const auto r = route_at("r", "{name: parent}", kV1);
  YamlRig rig(open_gateway(entry("first")) + r);
  check_rows(rig, {{at("first", "r"), kV1}, {at("second", "r"), "404"}});
  rig.publish(open_gateway(entry("first") + entry("second")) + r);
  check_rows(rig, {{at("first", "r"), kV1}, {at("second", "r"), kV1}});
  rig.publish(open_gateway(entry("second")) + r);
  check_rows(rig, {{at("first", "r"), "404"}, {at("second", "r"), kV1}});
}

TEST_CASE("a filter of a listener is asked before routes are looked for, and routes see what it adds") {
  ScriptedBackend auth([](BackendConnection& connection) {
    while (const auto question = connection.read_request()) {
      const auto user = question->field("X-User");
      const bool sent = user.empty() ? connection.send("HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n")
                                     : connection.send("HTTP/1.1 200 OK\r\nX-Tenant: " + std::string(user) +
                                                       "\r\nContent-Length: 0\r\n\r\n");
      if (!sent) return;
    }
  });
  const auto service =
      "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: auth\n  annotations: "
      "{gatehouse.dev/endpoints: \"" +
      auth.address().to_string() + "\"}\nspec: {ports: [{port: 80}]}\n";
  const std::string filters =
      ", filters: {requests: [{type: ExternalAuth, externalAuth: {protocol: HTTP, backendRef: {name: auth, "
      "port: 80}, http: {allowedHeaders: [X-User], allowedResponseHeaders: [X-Tenant]}}}]}";
  YamlRig rig(open_gateway(entry("guarded", filters) + entry("open")) + service +
              route("gold",
                    "  parentRefs: [{name: parent}]\n  rules:\n"
                    "    - matches: [{headers: [{name: X-Tenant, value: gold}]}]\n"
                    "      backendRefs: [{name: infra-backend-v1, port: 8080}]"));
  const auto as = [](const std::string& host, std::vector<std::string> fields) {
    return Ask{.host = host + ".com", .fields = std::move(fields), .gateway = "default/parent"};
  };
  check_rows(rig, {
                      {as("guarded", {}), "401"},
                      {as("guarded", {"X-Tenant: gold"}), "401"},
                      {as("guarded", {"X-User: gold"}), kV1},
                      {as("guarded", {"X-User: iron"}), "404"},
                      {as("guarded", {"X-User: iron", "X-Tenant: gold"}), "404"},
                      {as("open", {"X-Tenant: gold"}), kV1},
                  });
}

TEST_CASE("a filter of a listener that cannot be asked refuses every request of that listener") {
  const std::string filters =
      ", filters: {requests: [{type: ExternalAuth, externalAuth: {protocol: HTTP, backendRef: {name: gone, "
      "port: 80}, http: {}}}]}";
  YamlRig rig(open_gateway(entry("guarded", filters) + entry("open")) + route_at("r", "{name: parent}", kV1));
  check_rows(rig, {{at("guarded", "r"), "500"}, {at("guarded", "no-route"), "500"}, {at("open", "r"), kV1}});
}

TEST_CASE("a route that asks for default Gateways is served by each of them") {
  YamlRig rig(gateway("parent", entry("a") + "  defaultScope: All") +
              gateway("second", entry("b") + "  defaultScope: All") + gateway("third", entry("c")) +
              route("r",
                    "  useDefaultGateways: All\n  parentRefs: []\n  rules:\n"
                    "    - backendRefs: [{name: infra-backend-v1, port: 8080}]"));
  const auto to = [](const std::string& gateway, const std::string& host) {
    return Ask{.host = host, .gateway = "default/" + gateway};
  };
  check_rows(rig,
             {{to("parent", "a.com"), kV1}, {to("second", "b.com"), kV1}, {to("third", "c.com"), "404"}});
}

}  // namespace gatehouse::test
