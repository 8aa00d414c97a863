// SPDX-License-Identifier: Apache-2.0
// Lists and watches one kind in one place, one step after another.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "controller/api_client.h"
#include "controller/delivery.h"
#include "controller/informers.h"
#include "controller/watch_line.h"
#include "controller/watched_kinds.h"

namespace gatehouse::controller {

/// A step is a whole list, or a watch up to its end. What is known decides which: nothing, or no longer
/// anything the server can go on from, means a list. Never waits by itself. Thread: one.
class ListWatch {
 public:
  struct Place {
    const WatchedKind* kind = nullptr;
    std::string ns;        ///< empty: all
    std::string selector;  ///< a labelSelector; empty: none
  };
  /// Gets what there is and what happens; each says whether to go on.
  struct Listener {
    std::function<bool(std::vector<Arrival>)> listed;
    std::function<bool()> watching;  ///< the server has agreed to a watch
    std::function<bool(WatchEvent)> happened;
    /// What it does not want is as good as gone, page by page; empty: everything.
    std::function<bool(const Arrival&)> wants{};
  };
  enum class Outcome : std::uint8_t {
    well,     ///< the next step may follow at once
    failed,   ///< after a pause
    missing,  ///< the server does not have this kind in this version
  };
  struct Step {
    Outcome outcome = Outcome::well;
    std::string error{};
    std::optional<Duration> wished{};  ///< the server's own pause
    bool is_unanswered = false;        ///< it could not be reached, is starting, or says when to come back
  };

  ListWatch(Place place, Listener listener, InformerTimes times, const Clock& clock, std::uint64_t seed);

  Step step(ApiClient& client, const std::string& version);
  /// The next step is a list: of another version, or because the kind was gone.
  void start_anew();

 private:
  enum class Freshness : std::uint8_t {
    any,     ///< what the server has at hand will do
    newest,  ///< at least as new as anything we know
  };

  Step list(ApiClient& client, const std::string& version);
  Step watch(ApiClient& client, const std::string& version);
  Step after_watch(const ApiAnswer& answer, const WatchEvent& last, Duration lasted, bool had_events);
  Step failure(const ApiAnswer& answer) const;
  bool is_wanted(const Arrival& arrival) const { return !listener_.wants || listener_.wants(arrival); }
  std::string path(const std::string& version, const std::string& query) const;
  std::string watch_query();

  const Place place_;
  const Listener listener_;
  const InformerTimes times_;
  const Clock& clock_;
  std::uint64_t dice_;
  Freshness freshness_ = Freshness::any;
  std::string resource_version_;  ///< to watch from; empty: list first
  bool has_just_listed_ = false;  ///< no watch since: what expires now would do so again
};

}  // namespace gatehouse::controller
