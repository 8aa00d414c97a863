// SPDX-License-Identifier: Apache-2.0
// The rules of GatewayClass, Gateway, ListenerSet and ReferenceGrant, one object for and one against each.
#include "tests/config/schema_rules.h"

using gatehouse::test::check_rules;
using gatehouse::test::list_of;

namespace {

std::string head(const std::string& kind) {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: x}\nspec: {";
}

const std::string kGateway =
    head("Gateway") + "gatewayClassName: c, listeners: [{name: a, port: 80, protocol: HTTP}], ";
const std::string kListener = head("Gateway") + "gatewayClassName: c, listeners: [{name: a, port: 80, ";
const std::string kSelected = kListener + "protocol: HTTP, allowedRoutes: {";
const std::string kRequests = kListener + "protocol: HTTP, filters: {requests: ";
const std::string kFrontend = kGateway + "tls: {frontend: ";
const std::string kSetListeners = head("ListenerSet") + "parentRef: {name: g}, listeners: ";
const std::string kAuth = "{protocol: HTTP, backendRef: {name: a, port: 80}, http: {}}";

std::string text(std::size_t n) {
  return std::string(n, 'x');
}

}  // namespace

TEST_CASE("schema of GatewayClass") {
  check_rules(
      head("GatewayClass") + "controllerName: a.b/c, ", "}\n",
      {{"description has at most 64 characters", "description: " + text(64), "description: " + text(65),
        "spec.description", "is 65 characters long, at most 64 are allowed"},
       {"parametersRef has a group", "parametersRef: {group: '', kind: A, name: b}",
        "parametersRef: {kind: A, name: b}", "spec.parametersRef.group", "is required"}});
  check_rules(head("GatewayClass") + "controllerName: ", "}\n",
              {{"controllerName is domain/path", "a.b/c~1", "a.b/c@1", "spec.controllerName",
                "\"a.b/c@1\" is not a controller name"}});
}

TEST_CASE("schema of a Gateway's addresses") {
  check_rules(
      kGateway + "addresses: ", "}\n",
      {{"at most 16 addresses", list_of(16, "{value: 192.0.2.#}"), list_of(17, "{value: 192.0.2.#}"),
        "spec.addresses", "has 17 entries, at most 16 are allowed"},
       {"an IPAddress is one, or absent", "[{}, {value: '::1'}]", "[{value: a.b}]", "spec.addresses[0].value",
        "\"a.b\" is not an IP address"},
       {"an empty IPAddress is absent, not empty", "[{type: IPAddress}]", "[{type: IPAddress, value: ''}]",
        "spec.addresses[0].value", "\"\" is not an IP address"},
       {"a Hostname is one", "[{type: Hostname, value: '*.a.b'}]", "[{type: Hostname, value: a_b}]",
        "spec.addresses[0].value", "\"a_b\" is not a hostname"},
       {"a type is a known word or domain/path", "[{type: a.b/C, value: any}]", "[{type: Other, value: any}]",
        "spec.addresses[0].type", "\"Other\" is not an address type"},
       {"IP addresses are unique", "[{value: 192.0.2.1}, {type: NamedAddress, value: 192.0.2.1}]",
        "[{value: 192.0.2.1}, {value: 192.0.2.1}]", "spec.addresses", "IPAddress 192.0.2.1 is listed twice"},
       {"hostnames are unique", "[{type: Hostname}, {type: Hostname}]",
        "[{type: Hostname, value: a}, {type: Hostname, value: a}]", "spec.addresses",
        "Hostname a is listed twice"},
       {"routability is Cluster or domain/path", "[{routability: Cluster}, {routability: a.b/C_1}]",
        "[{routability: cluster}]", "spec.addresses[0].routability", "\"cluster\" is not a routability"},
       {"k8s.io is reserved", "[{routability: notk8s.io/a}]", "[{routability: a.k8s.io/b}]",
        "spec.addresses[0].routability", "\"a.k8s.io/b\" is reserved: it is below k8s.io"},
       {"a value has at most 253 characters", "[{type: NamedAddress, value: " + text(253) + "}]",
        "[{type: NamedAddress, value: " + text(254) + "}]", "spec.addresses[0].value",
        "is 254 characters long, at most 253 are allowed"}});
}

TEST_CASE("schema of a Gateway's infrastructure, scope and allowed listeners") {
  check_rules(
      kGateway, "}\n",
      {{"at most 8 labels", "infrastructure: {labels: {a: b, c: d, e: f, g: h, i: j, k: l, m: n, o: p}}",
        "infrastructure: {labels: {a: b, c: d, e: f, g: h, i: j, k: l, m: n, o: p, q: r}}",
        "spec.infrastructure.labels", "has 9 entries, at most 8 are allowed"},
       {"a label's key is qualified", "infrastructure: {labels: {a.b/C_1: ''}}",
        "infrastructure: {labels: {A.b/c: ''}}", "spec.infrastructure.labels[\"A.b/c\"]",
        "\"A.b/c\" is not a label or annotation key"},
       {"a label's value is one", "infrastructure: {labels: {a: B_1}}", "infrastructure: {labels: {a: _b}}",
        "spec.infrastructure.labels.a", "\"_b\" is not a label value"},
       {"an annotation's key is qualified", "infrastructure: {annotations: {a/b: any text}}",
        "infrastructure: {annotations: {a/b/c: any text}}", "spec.infrastructure.annotations[\"a/b/c\"]",
        "\"a/b/c\" is not a label or annotation key"},
       {"an annotation's value has at most 4096 characters",
        "infrastructure: {annotations: {a: " + text(4096) + "}}",
        "infrastructure: {annotations: {a: " + text(4097) + "}}", "spec.infrastructure.annotations.a",
        "is 4097 characters long, at most 4096 are allowed"},
       {"parametersRef has a kind", "infrastructure: {parametersRef: {group: a, kind: B, name: c}}",
        "infrastructure: {parametersRef: {group: a, name: c}}", "spec.infrastructure.parametersRef.kind",
        "is required"},
       {"allowedListeners come from All, Selector, Same or None",
        "allowedListeners: {namespaces: {from: None}}", "allowedListeners: {namespaces: {from: Any}}",
        "spec.allowedListeners.namespaces.from", "\"Any\" is not one of All, Selector, Same, None"},
       {"defaultScope is All or None", "defaultScope: All", "defaultScope: Some", "spec.defaultScope",
        "\"Some\" is not one of All, None"}});
}

TEST_CASE("schema of a Gateway's TLS") {
  const std::string ca = "{group: '', kind: ConfigMap, name: ca}";
  check_rules(
      kFrontend, "}}\n",
      {{"frontend has a default", "{default: {}}", "{perPort: []}", "spec.tls.frontend.default",
        "is required"},
       {"ports are unique", "{default: {}, perPort: [{port: 1, tls: {}}, {port: 2, tls: {}}]}",
        "{default: {}, perPort: [{port: 1, tls: {}}, {port: 1, tls: {}}]}",
        "spec.tls.frontend.perPort[1].port", "port 1 is listed twice"},
       {"a port has its tls", "{default: {}, perPort: [{port: 1, tls: {}}]}",
        "{default: {}, perPort: [{port: 1}]}", "spec.tls.frontend.perPort[0].tls", "is required"},
       {"a validation has authorities", "{default: {validation: {caCertificateRefs: [" + ca + "]}}}",
        "{default: {validation: {caCertificateRefs: []}}}",
        "spec.tls.frontend.default.validation.caCertificateRefs", "must not be empty"},
       {"a ClusterTrustBundle has no namespace",
        "{default: {validation: {caCertificateRefs: [{group: certificates.k8s.io, kind: ClusterTrustBundle, "
        "name: a}]}}}",
        "{default: {validation: {caCertificateRefs: [{group: certificates.k8s.io, kind: ClusterTrustBundle, "
        "name: a, namespace: b}]}}}",
        "spec.tls.frontend.default.validation.caCertificateRefs[0].namespace",
        "must not be set for a ClusterTrustBundle"},
       {"a validation's mode is known",
        "{default: {validation: {caCertificateRefs: [" + ca + "], mode: AllowInsecureFallback}}}",
        "{default: {validation: {caCertificateRefs: [" + ca + "], mode: Allow}}}",
        "spec.tls.frontend.default.validation.mode",
        "\"Allow\" is not one of AllowValidOnly, AllowInsecureFallback"}});
  check_rules(kGateway + "tls: {backend: {clientCertificateRef: ", "}}}\n",
              {{"a Secret is named", "{name: s}", "{namespace: n}",
                "spec.tls.backend.clientCertificateRef.name", "is required"}});
}

TEST_CASE("schema of a Gateway's listeners") {
  check_rules(kListener, "}]}\n",
              {{"a hostname is not empty", "protocol: HTTP", "protocol: HTTP, hostname: ''",
                "spec.listeners[0].hostname", "\"\" is not a hostname"},
               {"tls does not go with HTTP", "protocol: HTTPS, tls: {certificateRefs: [{name: s}]}",
                "protocol: HTTP, tls: {certificateRefs: [{name: s}]}", "spec.listeners[0].tls",
                "must not be set for protocol HTTP"},
               {"HTTPS terminates TLS", "protocol: HTTPS", "protocol: HTTPS, tls: {mode: Passthrough}",
                "spec.listeners[0].tls", "must have mode Terminate for protocol HTTPS"},
               {"protocol TLS has tls", "protocol: TLS, tls: {mode: Passthrough}", "protocol: TLS",
                "spec.listeners[0].tls", "is required for protocol TLS"},
               {"Terminate has certificates or options", "protocol: TLS, tls: {options: {a: b}}",
                "protocol: TLS, tls: {mode: Terminate}", "spec.listeners[0].tls.certificateRefs",
                "is required for mode Terminate, unless there are options"},
               {"UDP has no hostname", "protocol: UDP", "protocol: UDP, hostname: a.b",
                "spec.listeners[0].hostname", "must not be set for protocol UDP"},
               {"filters go with HTTP and HTTPS", "protocol: HTTP, filters: {}", "protocol: TCP, filters: {}",
                "spec.listeners[0].filters", "must not be set for protocol TCP"},
               {"an own protocol has a domain", "protocol: a.b/My1", "protocol: a.b/My-1",
                "spec.listeners[0].protocol", "\"a.b/My-1\" is not a protocol"}});
  check_rules(
      kSelected, "}}]}\n",
      {{"routes come from All, Selector or Same", "namespaces: {from: Same}", "namespaces: {from: None}",
        "spec.listeners[0].allowedRoutes.namespaces.from", "\"None\" is not one of All, Selector, Same"},
       {"at most 8 kinds", "kinds: " + list_of(8, "{kind: A#}"), "kinds: " + list_of(9, "{kind: A#}"),
        "spec.listeners[0].allowedRoutes.kinds", "has 9 entries, at most 8 are allowed"},
       {"a kind is named", "kinds: [{kind: A-1}]", "kinds: [{kind: 1A}]",
        "spec.listeners[0].allowedRoutes.kinds[0].kind", "\"1A\" is not a kind"}});
}

TEST_CASE("schema of a listener's filters") {
  check_rules(
      kRequests, "}}]}\n",
      {{"at most 16 filters", list_of(16, "{type: ExternalAuth, externalAuth: " + kAuth + "}"),
        list_of(17, "{type: ExternalAuth, externalAuth: " + kAuth + "}"),
        "spec.listeners[0].filters.requests", "has 17 entries, at most 16 are allowed"},
       {"a type has its field", "[{type: ExtensionRef, extensionRef: {group: a, kind: B, name: c}}]",
        "[{type: ExtensionRef}]", "spec.listeners[0].filters.requests[0].extensionRef",
        "is required for type ExtensionRef"},
       {"and no other", "[{type: ExternalAuth, externalAuth: " + kAuth + "}]",
        "[{type: ExternalAuth, externalAuth: " + kAuth + ", extensionRef: {group: a, kind: B, name: c}}]",
        "spec.listeners[0].filters.requests[0].extensionRef", "does not go with type ExternalAuth"},
       {"there are two types", "[]", "[{type: CORS}]", "spec.listeners[0].filters.requests[0].type",
        "\"CORS\" is not one of ExternalAuth, ExtensionRef"}});
}

TEST_CASE("schema of ListenerSet") {
  check_rules(
      kSetListeners, "}\n",
      {{"at least one listener", "[{name: a, port: 80, protocol: HTTP}]", "[]", "spec.listeners",
        "must not be empty"},
       {"names are unique", "[{name: a, port: 80, protocol: HTTP}, {name: b, port: 81, protocol: HTTP}]",
        "[{name: a, port: 80, protocol: HTTP}, {name: a, port: 81, protocol: HTTP}]", "spec.listeners",
        "two listeners have the name a"},
       {"filters go with any protocol, by the schema", "[{name: a, port: 80, protocol: TCP, filters: {}}]",
        "[{name: a, port: 80, protocol: TCP, hostname: a}]", "spec.listeners[0].hostname",
        "must not be set for protocol TCP"}});
  check_rules(head("ListenerSet") + "listeners: [{name: a, port: 80, protocol: HTTP}]", "}\n",
              {{"parentRef is required", ", parentRef: {name: g}", "", "spec.parentRef", "is required"},
               {"parentRef has a name", ", parentRef: {name: g, namespace: n}", ", parentRef: {namespace: n}",
                "spec.parentRef.name", "is required"}});
}

TEST_CASE("schema of ReferenceGrant") {
  check_rules(
      head("ReferenceGrant"), "}\n",
      {{"from is required", "from: [{group: a, kind: B, namespace: c}], to: [{group: '', kind: D}]",
        "to: [{group: '', kind: D}]", "spec.from", "is required"},
       {"to is not empty", "from: [{group: a, kind: B, namespace: c}], to: [{group: '', kind: D, name: e}]",
        "from: [{group: a, kind: B, namespace: c}], to: []", "spec.to", "must not be empty"},
       {"from names a namespace", "from: [{group: a, kind: B, namespace: c}], to: [{group: '', kind: D}]",
        "from: [{group: a, kind: B}], to: [{group: '', kind: D}]", "spec.from[0].namespace", "is required"},
       {"at most 16 entries",
        "from: [{group: a, kind: B, namespace: c}], to: " + list_of(16, "{group: '', kind: D}"),
        "from: [{group: a, kind: B, namespace: c}], to: " + list_of(17, "{group: '', kind: D}"), "spec.to",
        "has 17 entries, at most 16 are allowed"}});
}
