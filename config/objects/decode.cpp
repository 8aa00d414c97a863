// SPDX-License-Identifier: Apache-2.0
// Kind dispatch and metadata.
#include "config/objects/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

using nlohmann::json;

constexpr std::string_view kCore;

constexpr std::size_t kMaxAnnotationBytes = 256 * 1024;

enum class Scope : std::uint8_t { cluster, namespaced };

struct KindRow {
  std::string_view kind;
  std::string_view group;  ///< "" = core
  std::array<std::string_view, 3> versions;
  Scope scope;
  Check name;
  AnyObject (*decode)(Reader&, ObjectMeta&&);
};

template <typename Object>
AnyObject decode_as(Reader& root, ObjectMeta&& meta) {
  auto object = std::make_shared<Object>();
  object->meta = std::move(meta);
  decode(root, *object);
  return std::shared_ptr<const Object>(std::move(object));
}

template <typename Object>
constexpr KindRow row(std::string_view group, std::array<std::string_view, 3> versions, Scope scope,
                      Check name = check_dns_subdomain) {
  return {Object::kKind, group, versions, scope, name, decode_as<Object>};
}

constexpr std::array<KindRow, 19> kKinds{
    row<GatewayClass>(kGatewayGroup, {"v1", "v1beta1"}, Scope::cluster),
    row<Gateway>(kGatewayGroup, {"v1", "v1beta1"}, Scope::namespaced),
    row<ListenerSet>(kGatewayGroup, {"v1"}, Scope::namespaced),
    row<HttpRoute>(kGatewayGroup, {"v1", "v1beta1"}, Scope::namespaced),
    row<GrpcRoute>(kGatewayGroup, {"v1"}, Scope::namespaced),
    row<TlsRoute>(kGatewayGroup, {"v1", "v1alpha3", "v1alpha2"}, Scope::namespaced),
    row<TcpRoute>(kGatewayGroup, {"v1", "v1alpha2"}, Scope::namespaced),
    row<UdpRoute>(kGatewayGroup, {"v1", "v1alpha2"}, Scope::namespaced),
    row<ReferenceGrant>(kGatewayGroup, {"v1", "v1beta1"}, Scope::namespaced),
    row<BackendTlsPolicy>(kGatewayGroup, {"v1", "v1alpha3"}, Scope::namespaced),
    row<XBackend>(kExperimentalGroup, {"v1alpha1"}, Scope::namespaced),
    row<XBackendTrafficPolicy>(kExperimentalGroup, {"v1alpha1"}, Scope::namespaced),
    row<BackendTrafficPolicy>(kOwnGroup, {"v1alpha1"}, Scope::namespaced),
    row<Service>(kCore, {"v1"}, Scope::namespaced, check_dns_label),
    row<EndpointSlice>("discovery.k8s.io", {"v1"}, Scope::namespaced),
    row<Namespace>(kCore, {"v1"}, Scope::cluster, check_dns_label),
    row<Secret>(kCore, {"v1"}, Scope::namespaced),
    row<ConfigMap>(kCore, {"v1"}, Scope::namespaced),
};

const KindRow* find_kind(std::string_view kind, std::string_view group) {
  for (const auto& row : kKinds)
    if (row.kind == kind && row.group == group) return &row;
  return nullptr;
}

std::string text_of(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// What is known of an object before it is decoded, so that every message can name it.
struct Identity {
  std::string kind;
  std::string group;
  std::string version;
  std::string name;
  std::string ns;
};

Identity read_identity(const json& document) {
  Identity id;
  id.kind = text_of(document, "kind");
  const auto api_version = text_of(document, "apiVersion");
  const auto slash = api_version.find('/');
  if (slash != std::string::npos) id.group = api_version.substr(0, slash);
  id.version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
  const auto meta = document.find("metadata");
  if (meta == document.end() || !meta->is_object()) return id;
  id.name = text_of(*meta, "name");
  id.ns = text_of(*meta, "namespace");
  return id;
}

std::int64_t read_timestamp(Reader& reader) {
  constexpr auto kKey = "creationTimestamp";
  const auto text = reader.text(kKey);
  if (!text) return 0;
  const auto seconds = parse_rfc3339(*text);
  if (!seconds) reader.warning_at(kKey, {"is not an RFC 3339 time: ignored", "write 2024-01-31T12:00:00Z"});
  return seconds.value_or(0);
}

/// The domain of an annotation's key may have capitals.
std::optional<Complaint> check_annotation_key(std::string_view text) {
  return check_qualified_name(lower_case(text));
}

void check_annotation_size(Reader& reader, const std::map<std::string, std::string>& annotations) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : annotations) bytes += key.size() + value.size();
  if (bytes > kMaxAnnotationBytes)
    reader.error_at(
        "annotations",
        {fmt::format("hold {} bytes, at most {} are allowed", bytes, kMaxAnnotationBytes), "shorten them"});
}

ObjectMeta read_metadata(Reader& reader, const KindRow& row) {
  constexpr Range kCounter{0, INT64_MAX};
  ObjectMeta meta;
  meta.name = reader.required_text("name", row.name);
  auto ns = reader.text("namespace", check_dns_label);
  if (row.scope == Scope::namespaced)
    meta.ns = ns && !ns->empty() ? *ns : "default";
  else if (ns)
    reader.warning_at("namespace", {"objects of this kind have no namespace: ignored", "remove it"});
  meta.labels = reader.text_map("labels", {kNoLimit, check_qualified_name, check_label_value});
  meta.annotations = reader.text_map("annotations", {kNoLimit, check_annotation_key, nullptr});
  check_annotation_size(reader, meta.annotations);
  meta.generation = reader.integer("generation", kCounter).value_or(0);
  meta.creation_timestamp = read_timestamp(reader);
  meta.uid = reader.text_or("uid", "");
  meta.resource_version = reader.text_or("resourceVersion", "");
  return meta;
}

Decoded decode_known(const json& document, const KindRow& row, const Identity& id, const SourceMap* locations,
                     std::set<std::string>* fields) {
  Decoded result;
  ObjectMeta named;
  named.name = id.name;
  if (row.scope == Scope::namespaced) named.ns = id.ns.empty() ? "default" : id.ns;
  const auto title = id.name.empty() ? std::string(row.kind) : identity(row.kind, named);
  if (!id.name.empty()) result.identity = title;

  Diagnostics diagnostics(std::string(row.kind), title, locations);
  diagnostics.record_fields(fields);
  if (row.kind == Secret::kKind) diagnostics.hide_values();
  const Path top;
  std::optional<AnyObject> object;
  if (id.version.empty() ||
      std::find(row.versions.begin(), row.versions.end(), id.version) == row.versions.end()) {
    diagnostics.error(Path(top, "apiVersion"),
                      {fmt::format("version {} of {} is not supported", id.version, row.kind),
                       fmt::format("use {}{}{}", row.group, row.group.empty() ? "" : "/", row.versions[0])});
  } else {
    Reader root(document, top, diagnostics);
    root.text("apiVersion");
    root.text("kind");
    ObjectMeta meta;
    if (!root.object("metadata", [&](Reader& reader) { meta = read_metadata(reader, row); }))
      root.error_at("metadata", {"is required", "add metadata: with a name:"});
    object = row.decode(root, std::move(meta));
  }
  if (!diagnostics.failed()) result.object = std::move(object);
  result.problems = diagnostics.take();
  return result;
}

}  // namespace

Decoded decode_object(const json& document, const SourceMap* locations, std::set<std::string>* fields) {
  const Path top;
  if (!document.is_object() || text_of(document, "kind").empty() || text_of(document, "apiVersion").empty()) {
    Diagnostics diagnostics("", "", locations);
    diagnostics.error(top, {"not a Kubernetes object: apiVersion or kind is missing",
                            "start it with apiVersion: and kind:"});
    return {std::nullopt, {}, {}, diagnostics.take()};
  }
  const auto id = read_identity(document);
  if (const KindRow* row = find_kind(id.kind, id.group))
    return decode_known(document, *row, id, locations, fields);
  return {std::nullopt, {}, fmt::format("{} ({})", id.kind, text_of(document, "apiVersion")), {}};
}

}  // namespace gatehouse::objects
