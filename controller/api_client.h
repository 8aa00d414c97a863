// SPDX-License-Identifier: Apache-2.0
// What the controller asks of an API server: one request, one answer; and watches, which stream lines.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::controller {

struct ApiRequest {
  std::string method = "GET";
  std::string path;       ///< with its query: "/api/v1/services?limit=500"
  std::string body = {};  ///< JSON
  std::string content_type = "application/json";
  std::string accept = "application/json";
};

struct ApiAnswer {
  int status = 0;      ///< of HTTP; 0: no answer came
  std::string body;    ///< JSON as it came, decompressed
  std::string error;   ///< empty when ok(); else one line: the request, the Status' reason and message
  std::string reason;  ///< of the Status object, such as "Expired"; empty when there is none
  std::optional<std::chrono::milliseconds> retry_after{};

  bool ok() const { return status >= 200 && status < 300; }
  bool is_not_found() const { return status == 404; }
  bool is_conflict() const { return status == 409; }
  bool is_expired() const { return status == 410; }
};

/// One connection to the API server, kept alive between requests. Thread: one at a time. Every call has a
/// deadline; a failure is an answer with `error`.
class ApiClient {
 public:
  virtual ~ApiClient() = default;

  virtual ApiAnswer send(const ApiRequest& request) = 0;

  /// Streams a watch: `on_line` gets each line, whole and of at most 64 MiB, and says whether to go on; an
  /// empty one comes first, when the server has agreed.
  /// Returns when the server ends the watch (ok), when it refuses or breaks (error), or when `on_line` said
  /// no (ok).
  virtual ApiAnswer watch(const ApiRequest& request,
                          const std::function<bool(std::string_view)>& on_line) = 0;

  /// Any thread: makes a call that waits return soon, and every later one at once.
  virtual void stop() = 0;
};

}  // namespace gatehouse::controller
