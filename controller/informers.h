// SPDX-License-Identifier: Apache-2.0
// Everything that is watched in a cluster: finds out what is served and runs an informer for each kind.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "controller/delivery.h"
#include "controller/watched_kinds.h"

namespace gatehouse::controller {

class ApiClientFactory;
class Discovery;
class Informer;

/// What is known of one kind; for readyz and metrics.
struct InformerState {
  std::string kind;
  std::string version;    ///< that is watched: "v1"; empty while that is unknown, and when it is absent
  bool absent = false;    ///< the API server does not have it: its CRD is not installed
  bool synced = false;    ///< all there is was delivered once; absent counts
  bool watching = false;  ///< and news arrive
  std::string error;  ///< the last failure, until something works again: "GET /apis/...: 403 Forbidden: ..."
  WallTime since{};   ///< of `error`, or of being well
};

/// Times of lists and watches. Tests make them short.
struct InformerTimes {
  Duration first_pause = std::chrono::milliseconds(800);
  Duration longest_pause = std::chrono::seconds(30);
  Duration longest_unanswered = std::chrono::seconds(5);  ///< instead, while nobody is there to be spared
  Duration healthy_after = std::chrono::minutes(2);       ///< pauses start small again
  Duration short_watch = std::chrono::seconds(1);  ///< one that ends sooner, without an event, has failed
  Duration rediscover = std::chrono::seconds(30);
  int least_watch_seconds = 300;  ///< timeoutSeconds is drawn from here to twice that
};

/// Owns the threads. `deliver` runs on them, for one kind never twice at a time, and should hand on quickly.
/// start() once; stop() ends all threads, after which nothing is delivered. An API server that is away, a
/// kind that is refused or an object that is broken stops nothing else; it shows in states().
class Informers {
 public:
  using Deliver = std::function<void(Delivery)>;
  /// Whether an object is worth keeping; one that is not is delivered as gone. Empty: all are. Any thread.
  using Wants = std::function<bool(const Arrival&)>;

  Informers(ApiClientFactory& factory, WatchScope scope, Deliver deliver, InformerTimes times = {},
            const Clock& clock = system_clock(), Wants wants = {});
  ~Informers();
  Informers(const Informers&) = delete;
  Informers& operator=(const Informers&) = delete;

  void start();
  void stop();
  /// All routes come once more: others are wanted than before. Thread: any.
  void list_routes_again();

  /// Thread: any. In the order of watched_kinds().
  std::vector<InformerState> states() const;
  bool all_synced() const;
  /// The version of `kind` that is served and watched; empty: none.
  std::string served_version(std::string_view kind) const;

 private:
  std::vector<std::unique_ptr<Informer>> informers_;
  std::unique_ptr<Discovery> discovery_;
};

}  // namespace gatehouse::controller
