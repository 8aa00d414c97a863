// SPDX-License-Identifier: Apache-2.0
#include "controller/status_json.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>

namespace gatehouse::controller {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestMessage = 32768;

/// Not in the middle of a UTF-8 sequence.
std::string_view cut(std::string_view message) {
  if (message.size() <= kLongestMessage) return message;
  auto end = kLongestMessage;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) --end;
  return message.substr(0, end);
}

template <typename T>
std::optional<T> optional_field(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || at->is_null()) return std::nullopt;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!at->is_string()) return std::nullopt;
  } else if (!at->is_number_integer()) {
    return std::nullopt;
  }
  return at->get<T>();
}

}  // namespace

Json to_json(const objects::Condition& condition, std::string_view last_transition_time) {
  Json json = {{"type", condition.type},
               {"status", condition.status},
               {"reason", condition.reason},
               {"message", cut(condition.message)},
               {"lastTransitionTime", last_transition_time}};
  if (condition.observed_generation != 0) json["observedGeneration"] = condition.observed_generation;
  return json;
}

Json to_json(const objects::ParentReference& reference) {
  Json json = {{"group", reference.group}, {"kind", reference.kind}, {"name", reference.name}};
  if (reference.ns) json["namespace"] = *reference.ns;
  if (reference.section_name) json["sectionName"] = *reference.section_name;
  if (reference.port) json["port"] = *reference.port;
  return json;
}

Json to_json(const objects::GatewayAddress& address) {
  Json json = {{"type", address.type}, {"value", address.value}};
  if (!address.routability.empty()) json["routability"] = address.routability;
  return json;
}

Json to_json(const objects::RouteGroupKind& kind) {
  return {{"group", kind.group}, {"kind", kind.kind}};
}

objects::ParentReference parent_reference(const Json& value) {
  objects::ParentReference reference;
  if (!value.is_object()) return reference;
  reference.group = optional_field<std::string>(value, "group").value_or(reference.group);
  reference.kind = optional_field<std::string>(value, "kind").value_or(reference.kind);
  reference.name = optional_field<std::string>(value, "name").value_or("");
  reference.ns = optional_field<std::string>(value, "namespace");
  reference.section_name = optional_field<std::string>(value, "sectionName");
  reference.port = optional_field<std::int32_t>(value, "port");
  return reference;
}

}  // namespace gatehouse::controller
