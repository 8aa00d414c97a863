// SPDX-License-Identifier: Apache-2.0
// Objects, resource versions and the log.
#include "tests/support/fake_api_objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace gatehouse::test {
namespace {

using nlohmann::json;

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find(by);
    if (end != 0) parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::string text_at(const json& object, const json::json_pointer& at) {
  return object.contains(at) && object.at(at).is_string() ? object.at(at).get<std::string>() : std::string();
}

std::string field_of(const json& object, std::string_view field) {
  std::string pointer = "/" + std::string(field);
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  return text_at(object, json::json_pointer(pointer));
}

bool selects(const json& object, const ApiPath& path, const ApiQuery& query) {
  if (!path.ns.empty() && field_of(object, "metadata.namespace") != path.ns) return false;
  for (const auto& term : split(query.labels, ',')) {
    const auto equals = term.find('=');
    const auto labels = object.value("/metadata/labels"_json_pointer, json::object());
    if (!labels.contains(term.substr(0, equals))) return false;
    if (equals != std::string::npos && labels.at(term.substr(0, equals)) != term.substr(equals + 1))
      return false;
  }
  for (const auto& term : split(query.fields, ',')) {
    const auto equals = term.find('=');
    if (field_of(object, term.substr(0, equals)) != term.substr(equals + 1)) return false;
  }
  return true;
}

std::vector<ApiResource> cluster_resources() {
  const std::string gateway = "gateway.networking.k8s.io";
  const std::string trial = "gateway.networking.x-k8s.io";
  return {
      {"", "services", "Service", true, {"v1"}},
      {"", "namespaces", "Namespace", false, {"v1"}},
      {"", "secrets", "Secret", true, {"v1"}},
      {"", "configmaps", "ConfigMap", true, {"v1"}},
      {"", "serviceaccounts", "ServiceAccount", true, {"v1"}},
      {"", "events", "Event", true, {"v1"}},
      {"", "nodes", "Node", false, {"v1"}},
      {"", "pods", "Pod", true, {"v1"}},
      {"apps", "deployments", "Deployment", true, {"v1"}},
      {"discovery.k8s.io", "endpointslices", "EndpointSlice", true, {"v1"}},
      {"coordination.k8s.io", "leases", "Lease", true, {"v1"}},
      {"events.k8s.io", "events", "Event", true, {"v1"}},
      {gateway, "gatewayclasses", "GatewayClass", false, {"v1", "v1beta1"}},
      {gateway, "gateways", "Gateway", true, {"v1", "v1beta1"}},
      {gateway, "listenersets", "ListenerSet", true, {"v1"}},
      {gateway, "httproutes", "HTTPRoute", true, {"v1", "v1beta1"}},
      {gateway, "grpcroutes", "GRPCRoute", true, {"v1"}},
      {gateway, "tlsroutes", "TLSRoute", true, {"v1", "v1alpha3", "v1alpha2"}},
      {gateway, "tcproutes", "TCPRoute", true, {"v1", "v1alpha2"}},
      {gateway, "udproutes", "UDPRoute", true, {"v1", "v1alpha2"}},
      {gateway, "referencegrants", "ReferenceGrant", true, {"v1", "v1beta1"}},
      {gateway, "backendtlspolicies", "BackendTLSPolicy", true, {"v1", "v1alpha3"}},
      {trial, "xbackends", "XBackend", true, {"v1alpha1"}},
      {trial, "xbackendtrafficpolicies", "XBackendTrafficPolicy", true, {"v1alpha1"}},
      {"gatehouse.dev", "backendtrafficpolicies", "BackendTrafficPolicy", true, {"v1alpha1"}},
  };
}

std::string api_version_of(const ApiPath& path) {
  return path.group.empty() ? path.version : path.group + "/" + path.version;
}

}  // namespace

std::optional<ApiPath> parse_api_path(std::string_view path) {
  auto parts = split(path.substr(0, path.find('?')), '/');
  ApiPath found;
  std::size_t at = 0;
  const auto next = [&] { return at < parts.size() ? parts[at++] : std::string(); };
  const auto root = next();
  if (root != "api" && root != "apis") return std::nullopt;
  if (root == "apis") found.group = next();
  found.version = next();
  if (at + 2 < parts.size() && parts[at] == "namespaces" && parts[at + 2] != "status") {
    at += 1;
    found.ns = next();
  }
  found.plural = next();
  found.name = next();
  found.sub = next();
  return found;
}

ApiReply status_reply(int status, const std::string& reason, const std::string& message) {
  return {status,
          {{"kind", "Status"},
           {"apiVersion", "v1"},
           {"metadata", json::object()},
           {"status", status < 300 ? "Success" : "Failure"},
           {"message", message},
           {"reason", reason},
           {"code", status}}};
}

FakeApiObjects::FakeApiObjects() : resources_(cluster_resources()) {}

const ApiResource* FakeApiObjects::find(const ApiPath& path) const {
  for (const auto& row : resources_) {
    if (row.group != path.group || row.plural != path.plural) continue;
    return std::count(row.versions.begin(), row.versions.end(), path.version) ? &row : nullptr;
  }
  return nullptr;
}

json FakeApiObjects::shown(const json& object, const ApiPath& path) const {
  json copy = object;
  copy["apiVersion"] = api_version_of(path);
  return copy;
}

ApiReply FakeApiObjects::get(const ApiPath& path) const {
  const auto found = objects_.find(key_of(path));
  if (found == objects_.end())
    return status_reply(404, "NotFound", fmt::format("{} \"{}\" not found", path.plural, path.name));
  return {200, shown(found->second, path)};
}

ApiReply FakeApiObjects::store(const ApiPath& path, json object, const char* type) {
  auto& slot = objects_[key_of(path)];
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  Event event{version_, type, path.group, path.plural, object, std::move(slot)};
  slot = std::move(object);
  log_.push_back(std::move(event));
  return {200, shown(slot, path)};
}

ApiReply FakeApiObjects::create(const ApiPath& path, json object) {
  const auto* resource = find(path);
  if (resource == nullptr)
    return status_reply(404, "NotFound", "the server could not find the requested resource");
  ApiPath at = path;
  auto& meta = object["metadata"];
  if (!meta.contains("name") && meta.contains("generateName"))
    meta["name"] = fmt::format("{}{:05}", meta["generateName"].get<std::string>(), next_uid_);
  at.name = text_at(object, "/metadata/name"_json_pointer);
  if (resource->namespaced && at.ns.empty()) at.ns = "default";
  if (objects_.contains(key_of(at)))
    return status_reply(409, "AlreadyExists", fmt::format("{} \"{}\" already exists", at.plural, at.name));
  if (resource->namespaced) meta["namespace"] = at.ns;
  object["kind"] = resource->kind;
  meta["uid"] = fmt::format("00000000-0000-0000-0000-{:012}", next_uid_++);
  meta["generation"] = 1;
  if (!meta.contains("creationTimestamp")) meta["creationTimestamp"] = "2026-01-01T00:00:00Z";
  auto reply = store(at, std::move(object), "ADDED");
  reply.status = 201;
  return reply;
}

ApiReply FakeApiObjects::replace(const ApiPath& path, json object) {
  const auto found = objects_.find(key_of(path));
  if (found == objects_.end()) return get(path);
  const json& old = found->second;
  const auto claimed = text_at(object, "/metadata/resourceVersion"_json_pointer);
  if (!claimed.empty() && claimed != text_at(old, "/metadata/resourceVersion"_json_pointer)) {
    return status_reply(
        409, "Conflict",
        fmt::format("Operation cannot be fulfilled on {} \"{}\": the object has been modified", path.plural,
                    path.name));
  }
  json next = old;
  if (path.sub == "status") {
    if (object.contains("status")) next["status"] = object["status"];
  } else {
    next = object;
    next["kind"] = old["kind"];
    for (const char* kept : {"uid", "creationTimestamp", "namespace", "name", "generation"})
      if (old["metadata"].contains(kept)) next["metadata"][kept] = old["metadata"][kept];
    if (old.contains("status")) next["status"] = old["status"];
    if (next.value("spec", json()) != old.value("spec", json()))
      next["metadata"]["generation"] = old["metadata"].value("generation", 0) + 1;
  }
  next["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"];
  next["apiVersion"] = old.value("apiVersion", "");
  if (next == old) return {200, shown(old, path)};
  return store(path, std::move(next), "MODIFIED");
}

ApiReply FakeApiObjects::patch(const ApiPath& path, const json& change, bool apply) {
  const auto found = objects_.find(key_of(path));
  if (found == objects_.end()) {
    if (!apply) return get(path);
    return create(path, change);
  }
  json next = found->second;
  next.merge_patch(change);
  return replace(path, std::move(next));
}

ApiReply FakeApiObjects::remove(const ApiPath& path) {
  const auto found = objects_.find(key_of(path));
  if (found == objects_.end()) return get(path);
  json object = std::move(found->second);
  objects_.erase(found);
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  log_.push_back({version_, "DELETED", path.group, path.plural, object, object});
  return status_reply(200, "", "");
}

ApiReply FakeApiObjects::list(const ApiPath& path, const ApiQuery& query, std::size_t limit,
                              std::size_t from) const {
  const auto* resource = find(path);
  if (resource == nullptr)
    return status_reply(404, "NotFound", "the server could not find the requested resource");
  json items = json::array();
  std::size_t seen = 0;
  std::size_t left = 0;
  for (const auto& [key, object] : objects_) {
    if (std::get<0>(key) != path.group || std::get<1>(key) != path.plural) continue;
    if (!selects(object, path, query) || seen++ < from) continue;
    if (limit > 0 && items.size() == limit) {
      ++left;
      continue;
    }
    auto item = shown(object, path);
    // As for types that are built in: their items do not say what they are.
    if (path.group.find("gateway") == std::string::npos) {
      item.erase("kind");
      item.erase("apiVersion");
    }
    items.push_back(std::move(item));
  }
  json meta{{"resourceVersion", std::to_string(version_)}};
  if (left > 0) {
    meta["continue"] = fmt::format("{}:{}", version_, from + limit);
    meta["remainingItemCount"] = left;
  }
  return {200,
          {{"kind", resource->kind + "List"},
           {"apiVersion", api_version_of(path)},
           {"metadata", std::move(meta)},
           {"items", std::move(items)}}};
}

json FakeApiObjects::seen(const Event& event, const ApiPath& path, const ApiQuery& query) const {
  if (event.group != path.group || event.plural != path.plural) return nullptr;
  const bool now = event.type != "DELETED" && selects(event.object, path, query);
  const bool before = !event.before.is_null() && selects(event.before, path, query);
  if (!now && !before) return nullptr;
  const char* type = now ? (before ? "MODIFIED" : "ADDED") : "DELETED";
  return {{"type", type}, {"object", shown(event.object, path)}};
}

void FakeApiObjects::forget(const std::string& group, const std::string& plural) {
  std::erase_if(objects_, [&](const auto& entry) {
    return std::get<0>(entry.first) == group && std::get<1>(entry.first) == plural;
  });
}

}  // namespace gatehouse::test
