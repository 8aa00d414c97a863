// SPDX-License-Identifier: Apache-2.0
// The rules of XBackend, of both traffic policies, of Secret and ConfigMap.
#include "tests/config/schema_rules.h"

using gatehouse::test::check_rules;
using gatehouse::test::decode_text;
using gatehouse::test::list_of;

namespace {

std::string head(const std::string& kind) {
  return "apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: " + kind + "\nmetadata: {name: x}\nspec: {";
}

const std::string kExternal =
    head("XBackend") + "type: ExternalHostname, externalHostname: {hostname: a.b}, ";
const std::string kSelector = head("XBackend") + "type: EndpointSelector, port: {number: 80}, ";
const std::string kPolicy =
    "apiVersion: gatehouse.dev/v1alpha1\nkind: BackendTrafficPolicy\nmetadata: {name: x}\nspec: {";
const std::string kService = kPolicy + "targetRefs: [{group: '', kind: Service, name: s}], ";
const std::string kGatewayRef = "{group: gateway.networking.k8s.io, kind: Gateway, name: g}";

}  // namespace

TEST_CASE("schema of XBackend") {
  const std::string valid = "validation: {hostname: a.b, wellKnownCACertificates: System}";
  check_rules(
      kExternal, "}\n",
      {{"port is required", "port: {number: 443}", "protocol: HTTP", "spec.port", "is required"},
       {"with its number", "port: {number: 1}", "port: {}", "spec.port.number", "is required"},
       {"one kind of backend", "port: {number: 1}",
        "port: {number: 1}, endpointSelector: {matchLabels: {a: b}}", "spec.endpointSelector",
        "does not go with type ExternalHostname"},
       {"H2C has no tls", "port: {number: 1}, protocol: H2C, tls: {mode: None}",
        "port: {number: 1}, protocol: H2C, tls: {mode: ServerOnly, " + valid + "}", "spec.tls",
        "must be off for protocol H2C"},
       {"HTTP2 and WSS have tls", "port: {number: 1}, protocol: WSS, tls: {mode: ServerOnly, " + valid + "}",
        "port: {number: 1}, protocol: WSS", "spec.tls", "is required for protocol WSS"},
       {"a client certificate goes with its mode",
        "port: {number: 1}, tls: {mode: ClientAndServer, clientCertificateRef: {name: s}, " + valid + "}",
        "port: {number: 1}, tls: {mode: ClientAndServer, " + valid + "}", "spec.tls.clientCertificateRef",
        "goes with mode ClientAndServer, and only with it"},
       {"no tls has no validation", "port: {number: 1}, tls: {mode: None}",
        "port: {number: 1}, tls: {mode: None, " + valid + "}", "spec.tls.validation",
        "goes with every mode but None"},
       {"one source of authorities", "port: {number: 1}, tls: {mode: ServerOnly, " + valid + "}",
        "port: {number: 1}, tls: {mode: ServerOnly, validation: {hostname: a.b}}", "spec.tls.validation",
        "needs exactly one of caCertificateRefs and wellKnownCACertificates"},
       {"an alternative name has its field",
        "port: {number: 1}, tls: {mode: ServerOnly, validation: {hostname: a.b, wellKnownCACertificates: "
        "System, "
        "subjectAltNames: [{type: URI, uri: 'spiffe://a/b'}]}}",
        "port: {number: 1}, tls: {mode: ServerOnly, validation: {hostname: a.b, wellKnownCACertificates: "
        "System, "
        "subjectAltNames: [{type: URI}]}}",
        "spec.tls.validation.subjectAltNames[0].uri", "is required for type URI"},
       {"sessions go with pods only", "port: {number: 1}",
        "port: {number: 1}, sessionPersistence: {cookie: {}}", "spec.sessionPersistence",
        "goes with type EndpointSelector only"}});
  check_rules(
      kSelector, "}\n",
      {{"labels are required", "endpointSelector: {matchLabels: {a: b}}", "endpointSelector: {}",
        "spec.endpointSelector.matchLabels", "is required"},
       {"at least one", "endpointSelector: {matchLabels: {a.b/c: ''}}", "endpointSelector: {matchLabels: {}}",
        "spec.endpointSelector.matchLabels", "must not be empty"},
       {"keys are qualified", "endpointSelector: {matchLabels: {a: b}}",
        "endpointSelector: {matchLabels: {a_: b}}", "spec.endpointSelector.matchLabels.a_",
        "\"a_\" is not a label or annotation key"}});
  check_rules(
      head("XBackend") + "type: ExternalHostname, port: {number: 1}, externalHostname: {hostname: ", "}}\n",
      {{"names of the cluster have Services", "a.cluster.locals", "a.cluster.local",
        "spec.externalHostname.hostname", "ends with .cluster.local"}});
}

TEST_CASE("schema of XBackendTrafficPolicy") {
  check_rules(head("XBackendTrafficPolicy") + "targetRefs: [{group: '', kind: Service, name: s}]", "}\n",
              {{"a budget's interval is 1s to 1h", ", retryConstraint: {budget: {interval: 1h}}",
                ", retryConstraint: {budget: {interval: 999ms}}", "spec.retryConstraint.budget.interval",
                "is outside its limits"},
               {"a rate's interval is not 0", ", retryConstraint: {minRetryRate: {interval: 1ms}}",
                ", retryConstraint: {minRetryRate: {interval: 0s}}",
                "spec.retryConstraint.minRetryRate.interval", "is outside its limits"},
               {"a rate is positive", ", retryConstraint: {minRetryRate: {count: 1}}",
                ", retryConstraint: {minRetryRate: {count: 0}}", "spec.retryConstraint.minRetryRate.count",
                "0 is outside 1 to 1000000"}});
  check_rules(head("XBackendTrafficPolicy") + "targetRefs: ", "}\n",
              {{"at most 16 targets", list_of(16, "{group: '', kind: Service, name: s#}"),
                list_of(17, "{group: '', kind: Service, name: s#}"), "spec.targetRefs",
                "has 17 entries, at most 16 are allowed"},
               {"none twice", "[{group: '', kind: Service, name: s}, {group: a, kind: Service, name: s}]",
                "[{group: '', kind: Service, name: s}, {group: '', kind: Service, name: s}]",
                "spec.targetRefs[1]", "Service s is targeted twice"}});
}

TEST_CASE("an XBackendTrafficPolicy gets upstream's defaults, our own kind keeps absent fields apart") {
  using namespace gatehouse::objects;
  const auto retry = "retryConstraint: {budget: {percent: 5}}}\n";
  const auto upstream = decode_text(head("XBackendTrafficPolicy") +
                                    "targetRefs: [{group: '', kind: Service, name: s}], " + retry);
  const auto& x = *std::get<std::shared_ptr<const XBackendTrafficPolicy>>(*upstream.object);
  CHECK(x.retry_constraint == RetryConstraint{5, std::chrono::seconds(10), 10, std::chrono::seconds(1)});

  const auto own = decode_text(kService + retry);
  const auto& policy = *std::get<std::shared_ptr<const BackendTrafficPolicy>>(*own.object);
  CHECK(policy.settings.retry_constraint == RetryConstraint{5, std::nullopt, std::nullopt, std::nullopt});
}

TEST_CASE("schema of BackendTrafficPolicy beyond the limits of its fields") {
  check_rules(kService, "}\n",
              {{"a hash source is one thing", "loadBalancer: {hash: [{header: a}, {sourceIP: true}]}",
                "loadBalancer: {hash: [{header: a, cookie: b}]}", "spec.loadBalancer.hash[0]",
                "needs exactly one of header, cookie, query and sourceIP"},
               {"sourceIP is true or absent", "loadBalancer: {hash: [{sourceIP: true}]}",
                "loadBalancer: {hash: [{sourceIP: false}]}", "spec.loadBalancer.hash[0].sourceIP",
                "can only be true"},
               {"hash goes with hashing", "loadBalancer: {type: Maglev, hash: [{query: a}]}",
                "loadBalancer: {type: Random, hash: [{query: a}]}", "spec.loadBalancer.hash",
                "goes with types ConsistentHash and Maglev only"},
               {"one probe", "healthCheck: {active: {tcp: {}}}", "healthCheck: {active: {http: {}, tcp: {}}}",
                "spec.healthCheck.active.tcp", "does not go with http"},
               {"statuses are numbers or ranges",
                "healthCheck: {active: {http: {expectedStatuses: [200, '300-399']}}}",
                "healthCheck: {active: {http: {expectedStatuses: ['299-200']}}}",
                "spec.healthCheck.active.http.expectedStatuses[0]",
                "the text \"299-200\" is not a status or a range of statuses"},
               {"one try is not longer than all", "timeouts: {request: 0s, backendRequest: 1s}",
                "timeouts: {request: 1s, backendRequest: 2s}", "spec.timeouts.backendRequest",
                "is longer than request"}});
  check_rules(kPolicy + "targetRefs: ", ", overrides: {retry: {attempts: 0}}}\n",
              {{"overrides go with Gateways", "[" + kGatewayRef + "]",
                "[" + kGatewayRef + ", {group: '', kind: Service, name: s}]", "spec.overrides",
                "goes with Gateways as targets only"}});
  check_rules(kPolicy + "targetRefs: [" + kGatewayRef + ", ", "]}\n",
              {{"a section is another target",
                "{group: gateway.networking.k8s.io, kind: Gateway, name: g, sectionName: l}", kGatewayRef,
                "spec.targetRefs[1]", "Gateway g is targeted twice"}});
}

TEST_CASE("schema of Secret and ConfigMap") {
  const std::string secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n";
  check_rules(secret, "\n",
              {{"data is base64", "data: {a: aGk=}", "data: {a: aGk}", "data.a", "is not base64"},
               {"a key has no slash", "data: {a.b_C-1: ''}", "data: {a/b: ''}", "data[\"a/b\"]",
                "\"a/b\" is not a data key"},
               {"a TLS secret has a key", "type: kubernetes.io/tls\nstringData: {tls.crt: a, tls.key: b}",
                "type: kubernetes.io/tls\nstringData: {tls.crt: a}", "data",
                "has no tls.key, which type kubernetes.io/tls requires"}});
  check_rules("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "\n",
              {{"a key stands once", "data: {a: b}\nbinaryData: {c: aGk=}",
                "data: {a: b}\nbinaryData: {a: aGk=}", "binaryData", "has a, as data has"}});
}

TEST_CASE("a Secret's data is decoded, stringData wins, and no message shows a value") {
  using namespace gatehouse::objects;
  const auto decoded = decode_text(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: aGk=, b: eA==}\nstringData: {b: "
      "plain}\n");
  const auto& secret = *std::get<std::shared_ptr<const Secret>>(*decoded.object);
  CHECK(secret.data == std::map<std::string, std::string>{{"a", "hi"}, {"b", "plain"}});
  for (const std::string data : {"data: {a: 31337}", "data: {a: 31337.5}", "data: {a: '31337'}",
                                 "data: '31337'", "stringData: {a: 31337}", "data: [31337]"}) {
    INFO(data);
    const auto bad = decode_text("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n" + data + "\n");
    REQUIRE_FALSE(bad.problems.empty());
    for (const auto& problem : bad.problems) CHECK(to_line(problem).find("31337") == std::string::npos);
  }
}
