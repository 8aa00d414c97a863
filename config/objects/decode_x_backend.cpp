// SPDX-License-Identifier: Apache-2.0
// XBackend.
#include <fmt/format.h>

#include <array>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 2> kTypes{"ExternalHostname", "EndpointSelector"};
constexpr std::array<UnionMember, 2> kMembers{
    {{"ExternalHostname", "externalHostname"}, {"EndpointSelector", "endpointSelector"}}};
constexpr std::array<std::string_view, 8> kProtocols{"TCP", "HTTP", "HTTP2", "HTTP11",
                                                     "H2C", "MCP",  "GRPC",  "WSS"};
constexpr std::array<std::string_view, 3> kTlsModes{"None", "ServerOnly", "ClientAndServer"};
constexpr std::size_t kMaxMatchLabels = 64;
constexpr std::string_view kClusterDomain = ".cluster.local";

XBackendTls read_tls(Reader& reader) {
  XBackendTls tls;
  tls.mode = reader.required_choice("mode", kTlsModes);
  reader.object("clientCertificateRef",
                [&](Reader& ref) { tls.client_certificate_ref = read_secret_ref(ref); });
  reader.object("validation", [&](Reader& config) { tls.validation = read_backend_validation(config); });
  if ((tls.mode == "ClientAndServer") != reader.has("clientCertificateRef"))
    reader.error_at("clientCertificateRef", {"goes with mode ClientAndServer, and only with it",
                                             "add or remove it, or change the mode"});
  if ((tls.mode != "None") != reader.has("validation"))
    reader.error_at("validation", {"goes with every mode but None", "add or remove it, or change the mode"});
  return tls;
}

void read_external_hostname(Reader& reader, XBackend& to) {
  to.hostname = reader.required_text("hostname", check_precise_hostname);
  if (to.hostname.ends_with(kClusterDomain))
    reader.error_at("hostname",
                    {fmt::format("ends with {}", kClusterDomain), "refer to the Service instead"});
}

void read_endpoint_selector(Reader& reader, XBackend& to) {
  if (!reader.require("matchLabels", "add the labels of the pods")) return;
  to.match_labels =
      reader.text_map("matchLabels", {kMaxMatchLabels, check_qualified_name, check_label_value});
  if (to.match_labels.empty())
    reader.error_at("matchLabels", {"must not be empty", "add at least one label"});
}

void check_protocol(Reader& spec, const XBackend& backend) {
  const auto protocol = backend.protocol.value_or("");
  const bool encrypted = backend.tls.mode != "None";
  if (protocol == "H2C" && encrypted)
    spec.error_at("tls", {"must be off for protocol H2C", "remove it, or use protocol HTTP2"});
  if ((protocol == "HTTP2" || protocol == "WSS") && !encrypted)
    spec.error_at("tls", {fmt::format("is required for protocol {}", protocol), "add it with a mode"});
}

}  // namespace

void decode(Reader& root, XBackend& to) {
  read_spec(root, "add spec: with type: and port:", [&](Reader& spec) {
    to.type = spec.required_choice("type", kTypes);
    check_union(spec, kMembers, to.type);
    spec.require("port", "add port: {number: 443}");
    spec.object("port", [&](Reader& port) {
      port.require("number", "add it");
      to.port = port.small_integer("number", kPortRange);
    });
    spec.object("externalHostname", [&](Reader& reader) { read_external_hostname(reader, to); });
    spec.object("endpointSelector", [&](Reader& reader) { read_endpoint_selector(reader, to); });
    to.protocol = spec.optional_choice("protocol", kProtocols);
    spec.object("tls", [&](Reader& tls) { to.tls = read_tls(tls); });
    check_protocol(spec, to);
    spec.object("sessionPersistence",
                [&](Reader& reader) { to.session_persistence = read_session_persistence(reader); });
    if (spec.has("sessionPersistence") && to.type != "EndpointSelector")
      spec.error_at("sessionPersistence", {"goes with type EndpointSelector only", "remove it"});
  });
}

}  // namespace gatehouse::objects
