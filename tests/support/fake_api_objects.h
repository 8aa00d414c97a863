// SPDX-License-Identifier: Apache-2.0
// The objects of a fake API server: what is served, resource versions, conflicts, and a log for watches.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace gatehouse::test {

/// "/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUB"; parts that are not there stay empty.
struct ApiPath {
  std::string group;
  std::string version;
  std::string ns;
  std::string plural;
  std::string name;
  std::string sub;
};
std::optional<ApiPath> parse_api_path(std::string_view path);

struct ApiResource {
  std::string group;
  std::string plural;
  std::string kind;
  bool namespaced = true;
  std::vector<std::string> versions;  ///< served, the first is preferred; empty: none, as without its CRD
};

/// What a client asks of a collection.
struct ApiQuery {
  std::string labels;  ///< labelSelector, of "key=value" only
  std::string fields;  ///< fieldSelector, of "metadata.name=", "metadata.namespace=", "type="
};

/// An HTTP status and its body: an object, or a Status.
struct ApiReply {
  int status = 200;
  nlohmann::json body;
};
ApiReply status_reply(int status, const std::string& reason, const std::string& message);

/// Not thread-safe: its server locks.
class FakeApiObjects {
 public:
  struct Event {
    std::uint64_t version = 0;
    std::string type;
    std::string group;
    std::string plural;
    nlohmann::json object;
    nlohmann::json before;  ///< null when it was added
  };

  FakeApiObjects();

  std::vector<ApiResource>& resources() { return resources_; }
  const std::vector<ApiResource>& resources() const { return resources_; }
  /// The served resource of `path`, or nullptr.
  const ApiResource* find(const ApiPath& path) const;

  ApiReply get(const ApiPath& path) const;
  ApiReply create(const ApiPath& path, nlohmann::json object);
  /// sub "status" changes only the status; otherwise everything else. A resourceVersion that is given must
  /// be the present one.
  ApiReply replace(const ApiPath& path, nlohmann::json object);
  /// A merge patch; one by apply creates what is not there.
  ApiReply patch(const ApiPath& path, const nlohmann::json& change, bool apply);
  ApiReply remove(const ApiPath& path);
  /// All of one page; `from` is an offset. `limit` 0: everything.
  ApiReply list(const ApiPath& path, const ApiQuery& query, std::size_t limit, std::size_t from) const;

  std::uint64_t version() const { return version_; }
  /// Watches from before now are refused as expired.
  void compact() { compacted_ = version_; }
  std::uint64_t compacted() const { return compacted_; }
  /// A watch event {"type":...,"object":...} of `event` as `path` and `query` see it; null: they do not.
  nlohmann::json seen(const Event& event, const ApiPath& path, const ApiQuery& query) const;
  const std::vector<Event>& log() const { return log_; }
  /// Drops all objects of a resource, as when its CRD goes.
  void forget(const std::string& group, const std::string& plural);

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  static Key key_of(const ApiPath& path) { return {path.group, path.plural, path.ns, path.name}; }
  ApiReply store(const ApiPath& path, nlohmann::json object, const char* type);
  nlohmann::json shown(const nlohmann::json& object, const ApiPath& path) const;

  std::vector<ApiResource> resources_;
  std::map<Key, nlohmann::json> objects_;
  std::vector<Event> log_;
  std::uint64_t version_ = 100;
  std::uint64_t compacted_ = 0;
  std::uint64_t next_uid_ = 1;
};

}  // namespace gatehouse::test
