// SPDX-License-Identifier: Apache-2.0
// JSON of lists and watches.
#include "controller/watch_line.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "config/objects/decode.h"

namespace gatehouse::controller {
namespace {

using nlohmann::json;

constexpr int kItemDepth = 2;   ///< of an element of "items" in a list
constexpr int kMaxDepth = 100;  ///< what lies deeper is left out

const json& member(const json& object, std::string_view key) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text_of(const json& object, std::string_view key) {
  const auto& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string full_name(const json& meta) {
  const auto ns = text_of(meta, "namespace");
  const auto name = text_of(meta, "name");
  return ns.empty() ? name : ns + "/" + name;
}

std::string message_of(const json& status) {
  return fmt::format("{} {}: {}",
                     member(status, "code").is_number_integer() ? member(status, "code").dump() : "",
                     text_of(status, "reason"), escaped(text_of(status, "message")));
}

/// Takes `object` apart; it is the caller's last use of it.
Arrival arrival_of(const WatchedKind& kind, std::string_view version, json& object) {
  Arrival arrival;
  const auto& meta = member(object, "metadata");
  arrival.name = full_name(meta);
  arrival.observed.uid = text_of(meta, "uid");
  arrival.observed.resource_version = text_of(meta, "resourceVersion");
  arrival.observed.api_version = api_version(kind, version);
  const auto& generation = member(meta, "generation");
  if (generation.is_number_integer()) arrival.observed.generation = generation.get<std::int64_t>();
  if (kind.metadata_only) return arrival;
  const auto& status = member(object, "status");
  if (kind.writes_status && !status.is_null())
    arrival.observed.status = status.dump(-1, ' ', false, json::error_handler_t::replace);
  // Items of a list of a type that is built in do not say what they are.
  object["kind"] = kind.kind;
  object["apiVersion"] = arrival.observed.api_version;
  if (const auto at = object.find("metadata"); at != object.end() && at->is_object())
    at->erase("resourceVersion");
  auto decoded = objects::decode_object(object);
  arrival.object = std::move(decoded.object);
  arrival.problems = std::move(decoded.problems);
  return arrival;
}

WatchEvent broken(std::string why) {
  WatchEvent event;
  event.error = std::move(why);
  return event;
}

/// 504 with "too large resource version": a server that is behind the one that gave us ours.
bool asks_for_list(const json& status) {
  const auto& code = member(status, "code");
  if (code.is_number_integer() && code.get<std::int64_t>() == 410) return true;
  const auto reason = text_of(status, "reason");
  if (reason == "Expired" || reason == "Gone") return true;
  return text_of(status, "message").find("oo large resource version") != std::string::npos;
}

}  // namespace

ListPage read_list_page(const WatchedKind& kind, std::string_view version, std::string_view body) {
  ListPage page;
  std::string part;  ///< of the list that is being read
  const auto on_value = [&](int depth, json::parse_event_t event, json& value) {
    if (depth == 1 && event == json::parse_event_t::key) part = value.get<std::string>();
    if (depth > kMaxDepth) return false;
    if (depth != kItemDepth || event != json::parse_event_t::object_end || part != "items") return true;
    auto arrival = arrival_of(kind, version, value);
    if (!arrival.name.empty()) page.arrivals.push_back(std::move(arrival));
    return false;
  };
  const auto rest = json::parse(body.begin(), body.end(), on_value, false);
  if (rest.is_discarded() || !member(rest, "metadata").is_object()) {
    page.error = "the answer is no list";
    page.arrivals.clear();
    return page;
  }
  page.resource_version = text_of(member(rest, "metadata"), "resourceVersion");
  page.next = text_of(member(rest, "metadata"), "continue");
  return page;
}

WatchEvent read_watch_line(const WatchedKind& kind, std::string_view version, std::string_view line) {
  const auto within_depth = [](int depth, json::parse_event_t, json&) { return depth <= kMaxDepth; };
  auto event = json::parse(line.begin(), line.end(), within_depth, false);
  const auto type = text_of(event, "type");
  if (event.is_discarded() || !member(event, "object").is_object())
    return broken(fmt::format("a line that is no event: {}", escaped(line.substr(0, 100))));
  auto& object = event["object"];
  WatchEvent read;
  if (type == "ERROR") {
    read.type = asks_for_list(object) ? WatchEvent::Type::expired : WatchEvent::Type::failed;
    read.error = message_of(object);
    return read;
  }
  read.resource_version = text_of(member(object, "metadata"), "resourceVersion");
  if (read.resource_version.empty()) return broken("an event without a resourceVersion");
  if (type == "BOOKMARK") {
    read.type = WatchEvent::Type::bookmark;
    return read;
  }
  if (type != "ADDED" && type != "MODIFIED" && type != "DELETED")
    return broken(fmt::format("an event of type {}", escaped(type)));
  if (full_name(member(object, "metadata")).empty()) return broken("an event without a name");
  if (type == "DELETED") {
    read.type = WatchEvent::Type::gone;
    read.arrival.name = full_name(member(object, "metadata"));
    return read;
  }
  read.type = WatchEvent::Type::changed;
  read.arrival = arrival_of(kind, version, object);
  return read;
}

}  // namespace gatehouse::controller
