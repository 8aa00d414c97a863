// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scripted_api.h"

#include <fmt/format.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <utility>

namespace gatehouse::test {
namespace {

using controller::ApiAnswer;
using controller::ApiRequest;
using Json = nlohmann::json;

constexpr std::string_view kStatusPart = "/status";

class Client final : public controller::ApiClient {
 public:
  explicit Client(ScriptedApi& api) : api_(api) {}

  ApiAnswer send(const ApiRequest& request) override {
    if (stopped_.load()) return refusal(0, "Stopped");
    return api_.answer(request);
  }
  ApiAnswer watch(const ApiRequest&, const std::function<bool(std::string_view)>&) override {
    return refusal(405, "MethodNotAllowed");
  }
  void stop() override { stopped_.store(true); }

 private:
  ScriptedApi& api_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

struct ScriptedApi::State {
  mutable std::mutex mutex;
  std::map<std::string, Json> objects;
  Script script;
  std::vector<ApiRequest> requests;
  int version = 100;
  int uid = 0;

  ApiAnswer store(const std::string& path, Json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version);
    objects[path] = object;
    return {.status = 200, .body = object.dump(), .error = {}, .reason = {}};
  }

  ApiAnswer create(const std::string& path, Json object) {
    object["metadata"]["uid"] = fmt::format("uid-{}", ++uid);
    object["metadata"]["generation"] = 1;
    return store(path, std::move(object));
  }

  ApiAnswer post(const std::string& collection, Json object) {
    const auto path = collection + "/" + object["metadata"]["name"].get<std::string>();
    if (objects.contains(path)) return refusal(409, "AlreadyExists");
    return create(path, std::move(object));
  }

  ApiAnswer update(std::string path, const Json& sent) {
    const bool is_status = path.ends_with(kStatusPart);
    if (is_status) path.resize(path.size() - kStatusPart.size());
    const auto known = objects.find(path);
    if (known == objects.end()) return refusal(404, "NotFound");
    auto object = known->second;
    const auto& metadata = sent["metadata"];
    for (const char* field : {"uid", "resourceVersion"})
      if (metadata.contains(field) && metadata[field] != object["metadata"][field])
        return refusal(409, "Conflict");
    const char* part = is_status ? "status" : "spec";
    if (object[part] == sent[part]) return {.status = 200, .body = object.dump(), .error = {}, .reason = {}};
    object[part] = sent[part];
    return store(path, std::move(object));
  }

  ApiAnswer patch(const std::string& path, const Json& sent) {
    const auto known = objects.find(path);
    if (known == objects.end()) return refusal(404, "NotFound");
    auto object = known->second;
    object.merge_patch(sent);
    return store(path, std::move(object));
  }

  ApiAnswer perform(const ApiRequest& request) {
    const auto body = request.body.empty() ? Json() : Json::parse(request.body);
    if (request.method == "POST") return post(request.path, body);
    if (request.method == "PUT") return update(request.path, body);
    if (request.method == "PATCH") return patch(request.path, body);
    const auto known = objects.find(request.path);
    if (known == objects.end()) return refusal(404, "NotFound");
    return {.status = 200, .body = known->second.dump(), .error = {}, .reason = {}};
  }
};

ApiAnswer refusal(int status, std::string_view reason) {
  return {.status = status,
          .body = {},
          .error = fmt::format("{} {}", status, reason),
          .reason = std::string(reason)};
}

ScriptedApi::ScriptedApi() : state_(std::make_unique<State>()) {}
ScriptedApi::~ScriptedApi() = default;

std::unique_ptr<controller::ApiClient> ScriptedApi::make_client() {
  return std::make_unique<Client>(*this);
}

void ScriptedApi::put(const std::string& path, std::string_view json) {
  const std::lock_guard lock(state_->mutex);
  auto object = Json::parse(json);
  const auto known = state_->objects.find(path);
  if (known == state_->objects.end()) {
    state_->create(path, std::move(object));
    return;
  }
  auto metadata = known->second["metadata"];
  if (known->second["spec"] != object["spec"]) metadata["generation"] = metadata["generation"].get<int>() + 1;
  object["metadata"].update(metadata);
  if (known->second.contains("status")) object["status"] = known->second["status"];
  state_->store(path, std::move(object));
}

void ScriptedApi::edit(const std::string& path, const std::function<void(Json&)>& edit) {
  const std::lock_guard lock(state_->mutex);
  auto object = state_->objects.at(path);
  edit(object);
  state_->store(path, std::move(object));
}

void ScriptedApi::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  state_->objects.erase(path);
}

Json ScriptedApi::object(const std::string& path) const {
  const std::lock_guard lock(state_->mutex);
  const auto known = state_->objects.find(path);
  return known == state_->objects.end() ? Json() : known->second;
}

controller::Arrival ScriptedApi::arrival(const std::string& path) const {
  const auto object = this->object(path);
  const auto& metadata = object.at("metadata");
  const auto name = metadata.at("name").get<std::string>();
  controller::Arrival arrival;
  arrival.name =
      metadata.contains("namespace") ? metadata["namespace"].get<std::string>() + "/" + name : name;
  arrival.observed = {.uid = metadata.at("uid").get<std::string>(),
                      .resource_version = metadata.at("resourceVersion").get<std::string>(),
                      .generation = metadata.at("generation").get<std::int64_t>(),
                      .api_version = object.at("apiVersion").get<std::string>(),
                      .status = object.contains("status") ? object["status"].dump() : ""};
  return arrival;
}

void ScriptedApi::set_script(Script script) {
  const std::lock_guard lock(state_->mutex);
  state_->script = std::move(script);
}

std::vector<ApiRequest> ScriptedApi::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

std::size_t ScriptedApi::count(std::string_view method, std::string_view part) const {
  std::size_t count = 0;
  for (const auto& request : requests())
    if (request.method == method && request.path.find(part) != std::string::npos) ++count;
  return count;
}

ApiAnswer ScriptedApi::answer(const ApiRequest& request) {
  Script script;
  auto without_query = request;
  without_query.path = request.path.substr(0, request.path.find('?'));
  {
    const std::lock_guard lock(state_->mutex);
    state_->requests.push_back(without_query);
    script = state_->script;
  }
  // Outside the lock: a script may change objects, as another client would.
  if (script)
    if (auto answer = script(without_query)) return *answer;
  const std::lock_guard lock(state_->mutex);
  return state_->perform(without_query);
}

}  // namespace gatehouse::test
