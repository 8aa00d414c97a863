// SPDX-License-Identifier: Apache-2.0
// An API server in memory that knows server-side apply, lists by label and deletes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/api_client.h"

namespace gatehouse::test {

/// One field manager, whose labels and annotations are kept apart from those of others. Any thread.
class ApplyingApi {
 public:
  using Script = std::function<std::optional<controller::ApiAnswer>(const controller::ApiRequest&)>;

  void set_script(Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }
  /// As somebody else makes it.
  void put(const std::string& path, nlohmann::json object) {
    const std::lock_guard lock(mutex_);
    store(path, std::move(object));
  }
  void remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    objects_.erase(path);
  }
  /// Null when there is none.
  nlohmann::json object(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(path);
    return found == objects_.end() ? nlohmann::json() : found->second;
  }
  std::vector<std::string> paths() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [path, object] : objects_) all.push_back(path);
    return all;
  }
  int count(const std::string& method) const {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (const auto& request : requests_)
      if (request.method == method) ++count;
    return count;
  }
  void forget_requests() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
  }
  bool wait_for(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::unique_lock lock(mutex_);
    while (true) {
      const auto seen = requests_.size();
      lock.unlock();
      if (holds()) return true;
      lock.lock();
      if (!asked_.wait_until(lock, deadline, [&] { return requests_.size() != seen; })) return false;
    }
  }

  controller::ApiAnswer answer(const controller::ApiRequest& request) {
    controller::ApiAnswer answer;
    {
      const std::lock_guard lock(mutex_);
      std::optional<controller::ApiAnswer> scripted;
      if (script_) scripted = script_(request);
      answer = scripted ? *scripted : serve(request);
      requests_.push_back(request);
    }
    asked_.notify_all();
    return answer;
  }

  static controller::ApiAnswer refusal(int status, std::string reason) {
    controller::ApiAnswer answer;
    answer.status = status;
    answer.reason = reason;
    answer.error = std::to_string(status) + " " + reason;
    return answer;
  }

 private:
  using json = nlohmann::json;

  static controller::ApiAnswer ok(const json& body) {
    controller::ApiAnswer answer;
    answer.status = 200;
    answer.body = body.dump();
    return answer;
  }

  controller::ApiAnswer serve(const controller::ApiRequest& request) {
    const auto question = request.path.find('?');
    const auto path = request.path.substr(0, question);
    if (request.method == "GET" && question != std::string::npos)
      return list(path, request.path.substr(question));
    if (request.method == "PATCH") return apply(path, json::parse(request.body));
    const auto found = objects_.find(path);
    if (found == objects_.end()) return refusal(404, "NotFound");
    if (request.method == "GET") return ok(found->second);
    if (request.method != "DELETE") return refusal(405, "MethodNotAllowed");
    const auto options = json::parse(request.body);
    if (options["preconditions"]["resourceVersion"] != found->second["metadata"]["resourceVersion"])
      return refusal(409, "Conflict");
    objects_.erase(found);
    return ok(json::object());
  }

  controller::ApiAnswer list(const std::string& collection, const std::string& query) const {
    json items = json::array();
    const auto slash = collection.rfind('/');
    for (const auto& [path, object] : objects_) {
      const auto plural = collection.substr(slash);
      if (!path.starts_with(collection.substr(0, slash)) || path.find(plural + "/") == std::string::npos)
        continue;
      bool matches = true;
      for (const auto* key : {"app.kubernetes.io/managed-by", "gatehouse.dev/installation"}) {
        const auto value = object["metadata"].value("labels", json::object()).value(key, "");
        matches = matches && !value.empty() && query.find("%3D" + value) != std::string::npos;
      }
      if (matches) items.push_back({{"metadata", object["metadata"]}});
    }
    return ok({{"items", items}, {"metadata", json::object()}});
  }

  controller::ApiAnswer apply(const std::string& path, const json& wanted) {
    auto object = objects_.contains(path) ? objects_[path] : json{{"metadata", json::object()}};
    for (const auto& [key, value] : wanted.items())
      if (key != "metadata") object[key] = value;
    const auto last = applied_.try_emplace(path, json{{"metadata", json::object()}}).first->second;
    for (const auto* part : {"labels", "annotations"}) {
      const auto before = last["metadata"].value(part, json::object());
      const auto now = wanted["metadata"].value(part, json::object());
      if (object["metadata"][part].is_null()) object["metadata"][part] = json::object();
      for (const auto& [key, value] : before.items()) object["metadata"][part].erase(key);
      for (const auto& [key, value] : now.items()) object["metadata"][part][key] = value;
    }
    for (const auto* part : {"name", "namespace", "ownerReferences"})
      if (wanted["metadata"].contains(part)) object["metadata"][part] = wanted["metadata"][part];
    applied_[path] = wanted;
    if (!objects_.contains(path) || objects_[path] != object) store(path, std::move(object));
    return ok(objects_[path]);
  }

  void store(const std::string& path, json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    object["metadata"]["uid"] = "uid-of-" + path;
    objects_[path] = std::move(object);
  }

  mutable std::mutex mutex_;
  std::condition_variable asked_;
  Script script_;
  std::map<std::string, json> objects_;
  std::map<std::string, json> applied_;
  std::vector<controller::ApiRequest> requests_;
  int version_ = 0;
};

class ApplyingClient : public controller::ApiClient {
 public:
  explicit ApplyingClient(ApplyingApi& api) : api_(api) {}
  controller::ApiAnswer send(const controller::ApiRequest& request) override { return api_.answer(request); }
  controller::ApiAnswer watch(const controller::ApiRequest&,
                              const std::function<bool(std::string_view)>&) override {
    return ApplyingApi::refusal(405, "MethodNotAllowed");
  }
  void stop() override {}

 private:
  ApplyingApi& api_;
};

}  // namespace gatehouse::test
