// SPDX-License-Identifier: Apache-2.0
// Every field of the kinds that Gateway API v1.7 and our own policy have, read into its member.
#include "tests/config/schema_rules.h"

using namespace gatehouse;
using namespace gatehouse::objects;
using namespace std::chrono_literals;

namespace {

template <typename T>
T good(const std::string& yaml) {
  const auto decoded = test::decode_text(yaml);
  for (const auto& problem : decoded.problems) UNSCOPED_INFO(to_line(problem));
  REQUIRE(decoded.problems.empty());
  REQUIRE(decoded.object);
  return *std::get<std::shared_ptr<const T>>(*decoded.object);
}

}  // namespace

TEST_CASE("a full Gateway is read field by field") {
  const auto gateway = good<Gateway>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: gatehouse
  defaultScope: All
  infrastructure:
    labels: {team: a}
    annotations: {example.org/note: any text}
    parametersRef: {group: example.org, kind: Config, name: c}
  allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {a: b}}}}
  addresses: [{value: 192.0.2.1, routability: Cluster}, {type: Hostname, value: a.example}]
  tls:
    backend: {clientCertificateRef: {name: client, namespace: n}}
    frontend:
      default: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}}
      perPort: [{port: 8443, tls: {}}]
  listeners:
  - name: https
    port: 443
    protocol: HTTPS
    tls: {certificateRefs: [{name: cert}], options: {example.org/a: b}}
    filters:
      requests:
      - type: ExternalAuth
        externalAuth:
          protocol: HTTP
          backendRef: {name: auth, port: 80}
          http: {path: /check, allowedHeaders: [X-A], allowedResponseHeaders: [X-B]}
          forwardBody: {maxSize: 1024}
      - {type: ExtensionRef, extensionRef: {group: example.org, kind: Filter, name: f}}
)");
  CHECK(gateway.default_scope == "All");
  CHECK(gateway.infrastructure.labels.at("team") == "a");
  CHECK(gateway.infrastructure.annotations.at("example.org/note") == "any text");
  CHECK(gateway.infrastructure.parameters_ref == LocalObjectReference{"example.org", "Config", "c"});
  CHECK(gateway.allowed_listeners.from == "Selector");
  CHECK(gateway.allowed_listeners.selector->match_labels.at("a") == "b");
  CHECK(gateway.addresses.at(0) == GatewayAddress{"IPAddress", "192.0.2.1", "Cluster"});
  CHECK(gateway.addresses.at(1) == GatewayAddress{"Hostname", "a.example"});
  CHECK(gateway.tls.backend_client_certificate == SecretObjectReference{"", "Secret", "n", "client"});
  CHECK(gateway.tls.has_frontend);
  CHECK(gateway.tls.frontend_default->mode == "AllowValidOnly");
  CHECK(gateway.tls.frontend_default->ca_certificate_refs.at(0).name == "ca");
  CHECK(gateway.tls.frontend_per_port.at(0).port == 8443);
  CHECK_FALSE(gateway.tls.frontend_per_port.at(0).validation);

  const auto& listener = gateway.listeners.at(0);
  CHECK(listener.tls->mode == "Terminate");
  CHECK(listener.tls->certificate_refs.at(0).name == "cert");
  CHECK(listener.tls->options.at("example.org/a") == "b");
  const auto& auth = listener.request_filters.at(0).external_auth.value();
  CHECK(auth.protocol == "HTTP");
  CHECK(auth.backend_ref.port == 80);
  CHECK(auth.http_path == "/check");
  CHECK(auth.http_allowed_headers == std::vector<std::string>{"X-A"});
  CHECK(auth.http_allowed_response_headers == std::vector<std::string>{"X-B"});
  CHECK(auth.forward_body_max_size == 1024);
  CHECK(listener.request_filters.at(1).extension_ref->kind == "Filter");
}

TEST_CASE("a Gateway that says little has the defaults of the schema") {
  const auto gateway = good<Gateway>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec: {gatewayClassName: gatehouse, allowedListeners: {}, listeners: [{name: a, port: 80, protocol: HTTP}]}
)");
  CHECK(gateway.allowed_listeners == AllowedListeners{});
  CHECK(gateway.allowed_listeners.from == "None");
  CHECK(gateway.default_scope.empty());
  CHECK(gateway.tls == GatewayTls{});
  CHECK_FALSE(gateway.listeners.at(0).tls);
}

TEST_CASE("ListenerSet and ReferenceGrant are read") {
  const auto set = good<ListenerSet>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: set, namespace: shop}
spec:
  parentRef: {name: gw, namespace: infra}
  listeners: [{name: http, port: 8080, protocol: HTTP, hostname: a.example}]
)");
  CHECK(set.parent_ref.kind == "Gateway");
  CHECK(set.parent_ref.ns == "infra");
  CHECK(set.listeners.at(0).hostname == "a.example");

  const auto grant = good<ReferenceGrant>(R"(
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: g}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: "", kind: Service}, {group: "", kind: Secret, name: cert}]
)");
  CHECK(grant.from.at(0) == ReferenceGrantFrom{"gateway.networking.k8s.io", "HTTPRoute", "shop"});
  CHECK_FALSE(grant.to.at(0).name);
  CHECK(grant.to.at(1).name == "cert");
}

TEST_CASE("every filter of an HTTPRoute is read with its defaults") {
  const auto route = good<HttpRoute>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  useDefaultGateways: All
  rules:
  - filters:
    - {type: RequestRedirect, requestRedirect: {scheme: https, hostname: a.example, port: 8443,
        path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: m, port: 80}, percent: 5}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: m, port: 80}, fraction: {numerator: 1}}}
    - {type: CORS, cors: {allowOrigins: ["https://a.example"], allowCredentials: true, allowMethods: [GET],
        allowHeaders: [X-A], exposeHeaders: [X-B]}}
    - {type: ExternalAuth, externalAuth: {protocol: GRPC, backendRef: {name: a, port: 1},
        grpc: {allowedHeaders: [X-C]}}}
    - {type: ExtensionRef, extensionRef: {group: g, kind: K, name: n}}
  - retry: {codes: [503], backoff: 100ms}
    sessionPersistence: {absoluteTimeout: 1h, cookie: {name: c}}
    filters: [{type: URLRewrite, urlRewrite: {hostname: b.example,
      path: {type: ReplaceFullPath, replaceFullPath: /full}}}]
)");
  CHECK(route.use_default_gateways == "All");
  const auto& filters = route.rules.at(0).filters;
  const auto& redirect = filters.at(0).request_redirect.value();
  CHECK(redirect.scheme == "https");
  CHECK(redirect.hostname == "a.example");
  CHECK(redirect.port == 8443);
  CHECK(redirect.status_code == 302);
  CHECK(redirect.path->replace_prefix_match == "/new");
  CHECK(filters.at(1).request_mirror->percent == 5);
  CHECK(filters.at(2).request_mirror->fraction == Fraction{1, 100});
  const auto& cors = filters.at(3).cors.value();
  CHECK(cors.allow_origins == std::vector<std::string>{"https://a.example"});
  CHECK(cors.allow_credentials == true);
  CHECK(cors.allow_methods == std::vector<std::string>{"GET"});
  CHECK(cors.allow_headers == std::vector<std::string>{"X-A"});
  CHECK(cors.expose_headers == std::vector<std::string>{"X-B"});
  CHECK(cors.max_age == 5);
  CHECK(filters.at(4).external_auth->grpc_allowed_headers == std::vector<std::string>{"X-C"});
  CHECK(filters.at(5).extension_ref->name == "n");

  const auto& rule = route.rules.at(1);
  CHECK(rule.retry->attempts == 1);
  CHECK(rule.retry->codes == std::vector<std::int32_t>{503});
  CHECK(rule.retry->backoff == 100ms);
  CHECK(rule.session_persistence->type == "Cookie");
  CHECK(rule.session_persistence->absolute_timeout == 1h);
  CHECK(rule.session_persistence->cookie == SessionCookie{"c", "/", "Session"});
  CHECK(rule.filters.at(0).url_rewrite->hostname == "b.example");
  CHECK(rule.filters.at(0).url_rewrite->path->replace_full_path == "/full");
}

TEST_CASE("both types of XBackend are read") {
  const auto external = good<XBackend>(R"(
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackend
metadata: {name: x}
spec:
  type: ExternalHostname
  port: {number: 443}
  protocol: HTTP2
  externalHostname: {hostname: api.example}
  tls:
    mode: ServerOnly
    validation: {hostname: api.example, wellKnownCACertificates: System,
      subjectAltNames: [{type: Hostname, hostname: "*.example"}, {type: URI, uri: "spiffe://a/b"}]}
)");
  CHECK(external.port == 443);
  CHECK(external.hostname == "api.example");
  CHECK(external.protocol == "HTTP2");
  CHECK(external.tls.validation->well_known_ca_certificates == "System");
  CHECK(external.tls.validation->subject_alt_names.at(1) == SubjectAltName{"URI", "spiffe://a/b"});

  const auto pods = good<XBackend>(R"(
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackend
metadata: {name: x}
spec:
  type: EndpointSelector
  port: {number: 80}
  endpointSelector: {matchLabels: {app: web}}
  sessionPersistence: {type: Header, header: {name: X-Session}}
)");
  CHECK(pods.match_labels.at("app") == "web");
  CHECK(pods.tls.mode == "None");
  CHECK_FALSE(pods.protocol);
  CHECK(pods.session_persistence->header == SessionHeader{"X-Session"});
}

TEST_CASE("a full BackendTrafficPolicy is read field by field") {
  const auto policy = good<BackendTrafficPolicy>(R"(
apiVersion: gatehouse.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: p}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw, sectionName: http}]
  retryConstraint: {budget: {percent: 10, interval: 5s}, minRetryRate: {count: 3, interval: 2s}}
  sessionPersistence: {type: Header, header: {name: X-S}}
  retry: {attempts: 2, codes: [503], backoff: 50ms, on: [Reset]}
  timeouts: {connect: 1s, request: 10s, backendRequest: 4s, idle: 30s, maxStream: 1h}
  loadBalancer:
    type: ConsistentHash
    hash: [{header: X-User}, {cookie: c}, {query: q}, {sourceIP: true}]
    slowStart: {window: 20s}
    zoneAware: true
  healthCheck:
    active:
      http: {path: /health, host: h.example, expectedStatuses: [204, "300-399"]}
      interval: 2s
      timeout: 500ms
      healthyThreshold: 2
      unhealthyThreshold: 4
    passive: {consecutive5xx: 1, consecutiveGatewayErrors: 2, consecutiveLocalOriginFailures: 3,
      baseEjectionTime: 4s, maxEjectionTime: 5s, maxEjectionPercent: 6}
  circuitBreaker: {maxConnections: 1, maxPendingRequests: 2, maxParallelRequests: 3, maxParallelRetries: 4}
  pool: {maxIdle: 5, idleTimeout: 6s, maxRequestsPerConnection: 7}
  dns: {refresh: 8s, respectTTL: false}
  overrides:
    healthCheck: {active: {grpc: {service: a.b}}}
    retry: {attempts: 0}
)");
  CHECK(policy.target_refs.at(0) ==
        PolicyTargetReference{"gateway.networking.k8s.io", "Gateway", "gw", "http"});
  const auto& s = policy.settings;
  CHECK(s.retry_constraint == RetryConstraint{10, 5s, 3, 2s});
  CHECK(s.session_persistence->header->name == "X-S");
  CHECK(s.retry == TrafficRetry{2, std::vector<std::int32_t>{503}, 50ms, std::vector<std::string>{"Reset"}});
  CHECK(s.timeouts == TrafficTimeouts{1s, 10s, 4s, 30s, 1h});
  CHECK(s.load_balancer->type == "ConsistentHash");
  CHECK(s.load_balancer->hash ==
        std::vector<TrafficHashSource>{
            {"header", "X-User"}, {"cookie", "c"}, {"query", "q"}, {"sourceIP", ""}});
  CHECK(s.load_balancer->slow_start_window == 20s);
  CHECK(s.load_balancer->zone_aware == true);
  const auto& active = s.health_check->active.value();
  CHECK(active.type == "http");
  CHECK(active.http_path == "/health");
  CHECK(active.http_host == "h.example");
  CHECK(active.http_expected_statuses == std::vector<HealthStatusRange>{{204, 204}, {300, 399}});
  CHECK(active.interval == 2s);
  CHECK(active.timeout == 500ms);
  CHECK(active.healthy_threshold == 2);
  CHECK(active.unhealthy_threshold == 4);
  CHECK(s.health_check->passive == TrafficPassiveHealth{1, 2, 3, 4s, 5s, 6});
  CHECK(s.circuit_breaker == TrafficCircuitBreaker{1, 2, 3, 4});
  CHECK(s.pool == TrafficPool{5, 6s, 7});
  CHECK(s.dns == TrafficDns{8s, false});
  CHECK(policy.overrides.health_check->active->type == "grpc");
  CHECK(policy.overrides.health_check->active->grpc_service == "a.b");
  CHECK(policy.overrides.retry->attempts == 0);
  CHECK_FALSE(policy.overrides.timeouts);
}

TEST_CASE("zones, hints and headless Services are read") {
  const auto slice = good<EndpointSlice>(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1}
addressType: IPv4
endpoints:
- {addresses: [192.0.2.1], zone: a, nodeName: n1, hostname: web-0,
   targetRef: {kind: Pod, name: web-0, uid: u},
   hints: {forZones: [{name: a}, {name: b}], forNodes: [{name: n1}]}}
)");
  const auto& endpoint = slice.endpoints.at(0);
  CHECK(endpoint.zone == "a");
  CHECK(endpoint.node_name == "n1");
  CHECK(endpoint.hostname == "web-0");
  CHECK(endpoint.for_zones == std::vector<std::string>{"a", "b"});
  CHECK(endpoint.for_nodes == std::vector<std::string>{"n1"});
  CHECK(endpoint.target_kind == "Pod");
  CHECK(endpoint.target_name == "web-0");

  const auto service = good<Service>(R"(
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, ipFamilies: [IPv6, IPv4], selector: {app: web}}
)");
  CHECK(service.is_headless());
  CHECK(service.ip_families == std::vector<std::string>{"IPv6", "IPv4"});
  CHECK(service.selector.at("app") == "web");
}

TEST_CASE("where a Service is reached from outside is read from its spec and its status") {
  const auto service = good<Service>(R"(
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, externalIPs: [198.51.100.1], loadBalancerIP: 203.0.113.1}
status:
  conditions: []
  loadBalancer:
    ingress:
    - {ip: 203.0.113.1, ipMode: VIP, ports: [{port: 80, protocol: TCP}]}
    - {hostname: lb.example.com}
)");
  CHECK(service.external_ips == std::vector<std::string>{"198.51.100.1"});
  CHECK(service.ingress == std::vector<LoadBalancerIngress>{{"203.0.113.1", ""}, {"", "lb.example.com"}});
}

TEST_CASE("an entry of a list that is null is refused, a null field is absent") {
  const std::string head = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n";
  CHECK(test::decode_text(head + "spec: {parentRefs: null, rules: [{name: null}]}\n").object);
  const auto decoded = test::decode_text(head + "spec: {rules: [null]}\n");
  REQUIRE(decoded.problems.size() == 1);
  CHECK(decoded.problems[0].reason == "must be an object, not empty");
}
