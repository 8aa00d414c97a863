// SPDX-License-Identifier: Apache-2.0
// sessionPersistence of routes, backends and policies (Gateway API v1.7.0): exactly one of cookie and header.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace gatehouse::objects {

struct SessionCookie {
  std::optional<std::string> name;
  std::string path = "/";
  std::string lifetime_type = "Session";  ///< Session or Permanent; Permanent comes with absolute_timeout
  bool operator==(const SessionCookie&) const = default;
};

struct SessionHeader {
  std::string name;
  bool operator==(const SessionHeader&) const = default;
};

struct SessionPersistence {
  std::string type = "Cookie";  ///< Cookie or Header: names the member that is set
  std::optional<std::chrono::milliseconds> absolute_timeout;
  std::optional<SessionCookie> cookie;
  std::optional<SessionHeader> header;
  bool operator==(const SessionPersistence&) const = default;
};

}  // namespace gatehouse::objects
