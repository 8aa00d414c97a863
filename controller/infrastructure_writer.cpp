// SPDX-License-Identifier: Apache-2.0
#include "controller/infrastructure_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "controller/watched_kinds.h"

namespace gatehouse::controller {
namespace {

using nlohmann::json;

constexpr const char* kLooking = "";
constexpr std::chrono::minutes kLookInterval{5};
constexpr std::chrono::milliseconds kFirstDelay{5};
constexpr std::chrono::seconds kLongestDelay{1'000};
constexpr const char* kMetadataOnly =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr const char* kMetadataListOnly =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

json parse(const std::string& body) {
  return json::parse(body, nullptr, false);
}

/// "" when there is none.
std::string text_at(const json& object, const json::json_pointer& at) {
  if (!object.is_object() || !object.contains(at) || !object.at(at).is_string()) return {};
  return object.at(at).get<std::string>();
}

std::string version_of(const json& object) {
  return text_at(object, json::json_pointer("/metadata/resourceVersion"));
}

std::string label_of(const json& object, const char* key) {
  static const json::json_pointer kLabels("/metadata/labels");
  return text_at(object, kLabels / std::string(key));
}

ApiAnswer failure(std::string message) {
  ApiAnswer answer;
  answer.error = std::move(message);
  return answer;
}

ApiAnswer done() {
  ApiAnswer answer;
  answer.status = 200;
  return answer;
}

std::string list_path(const std::string& collection, const InfrastructureOptions& options,
                      const std::string& page) {
  const auto selector =
      fmt::format("{}={},{}={}", kManagedByLabel, kManagedBy, kInstallationLabel, options.installation());
  auto path = fmt::format("{}?limit=500&labelSelector={}", collection, percent_encoded(selector));
  if (!page.empty()) path += "&continue=" + percent_encoded(page);
  return path;
}

}  // namespace

InfrastructureWriter::InfrastructureWriter(ApiClient& client, InfrastructureOptions options)
    : client_(client), options_(std::move(options)) {}

void InfrastructureWriter::start_over() {
  input_ = {};
  desired_.clear();
  written_.clear();
  strays_.clear();
  failures_.clear();
  next_look_ = {};
}

MonoTime InfrastructureWriter::run(const InfrastructureInput& input, MonoTime now,
                                   const std::function<bool()>& is_over) {
  if (!(input == input_)) take_up(input);
  if (next_look_ <= now && is_due(kLooking, now)) {
    const auto answer = look_around();
    settle(kLooking, "objects of Gateways", answer, now);
    if (answer.ok()) next_look_ = now + kLookInterval;
  }
  for (const auto& [path, object] : desired_) {
    if (is_over()) return now;
    const auto known = written_.find(path);
    if ((known != written_.end() && known->second.body == object.body) || !is_due(path, now)) continue;
    settle(path, object.title, apply(object), now);
  }
  const auto strays = strays_;
  for (const auto& path : strays) {
    if (is_over()) return now;
    if (!is_due(path, now)) continue;
    const auto answer = remove(path);
    settle(path, path, answer, now);
    if (answer.ok()) strays_.erase(path);
  }
  return next_due(now);
}

void InfrastructureWriter::take_up(const InfrastructureInput& input) {
  const auto before = std::exchange(input_, input);
  desired_.clear();
  for (auto& object : desired_infrastructure(input, options_)) {
    strays_.erase(object.path());
    desired_.emplace(object.path(), std::move(object));
  }
  for (auto known = written_.begin(); known != written_.end();) {
    const bool stays = desired_.contains(known->first);
    if (!stays) strays_.insert(known->first);
    known = stays ? std::next(known) : written_.erase(known);
  }
  forget_deleted_services(before);
  std::erase_if(failures_, [this](const auto& entry) {
    return entry.first != kLooking && !desired_.contains(entry.first) && !strays_.contains(entry.first);
  });
}

/// Without its Service a Gateway cannot be reached: that does not wait for the next look.
void InfrastructureWriter::forget_deleted_services(const InfrastructureInput& before) {
  std::set<std::string_view> present;
  for (const auto& service : input_.services) present.insert(service->meta.name);
  for (const auto& service : before.services)
    if (!present.contains(service->meta.name))
      written_.erase(fmt::format("/api/v1/namespaces/{}/services/{}", service->meta.ns, service->meta.name));
}

bool InfrastructureWriter::is_due(const std::string& what, MonoTime now) const {
  const auto failed = failures_.find(what);
  return failed == failures_.end() || failed->second.due <= now;
}

MonoTime InfrastructureWriter::next_due(MonoTime now) const {
  auto due = std::max(next_look_, now);
  if (const auto looking = failures_.find(kLooking); looking != failures_.end()) due = looking->second.due;
  for (const auto& [what, entry] : failures_)
    if (what != kLooking) due = std::min(due, entry.due);
  return due;
}

void InfrastructureWriter::settle(const std::string& what, std::string_view title, const ApiAnswer& answer,
                                  MonoTime now) {
  if (answer.ok()) {
    failures_.erase(what);
    return;
  }
  auto& entry = failures_[what];
  entry.delay = entry.delay == Duration::zero() ? Duration(kFirstDelay)
                                                : std::min<Duration>(entry.delay * 2, kLongestDelay);
  entry.due =
      now + std::max<Duration>(entry.delay, answer.retry_after.value_or(std::chrono::milliseconds(0)));
  if (entry.message == answer.error) return;
  entry.message = answer.error;
  log_warning("{} cannot be written: {}", title, escaped(answer.error));
}

/// Finds what somebody changed, so that it is written again, and what should not be there.
ApiAnswer InfrastructureWriter::look_around() {
  std::map<std::string, std::string> seen;  // resource versions by path
  for (const auto& collection : infrastructure_collections(options_)) {
    auto answer = take_in(collection, seen);
    if (!answer.ok()) return answer;
  }
  std::erase_if(written_, [&seen](const auto& entry) {
    const auto found = seen.find(entry.first);
    return found == seen.end() || found->second != entry.second.resource_version;
  });
  if (!options_.removes_strays) return done();
  for (const auto& [path, version] : seen)
    if (!desired_.contains(path)) strays_.insert(path);
  return done();
}

ApiAnswer InfrastructureWriter::take_in(const std::string& collection,
                                        std::map<std::string, std::string>& seen) {
  std::string page;
  do {
    ApiRequest request{"GET", list_path(collection, options_, page)};
    request.accept = kMetadataListOnly;
    auto answer = client_.send(request);
    if (!answer.ok()) return answer;
    const auto list = parse(answer.body);
    if (!list.is_object()) return failure(fmt::format("GET {}: the answer is no list", collection));
    const auto items = list.find("items");  // absent or null where there are none
    if (items == list.end() || !items->is_array()) break;
    for (const auto& item : *items) {
      const auto ns = text_at(item, json::json_pointer("/metadata/namespace"));
      const auto name = text_at(item, json::json_pointer("/metadata/name"));
      const auto slash = collection.rfind('/');
      const auto whole = collection.find("/namespaces/") != std::string::npos;
      const auto where = whole ? collection
                               : fmt::format("{}/namespaces/{}{}", collection.substr(0, slash), ns,
                                             collection.substr(slash));
      seen[where + "/" + name] = version_of(item);
    }
    page = text_at(list, json::json_pointer("/metadata/continue"));
  } while (!page.empty());
  return done();
}

/// Server-side apply takes away again what is no longer wanted, and leaves to others what is theirs.
ApiAnswer InfrastructureWriter::apply(const InfrastructureObject& object) {
  ApiRequest look{"GET", object.path()};
  look.accept = kMetadataOnly;
  auto present = client_.send(look);
  if (!present.ok() && !present.is_not_found()) return present;
  if (present.ok() && label_of(parse(present.body), kManagedByLabel) != kManagedBy)
    return failure(fmt::format("{} is there already without the label {}={}: rename or remove it",
                               object.title, kManagedByLabel, kManagedBy));
  ApiRequest change{"PATCH", object.path() + "?fieldManager=gatehouse&force=true", object.body};
  change.content_type = "application/apply-patch+yaml";
  change.accept = kMetadataOnly;
  auto answer = client_.send(change);
  if (answer.ok()) written_[object.path()] = {object.body, version_of(parse(answer.body))};
  return answer;
}

ApiAnswer InfrastructureWriter::remove(const std::string& path) {
  ApiRequest look{"GET", path};
  look.accept = kMetadataOnly;
  auto present = client_.send(look);
  if (present.is_not_found()) return done();
  if (!present.ok()) return present;
  const auto object = parse(present.body);
  if (label_of(object, kManagedByLabel) != kManagedBy ||
      label_of(object, kInstallationLabel) != options_.installation())
    return done();
  const json preconditions{{"uid", text_at(object, json::json_pointer("/metadata/uid"))},
                           {"resourceVersion", version_of(object)}};
  const json options{{"apiVersion", "v1"},
                     {"kind", "DeleteOptions"},
                     {"propagationPolicy", "Background"},
                     {"preconditions", preconditions}};
  auto answer = client_.send({"DELETE", path, options.dump()});
  return answer.is_not_found() ? done() : answer;
}

}  // namespace gatehouse::controller
