// SPDX-License-Identifier: Apache-2.0
// An API server on the loopback: objects, lists with pages, watches with bookmarks, and faults by script.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::test {

/// What goes wrong for requests of `method` whose target has `part` in it.
struct ApiFault {
  std::string method{};  ///< empty: any
  std::string part{};    ///< of path and query; empty: any
  int times = 1;         ///< then it is over; -1: until clear_faults()
  int status = 500;      ///< answered with a Status of `reason` and `message`
  std::string reason = "InternalError";
  std::string message = "by script";
  std::string retry_after{};  ///< a header
  std::string body{};         ///< sent instead of a Status
  bool hangs = false;         ///< no answer until clear_faults() or the end
  bool breaks = false;        ///< the connection ends within the answer
};

struct SeenRequest {
  std::string method;
  std::string target;  ///< path and query as sent
  std::string body;
  std::string accept;
  std::string authorization;
  std::string agent;
  std::string accept_encoding;
};

struct FakeApiState;

/// Serves from construction to destruction, each connection on a thread of its own. It has all kinds of a
/// cluster with Gateway API, and no objects. Any thread; no Catch2 macros inside.
class FakeApiServer {
 public:
  /// PEM texts. Without a certificate it speaks plain HTTP; with `client_authority`, clients need one.
  struct Tls {
    std::string certificate{};
    std::string key{};
    std::string client_authority{};
  };

  FakeApiServer() : FakeApiServer(Tls()) {}
  explicit FakeApiServer(const Tls& tls);
  ~FakeApiServer();
  FakeApiServer(const FakeApiServer&) = delete;
  FakeApiServer& operator=(const FakeApiServer&) = delete;

  /// "http://127.0.0.1:PORT"
  std::string url() const;
  int port() const;

  // Objects, as another client would change them. Paths are those of the API:
  // "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/demo".

  /// Creates or replaces (but its status). YAML or JSON of one object; its metadata says where; the plural
  /// comes from its kind. Throws std::runtime_error for a kind that is not served.
  void put(std::string_view text);
  /// Replaces the status alone. JSON.
  void put_status(const std::string& path, const std::string& status);
  void remove(const std::string& path);
  /// JSON; null when there is none.
  nlohmann::json object(const std::string& path) const;
  /// Which versions of a kind are served from now on; none: all its objects go, and its watches end.
  void serve(std::string_view kind, const std::vector<std::string>& versions);

  // Faults.

  void inject(ApiFault fault);
  void clear_faults();
  /// resourceVersions from before now are expired, and watches end.
  void compact();
  /// Watches with `part` in their target end: cleanly, or within a line.
  void end_watches(std::string_view part = {});
  void break_watches(std::string_view part = {});
  /// A line of any text to the watches with `part` in their target.
  void send_line(std::string_view part, std::string line);
  /// Without its line end, so that more can follow.
  void send_text(std::string_view part, std::string text);
  /// To every watch that allows bookmarks.
  void send_bookmarks();
  /// Nobody listens on the port, and all connections are cut; until listen() again.
  void close();
  void listen();

  // What happened.

  std::vector<SeenRequest> requests() const;
  /// Of `method`, with `part` in their target.
  int count(std::string_view method, std::string_view part) const;
  void forget_requests();
  int open_watches(std::string_view part = {}) const;
  /// Waits at most `limit`; false: not so many.
  bool wait_for_requests(std::string_view method, std::string_view part, int at_least,
                         std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  bool wait_for_watches(std::string_view part, int exactly,
                        std::chrono::milliseconds limit = std::chrono::seconds(10)) const;

 private:
  std::unique_ptr<FakeApiState> state_;
};

}  // namespace gatehouse::test
