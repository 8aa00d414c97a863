// SPDX-License-Identifier: Apache-2.0
// References across namespaces, backend references, and what memos compare for both.
#include "config/translate/backend_refs.h"

#include <catch2/catch.hpp>

#include "config/translate/reference_grants.h"

namespace gatehouse::translate {
namespace {

constexpr Referrer kRoute{"gateway.networking.k8s.io", "HTTPRoute", "here"};
constexpr Referent kService{"", "Service", "there", "web"};

objects::ReferenceGrant right_grant() {
  objects::ReferenceGrant grant;
  grant.meta.name = "grant";
  grant.meta.ns = "there";
  grant.from = {{"gateway.networking.k8s.io", "HTTPRoute", "here"}};
  grant.to = {{"", "Service", "web"}};
  return grant;
}

void add(objects::Snapshot& to, const objects::ReferenceGrant& grant) {
  to.reference_grants[grant.meta.full_name()] = std::make_shared<objects::ReferenceGrant>(grant);
}

ReferenceGrants grants_of(const objects::ReferenceGrant& grant) {
  objects::Snapshot snapshot;
  add(snapshot, grant);
  return ReferenceGrants(snapshot.reference_grants);
}

objects::Service service(std::string ns, std::string app_protocol = "") {
  objects::Service result;
  result.meta.name = "web";
  result.meta.ns = std::move(ns);
  result.ports = {{"http", "TCP", 80, "8080", std::move(app_protocol)}};
  return result;
}

void add(objects::Snapshot& to, const objects::Service& object) {
  to.services[object.meta.full_name()] = std::make_shared<objects::Service>(object);
}

objects::BackendObjectReference ref_to(std::optional<std::string> ns, std::optional<std::int32_t> port = 80) {
  objects::BackendObjectReference ref;
  ref.ns = std::move(ns);
  ref.name = "web";
  ref.port = port;
  return ref;
}

objects::BackendObjectReference x_ref(std::optional<std::int32_t> port = std::nullopt) {
  auto ref = ref_to(std::nullopt, port);
  ref.group = objects::kExperimentalGroup;
  ref.kind = objects::XBackend::kKind;
  return ref;
}

objects::Snapshot with_x_backend() {
  objects::XBackend backend;
  backend.meta.name = "web";
  backend.meta.ns = "here";
  backend.type = "ExternalHostname";
  backend.hostname = "api.example.com";
  backend.port = 8080;
  objects::Snapshot snapshot;
  snapshot.x_backends["here/web"] = std::make_shared<objects::XBackend>(backend);
  return snapshot;
}

std::string reason_of(const objects::Snapshot& snapshot, const objects::BackendObjectReference& ref,
                      BackendUse use = BackendUse::http) {
  return BackendResolver(snapshot).resolve(kRoute, ref, use, "HTTPRoute here/r: x").verdict.reason;
}

Inputs inputs_of(const objects::Snapshot& snapshot, const objects::BackendObjectReference& ref) {
  Inputs inputs;
  BackendResolver(snapshot).collect_inputs(kRoute, ref, inputs);
  return inputs;
}

}  // namespace

TEST_CASE("a grant permits exactly what it names") {
  auto grant = right_grant();
  CHECK(grants_of(grant).permits(kRoute, kService));
  CHECK_FALSE(grants_of(grant).permits(kRoute, {"", "Service", "there", "api"}));
  CHECK_FALSE(grants_of(grant).permits(kRoute, {"", "Secret", "there", "web"}));
  CHECK_FALSE(grants_of(grant).permits(kRoute, {"", "Service", "elsewhere", "web"}));
  CHECK_FALSE(grants_of(grant).permits({kRoute.group, "GRPCRoute", "here"}, kService));
  CHECK_FALSE(grants_of(grant).permits({kRoute.group, "HTTPRoute", "elsewhere"}, kService));
  CHECK_FALSE(grants_of(grant).permits({"example.com", "HTTPRoute", "here"}, kService));
}

TEST_CASE("a grant without a name opens every object of the kind") {
  auto grant = right_grant();
  grant.to = {{"", "Service", std::nullopt}};
  CHECK(grants_of(grant).permits(kRoute, {"", "Service", "there", "anything"}));
}

TEST_CASE("a grant counts in its own namespace only") {
  auto grant = right_grant();
  grant.meta.ns = "here";
  CHECK_FALSE(grants_of(grant).permits(kRoute, kService));
}

TEST_CASE("within a namespace no grant is needed") {
  CHECK(ReferenceGrants().permits(kRoute, {"", "Service", "here", "web"}));
}

TEST_CASE("any of several grants is enough") {
  auto other = right_grant();
  other.meta.name = "another";
  other.to = {{"", "Service", "api"}};
  objects::Snapshot snapshot;
  add(snapshot, other);
  add(snapshot, right_grant());
  CHECK(ReferenceGrants(snapshot.reference_grants).permits(kRoute, kService));
  CHECK(ReferenceGrants(snapshot.reference_grants).in_namespace("there").size() == 2);
}

TEST_CASE("a route learns nothing about another namespace that does not permit it") {
  objects::Snapshot snapshot;
  CHECK(reason_of(snapshot, ref_to("there")) == "RefNotPermitted");
  add(snapshot, service("there"));
  CHECK(reason_of(snapshot, ref_to("there")) == "RefNotPermitted");
  add(snapshot, right_grant());
  CHECK(reason_of(snapshot, ref_to("there")).empty());
  snapshot.services.clear();
  CHECK(reason_of(snapshot, ref_to("there")) == "BackendNotFound");
}

TEST_CASE("a Service port that needs TLS is no backend without a policy, but for connections") {
  for (const auto* protocol : {"kubernetes.io/wss", "https", "HTTPS"}) {
    objects::Snapshot snapshot;
    add(snapshot, service("here", protocol));
    INFO(protocol);
    CHECK(reason_of(snapshot, ref_to(std::nullopt)) == "UnsupportedProtocol");
    CHECK(reason_of(snapshot, ref_to(std::nullopt), BackendUse::grpc) == "UnsupportedProtocol");
    CHECK(reason_of(snapshot, ref_to(std::nullopt), BackendUse::stream).empty());
    CHECK(reason_of(snapshot, ref_to(std::nullopt), BackendUse::passthrough).empty());
  }
  for (const auto* protocol : {"", "http", "kubernetes.io/ws", "kubernetes.io/h2c", "example.com/own"}) {
    objects::Snapshot snapshot;
    add(snapshot, service("here", protocol));
    INFO(protocol);
    CHECK(reason_of(snapshot, ref_to(std::nullopt)).empty());
  }
}

TEST_CASE("a reference without a port finds no Service") {
  objects::Snapshot snapshot;
  add(snapshot, service("here"));
  CHECK(reason_of(snapshot, ref_to(std::nullopt, std::nullopt)) == "BackendNotFound");
}

TEST_CASE("a reference to an XBackend has no port of its own") {
  const auto snapshot = with_x_backend();
  CHECK(reason_of(snapshot, x_ref()).empty());
  CHECK(reason_of(snapshot, x_ref(8080)) == "UnsupportedValue");
}

TEST_CASE("the target of a reference names cluster, object and port") {
  objects::Snapshot snapshot = with_x_backend();
  add(snapshot, service("here"));
  const BackendResolver resolver(snapshot);
  const auto plain = resolver.resolve(kRoute, ref_to("here"), BackendUse::http, "x").target;
  CHECK(plain.cluster == "Service/here/web/80");
  CHECK(plain.service == snapshot.services.at("here/web"));
  CHECK(plain.port == 80);
  const auto x = resolver.resolve(kRoute, x_ref(), BackendUse::http, "x").target;
  CHECK(x.cluster == "XBackend/here/web");
  CHECK(x.x_backend == snapshot.x_backends.at("here/web"));
  CHECK(x.port == 8080);
}

TEST_CASE("each use of a port has its protocol, and its own cluster where that differs") {
  using ir::ClusterProtocol;
  struct Row {
    const char* app_protocol;
    BackendUse use;
    const char* cluster;
    ClusterProtocol protocol;
  };
  for (const auto& row :
       {Row{"", BackendUse::http, "Service/here/web/80", ClusterProtocol::http1},
        Row{"", BackendUse::grpc, "Service/here/web/80@h2", ClusterProtocol::http2},
        Row{"", BackendUse::stream, "Service/here/web/80", ClusterProtocol::http1},
        Row{"", BackendUse::passthrough, "Service/here/web/80", ClusterProtocol::http1},
        Row{"kubernetes.io/h2c", BackendUse::http, "Service/here/web/80", ClusterProtocol::http2},
        Row{"kubernetes.io/h2c", BackendUse::grpc, "Service/here/web/80", ClusterProtocol::http2},
        Row{"kubernetes.io/h2c", BackendUse::stream, "Service/here/web/80", ClusterProtocol::http2},
        Row{"kubernetes.io/ws", BackendUse::http, "Service/here/web/80", ClusterProtocol::http1}}) {
    objects::Snapshot snapshot;
    add(snapshot, service("here", row.app_protocol));
    INFO(row.app_protocol << " " << static_cast<int>(row.use));
    const auto resolved = BackendResolver(snapshot).resolve(kRoute, ref_to("here"), row.use, "x");
    CHECK(resolved.is_usable());
    CHECK(resolved.target.cluster == row.cluster);
    CHECK(resolved.target.protocol == row.protocol);
    CHECK_FALSE(resolved.target.tls);
  }
  objects::Snapshot snapshot;
  add(snapshot, service("here", "kubernetes.io/ws"));
  CHECK(reason_of(snapshot, ref_to("here"), BackendUse::grpc) == "UnsupportedProtocol");
  CHECK(reason_of(snapshot, ref_to("here"), BackendUse::datagram) == "BackendNotFound");
}

TEST_CASE("a policy encrypts what is not passed through, each use with what it offers") {
  objects::Snapshot snapshot;
  add(snapshot, service("here", ""));
  objects::BackendTlsPolicy policy;
  policy.meta.name = "p";
  policy.meta.ns = "here";
  policy.target_refs = {{"", "Service", "web", std::nullopt}};
  policy.validation.hostname = "web.example";
  policy.validation.well_known_ca_certificates = "System";
  snapshot.backend_tls_policies["here/p"] = std::make_shared<objects::BackendTlsPolicy>(policy);
  const BackendResolver resolver(snapshot);
  const auto target = [&](BackendUse use) {
    return resolver.resolve(kRoute, ref_to("here"), use, "x").target;
  };
  using Names = std::vector<std::string>;
  CHECK(target(BackendUse::http).protocol == ir::ClusterProtocol::negotiated);
  CHECK(target(BackendUse::http).tls->options.alpn == Names{"h2", "http/1.1"});
  CHECK(target(BackendUse::grpc).cluster == "Service/here/web/80@h2");
  CHECK(target(BackendUse::grpc).tls->options.alpn == Names{"h2"});
  CHECK(target(BackendUse::stream).cluster == "Service/here/web/80@tls");
  CHECK(target(BackendUse::stream).tls->options.alpn.empty());
  CHECK(target(BackendUse::passthrough).cluster == "Service/here/web/80@tcp");
  CHECK_FALSE(target(BackendUse::passthrough).tls);

  const auto inputs = inputs_of(snapshot, ref_to("here"));
  CHECK(inputs.size() == 2);
  policy.validation.hostname = "other.example";
  snapshot.backend_tls_policies["here/p"] = std::make_shared<objects::BackendTlsPolicy>(policy);
  CHECK(inputs_of(snapshot, ref_to("here")) != inputs);
}

TEST_CASE("a policy that did not change stays the same object in the memo") {
  objects::Snapshot snapshot;
  add(snapshot, service("here", ""));
  objects::BackendTlsPolicy policy;
  policy.meta.name = "p";
  policy.meta.ns = "here";
  policy.target_refs = {{"", "Service", "web", std::nullopt}};
  policy.validation.hostname = "web.example";
  policy.validation.ca_certificate_refs = {{"", "ConfigMap", "ca"}};
  snapshot.backend_tls_policies["here/p"] = std::make_shared<objects::BackendTlsPolicy>(policy);
  Memo memo;
  const auto inputs = [&] {
    Inputs found;
    BackendResolver(snapshot, memo).collect_inputs(kRoute, ref_to("here"), found);
    return found;
  };
  const auto before = inputs();
  CHECK(inputs() == before);
  snapshot.config_maps["here/ca"] = std::make_shared<objects::ConfigMap>();
  CHECK(inputs() != before);
}

TEST_CASE("what a local reference depends on is its object alone") {
  objects::Snapshot snapshot;
  CHECK(inputs_of(snapshot, ref_to(std::nullopt)) == Inputs{nullptr});
  add(snapshot, service("here"));
  add(snapshot, right_grant());
  CHECK(inputs_of(snapshot, ref_to(std::nullopt)) == Inputs{snapshot.services.at("here/web")});
}

TEST_CASE("a reference to another namespace depends on its grants too") {
  objects::Snapshot snapshot;
  add(snapshot, service("there"));
  const auto closed = inputs_of(snapshot, ref_to("there"));
  add(snapshot, right_grant());
  const auto open = inputs_of(snapshot, ref_to("there"));
  CHECK(closed.size() == 1);
  CHECK(open.size() == 2);
}

TEST_CASE("a reference of an unknown kind depends on nothing") {
  auto ref = ref_to(std::nullopt);
  ref.kind = "Bucket";
  objects::Snapshot snapshot;
  add(snapshot, service("here"));
  CHECK(inputs_of(snapshot, ref).empty());
  CHECK(reason_of(snapshot, ref) == "InvalidKind");
}

}  // namespace gatehouse::translate
