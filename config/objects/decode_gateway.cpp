// SPDX-License-Identifier: Apache-2.0
// GatewayClass, Gateway, ListenerSet and ReferenceGrant.
#include <fmt/format.h>

#include <array>
#include <set>

#include "base/ip.h"
#include "base/text.h"
#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 4> kFrom{"All", "Selector", "Same", "None"};
constexpr std::array<std::string_view, 2> kScopes{"All", "None"};
constexpr std::array<std::string_view, 2> kValidationModes{"AllowValidOnly", "AllowInsecureFallback"};
constexpr std::size_t kMaxAddresses = 16;
constexpr std::size_t kMaxAddressValue = 253;
constexpr std::size_t kMaxDescription = 64;
constexpr std::size_t kMaxLabels = 8;
constexpr std::size_t kMaxAnnotations = 16;
constexpr std::size_t kMaxAnnotationValue = 4096;
constexpr std::size_t kMaxAuthorities = 16;
constexpr std::size_t kMaxTlsPorts = 64;
constexpr std::size_t kMaxGrantEntries = 16;

std::optional<Complaint> check_description(std::string_view text) {
  return check_length(text, kMaxDescription);
}

std::optional<Complaint> check_address_value(std::string_view text) {
  return check_length(text, kMaxAddressValue);
}

std::optional<Complaint> check_annotation_value(std::string_view text) {
  return check_length(text, kMaxAnnotationValue);
}

ParametersReference read_parameters_ref(Reader& reader) {
  const auto object = read_object_ref(reader);
  return {object.group, object.kind, object.name, object.ns};
}

/// Kubernetes takes leading zeros in IPv4, which nobody else does.
bool is_ip_address(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const bool leads = plain.empty() || plain.back() == '.';
    if (plain.ends_with('0') && is_digit(c) && (plain.size() == 1 || plain[plain.size() - 2] == '.'))
      plain.back() = c;
    else if (c != '.' || !leads)
      plain += c;
    else
      return false;
  }
  return IpAddress::parse(text) || (text.find(':') == std::string_view::npos && IpAddress::parse(plain));
}

GatewayAddress read_address(Reader& reader) {
  GatewayAddress address;
  address.type = reader.text_or("type", address.type, check_address_type);
  const auto value = reader.text("value", check_address_value);
  address.value = value.value_or("");
  address.routability = reader.text_or("routability", "", check_routability);
  if (address.type == "IPAddress" && value && !is_ip_address(*value))
    reader.error_at("value", {fmt::format("\"{}\" is not an IP address", *value),
                              "write an address such as 192.0.2.10, or leave it out to get one"});
  if (address.type == "Hostname" && value)
    if (const auto complaint = check_hostname(*value)) reader.error_at("value", *complaint);
  return address;
}

void check_addresses(Reader& spec, const std::vector<GatewayAddress>& addresses) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& address : addresses) {
    const bool counts = (address.type == "IPAddress" || address.type == "Hostname") && !address.value.empty();
    if (counts && !seen.emplace(address.type, address.value).second)
      spec.error_at("addresses",
                    {fmt::format("{} {} is listed twice", address.type, address.value), "keep one"});
  }
}

GatewayInfrastructure read_infrastructure(Reader& reader) {
  GatewayInfrastructure infrastructure;
  infrastructure.labels =
      reader.text_map("labels", {kMaxLabels, check_infrastructure_key, check_label_value});
  infrastructure.annotations =
      reader.text_map("annotations", {kMaxAnnotations, check_infrastructure_key, check_annotation_value});
  reader.object("parametersRef", [&](Reader& ref) { infrastructure.parameters_ref = read_local_ref(ref); });
  return infrastructure;
}

AllowedListeners read_allowed_listeners(Reader& reader) {
  AllowedListeners allowed;
  reader.object("namespaces", [&](Reader& namespaces) {
    allowed.from = namespaces.choice("from", kFrom, allowed.from);
    namespaces.object("selector", [&](Reader& selector) { allowed.selector = read_selector(selector); });
  });
  return allowed;
}

std::optional<FrontendValidation> read_validation(Reader& owner) {
  std::optional<FrontendValidation> validation;
  owner.object("validation", [&](Reader& reader) {
    validation.emplace();
    reader.require_list("caCertificateRefs", "name a ConfigMap with ca.crt");
    reader.each("caCertificateRefs", kMaxAuthorities, [&](Reader& entry) {
      const auto& ref = validation->ca_certificate_refs.emplace_back(read_object_ref(entry));
      if (ref.group == "certificates.k8s.io" && ref.kind == "ClusterTrustBundle" && ref.ns)
        entry.error_at("namespace", {"must not be set for a ClusterTrustBundle", "remove it"});
    });
    validation->mode = reader.choice("mode", kValidationModes, validation->mode);
  });
  return validation;
}

FrontendPortTls read_port_tls(Reader& reader) {
  FrontendPortTls entry;
  reader.require("port", "add the port of a listener");
  entry.port = reader.small_integer("port", kPortRange).value_or(0);
  reader.require("tls", "add it");
  reader.object("tls", [&](Reader& tls) { entry.validation = read_validation(tls); });
  return entry;
}

void read_frontend_tls(Reader& reader, GatewayTls& to) {
  to.has_frontend = true;
  reader.require("default", "add default: {}");
  reader.object("default", [&](Reader& tls) { to.frontend_default = read_validation(tls); });
  std::set<std::int32_t> ports;
  reader.each("perPort", kMaxTlsPorts, [&](Reader& entry) {
    to.frontend_per_port.push_back(read_port_tls(entry));
    const auto port = to.frontend_per_port.back().port;
    if (!ports.insert(port).second)
      entry.error_at("port", {fmt::format("port {} is listed twice", port), "keep one"});
  });
}

GatewayTls read_gateway_tls(Reader& reader) {
  GatewayTls tls;
  reader.object("backend", [&](Reader& backend) {
    backend.object("clientCertificateRef",
                   [&](Reader& ref) { tls.backend_client_certificate = read_secret_ref(ref); });
  });
  reader.object("frontend", [&](Reader& frontend) { read_frontend_tls(frontend, tls); });
  return tls;
}

ReferenceGrantFrom read_grant_from(Reader& reader) {
  ReferenceGrantFrom from;
  from.group = reader.required_text("group", check_group);
  from.kind = reader.required_text("kind", check_kind);
  from.ns = reader.required_text("namespace", check_dns_label);
  return from;
}

ReferenceGrantTo read_grant_to(Reader& reader) {
  ReferenceGrantTo to;
  to.group = reader.required_text("group", check_group);
  to.kind = reader.required_text("kind", check_kind);
  to.name = reader.text("name", check_object_name);
  return to;
}

}  // namespace

void decode(Reader& root, GatewayClass& to) {
  read_spec(root, "add spec: with a controllerName:", [&](Reader& spec) {
    to.controller_name = spec.required_text("controllerName", check_controller_name);
    to.description = spec.text_or("description", "", check_description);
    spec.object("parametersRef", [&](Reader& ref) { to.parameters_ref = read_parameters_ref(ref); });
  });
}

void decode(Reader& root, Gateway& to) {
  read_spec(root, "add spec: with gatewayClassName: and listeners:", [&](Reader& spec) {
    to.gateway_class_name = spec.required_text("gatewayClassName", check_object_name);
    to.listeners = read_listeners(spec, ListenerOwner::gateway);
    spec.each("addresses", kMaxAddresses,
              [&](Reader& address) { to.addresses.push_back(read_address(address)); });
    check_addresses(spec, to.addresses);
    spec.object("infrastructure", [&](Reader& reader) { to.infrastructure = read_infrastructure(reader); });
    spec.object("allowedListeners",
                [&](Reader& reader) { to.allowed_listeners = read_allowed_listeners(reader); });
    spec.object("tls", [&](Reader& reader) { to.tls = read_gateway_tls(reader); });
    to.default_scope = spec.choice("defaultScope", kScopes, "");
  });
}

void decode(Reader& root, ListenerSet& to) {
  read_spec(root, "add spec: with parentRef: and listeners:", [&](Reader& spec) {
    spec.require("parentRef", "name the Gateway");
    spec.object("parentRef", [&](Reader& ref) { to.parent_ref = read_parent_gateway(ref); });
    to.listeners = read_listeners(spec, ListenerOwner::listener_set);
  });
}

void decode(Reader& root, ReferenceGrant& to) {
  read_spec(root, "add spec: with from: and to:", [&](Reader& spec) {
    spec.require_list("from", "say who may refer");
    spec.each("from", kMaxGrantEntries, [&](Reader& from) { to.from.push_back(read_grant_from(from)); });
    spec.require_list("to", "say to what");
    spec.each("to", kMaxGrantEntries, [&](Reader& entry) { to.to.push_back(read_grant_to(entry)); });
  });
}

}  // namespace gatehouse::objects
