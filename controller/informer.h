// SPDX-License-Identifier: Apache-2.0
// Keeps up with one kind: a thread and a connection for each place it is watched in.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "controller/backoff.h"
#include "controller/informers.h"
#include "controller/list_watch.h"

namespace gatehouse::controller {

class ApiClientFactory;

/// Waits until serve() says in which version the kind is served, then lists and watches it until stop(). A
/// list replaces everything at once: what went while we could not look is found by it. What was delivered
/// stays valid through every failure. Functions: any thread.
class Informer {
 public:
  struct Setup {
    const WatchedKind* kind = nullptr;
    WatchScope scope;
    Informers::Deliver deliver;
    Informers::Wants wants;
    std::function<void()> on_missing;  ///< the server says it does not have the kind; asks discovery
    InformerTimes times;
  };

  Informer(ApiClientFactory& factory, Setup setup, const Clock& clock, std::uint64_t seed);
  ~Informer();
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  const WatchedKind& kind() const { return *setup_.kind; }
  void start();
  /// Watches this version from now on; with the one it has, nothing changes.
  void serve(const std::string& version);
  /// The kind is not served: what was there is gone.
  void absent();
  /// Everything there is comes once more.
  void list_again();
  /// It is not known whether it is served.
  void unknown(const std::string& error);
  /// Ends all waits; the threads end soon.
  void begin_stop();
  void stop();

  InformerState state() const;

 private:
  struct Place {
    std::unique_ptr<ListWatch> list_watch;
    std::unique_ptr<Backoff> backoff;
    std::shared_ptr<ApiClient> client;  ///< while it is used
    std::set<std::string> names;        ///< delivered; kept only when there are several places
    std::uint64_t epoch = 0;            ///< in which the place works
    bool is_listed = false;
    bool is_watching = false;
    std::string error;
    std::thread thread;
  };

  void add_place(std::string ns, std::uint64_t seed);
  void run(Place& place);
  bool wait_for_version(Place& place, std::string& version);
  void work(Place& place, const std::string& version);
  /// False when the epoch has ended meanwhile.
  bool pause(Place& place, Duration duration);
  bool take_list(Place& place, std::vector<Arrival> arrivals);
  bool take_event(Place& place, WatchEvent event);
  bool deliver(const Place& place, Delivery delivery);
  void note(Place& place, const std::string& error);
  void tell(const std::string& error);
  void change_epoch(const std::string& version);

  ApiClientFactory& factory_;
  const Setup setup_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Place>> places_;

  std::mutex delivering_;  ///< one delivery at a time; taken before mutex_
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string version_;      ///< empty: not served, or not known
  std::uint64_t epoch_ = 0;  ///< of version_; what a place does in an older one counts no more
  bool is_absent_ = false;
  bool is_synced_ = false;
  bool stopping_ = false;
  std::string discovery_error_;
  std::string shown_error_;
  std::string told_error_;  ///< what the log says last; empty: that all is well
  WallTime since_;
};

}  // namespace gatehouse::controller
