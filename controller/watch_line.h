// SPDX-License-Identifier: Apache-2.0
// What an API server says of a kind: the pages of a list and the lines of a watch, as arrivals.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controller/delivery.h"
#include "controller/watched_kinds.h"

namespace gatehouse::controller {

/// One page.
struct ListPage {
  std::vector<Arrival> arrivals;
  std::string resource_version;
  std::string next;   ///< the continue token; empty: that was all
  std::string error;  ///< it is no list
};

/// Decodes item by item, so that the page is never in memory as JSON values. Any text is safe.
ListPage read_list_page(const WatchedKind& kind, std::string_view version, std::string_view body);

struct WatchEvent {
  enum class Type : std::uint8_t {
    changed,   ///< `arrival` came or changed
    gone,      ///< `arrival.name` alone
    bookmark,  ///< nothing but a newer resource_version
    expired,   ///< ERROR: what we know is too old, or newer than the server's own: list again
    failed,    ///< ERROR, any other
    broken,    ///< not what a watch may send
  };
  Type type = Type::broken;
  Arrival arrival;
  std::string resource_version;
  std::string error;
};

/// Any text is safe.
WatchEvent read_watch_line(const WatchedKind& kind, std::string_view version, std::string_view line);

}  // namespace gatehouse::controller
