// SPDX-License-Identifier: Apache-2.0
// An API server in memory, without sockets: resource versions, conflicts, and answers by script.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/api_client.h"
#include "controller/delivery.h"

namespace gatehouse::test {

/// Knows GET, POST to a collection, PUT and merge-PATCH, with /status apart. It is its clients' and outlives
/// them. Any thread; no Catch2 macros inside.
class ScriptedApi {
 public:
  ScriptedApi();
  ~ScriptedApi();
  ScriptedApi(const ScriptedApi&) = delete;
  ScriptedApi& operator=(const ScriptedApi&) = delete;

  std::unique_ptr<controller::ApiClient> make_client();

  /// Creates or replaces the object at `path`: "/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME". JSON without
  /// the metadata that a server adds; a changed spec raises the generation.
  void put(const std::string& path, std::string_view json);
  /// As another client: `edit` changes the object, which gets a new resource version.
  void edit(const std::string& path, const std::function<void(nlohmann::json&)>& edit);
  void remove(const std::string& path);
  /// Null when there is none.
  nlohmann::json object(const std::string& path) const;
  /// What an informer says of it.
  controller::Arrival arrival(const std::string& path) const;

  /// Asked first for every request; an answer is sent instead of doing anything.
  using Script = std::function<std::optional<controller::ApiAnswer>(const controller::ApiRequest&)>;
  void set_script(Script script);
  /// Without their queries.
  std::vector<controller::ApiRequest> requests() const;
  /// Of requests with `method` whose path has `part` in it.
  std::size_t count(std::string_view method, std::string_view part) const;

  controller::ApiAnswer answer(const controller::ApiRequest& request);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

/// An answer as a server gives it when something is wrong.
controller::ApiAnswer refusal(int status, std::string_view reason);

}  // namespace gatehouse::test
