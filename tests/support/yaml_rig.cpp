// SPDX-License-Identifier: Apache-2.0
#include "tests/support/yaml_rig.h"

#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/text.h"
#include "tests/support/snapshot_from_yaml.h"

namespace gatehouse::test {
namespace {

constexpr std::string_view kServices[][2] = {
    {"default", "infra-backend-v1"}, {"default", "infra-backend-v2"}, {"default", "infra-backend-v3"},
    {"app", "app-backend-v1"},       {"app", "app-backend-v2"},       {"web", "web-backend"},
};

constexpr std::string_view kBase = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gatehouse}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: v1
kind: Namespace
metadata: {name: app, labels: {gateway-conformance: backend}}
---
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {gateway-conformance: backend}}
)";

constexpr std::string_view kGateway = R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {}}}
spec:
  gatewayClassName: gatehouse
  listeners:
    - name: http
      port: 80
      protocol: HTTP
      allowedRoutes: {{namespaces: {}}}
)";

constexpr std::string_view kService = R"(---
apiVersion: v1
kind: Service
metadata: {{name: {}, namespace: {}, annotations: {{gatehouse.dev/endpoints: "{}"}}}}
spec: {{ports: [{{name: http, port: 8080, protocol: TCP, targetPort: 3000}}]}}
)";

/// A port that is free now, on addresses that hardly anybody else uses.
std::uint16_t free_port() {
  const auto listener = listen_on_loopback();
  ::close(listener.fd);
  return listener.address.port;
}

/// Processes that run at the same time get networks of their own.
Cidr own_network() {
  const auto pid = static_cast<unsigned>(::getpid());
  return Cidr::parse(fmt::format("127.{}.{}.0/24", 64 + pid % 128, pid / 128 % 256)).value();
}

std::string request_text(const Ask& ask) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", ask.method, ask.target, ask.host);
  for (const auto& field : ask.fields) text += field + "\r\n";
  return text + "\r\n";
}

}  // namespace

YamlRig::YamlRig(std::string_view objects) {
  for (const auto& [space, name] : kServices)
    backends_[std::string(name)] = std::make_unique<ScriptedBackend>(echoing(std::string(name)));
  options_.address_pool = {own_network()};
  for (const std::uint16_t port : {80, 8080, 8090}) options_.port_map[port] = free_port();
  gateway_ = std::make_unique<WireGateway>(WirePlan{});
  publish(objects);
}

void YamlRig::publish(std::string_view objects) {
  const auto all = base_objects() + "---\n" + std::string(objects);
  translation_ = translate::translate(snapshot_from_yaml(all), options_, nullptr);
  gateway_->publish(translation_.config);
}

std::string YamlRig::base_objects() const {
  std::string text(kBase);
  text += fmt::format(kGateway, "same-namespace", "{from: Same}");
  text += fmt::format(kGateway, "all-namespaces", "{from: All}");
  text += fmt::format(kGateway, "backend-namespaces",
                      "{from: Selector, selector: {matchLabels: {gateway-conformance: backend}}}");
  for (const auto& [space, name] : kServices)
    text += fmt::format(kService, name, space, backends_.at(std::string(name))->address().to_string());
  return text;
}

RawClient YamlRig::connect(const std::string& gateway, std::uint16_t port) {
  for (const auto& listener : translation_.config->listeners)
    if (listener->gateway == gateway && listener->advertised_port == port && !listener->binds.empty())
      return RawClient(listener->binds.front());
  FAIL("no listener of " << gateway << " on port " << port);
  return RawClient(gateway_->address());
}

Answer YamlRig::ask(const Ask& ask) {
  auto client = connect(ask.gateway, ask.port);
  client.send(request_text(ask));
  const auto response = client.read_final_response(ask.method == "HEAD" ? HasBody::no : HasBody::by_framing);
  Answer answer;
  if (!response) return answer;
  answer.response = *response;
  answer.status = response->status();
  answer.backend = response->field("X-Served-By");
  std::string_view echoed = response->body;
  if (answer.backend.empty()) return answer;
  if (auto request = take_request(echoed)) answer.request = std::move(*request);
  return answer;
}

std::string YamlRig::answer_of(int status, const std::string& name, const WireMessage& request) {
  std::string fields;
  for (const auto& line : request.all("X-Answer")) fields += line + "\r\n";
  // As the body an answer holds the head alone, so that it is a request without a body.
  std::string head = request.start_line + "\r\n";
  for (const auto& [field, value] : request.fields)
    if (!equals_ignoring_case(field, "Content-Length") && !equals_ignoring_case(field, "Transfer-Encoding"))
      head += field + ": " + value + "\r\n";
  head += "\r\n";
  return fmt::format("HTTP/1.1 {} Echo\r\nX-Served-By: {}\r\n{}Content-Length: {}\r\n\r\n{}", status, name,
                     fields, head.size(), request.start_line.starts_with("HEAD ") ? "" : head);
}

bool YamlRig::echo(BackendConnection& connection, const std::string& name, const WireMessage& request) {
  return connection.send(answer_of(200, name, request));
}

ScriptedBackend::Script YamlRig::echoing(std::string name) {
  return [name = std::move(name)](BackendConnection& connection) {
    while (const auto request = connection.read_request())
      if (!echo(connection, name, *request)) return;
  };
}

}  // namespace gatehouse::test
