// SPDX-License-Identifier: Apache-2.0
// What the process is besides when its objects come from an API server: watches, statuses, leadership.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "config/file/settings.h"
#include "config/objects/object_store.h"
#include "config/objects/status.h"
#include "controller/api_client_factory.h"
#include "controller/cluster_source.h"
#include "controller/data_fetcher.h"
#include "controller/event_recorder.h"
#include "controller/foreign_routes.h"
#include "controller/informers.h"
#include "controller/leader_election.h"
#include "controller/observed_statuses.h"
#include "controller/provisioner.h"
#include "controller/status_writer.h"
#include "gateway/cluster_figures.h"
#include "gateway/control_loop.h"

namespace gatehouse::gateway {

/// Owned by the application; control thread, where nothing else is said. Traffic never depends on it: with
/// the API server or the leadership gone everything known is served on.
class ClusterSide {
 public:
  struct Parts {
    const file::Settings& settings;
    ControlLoop& loop;
    objects::ObjectStore& store;
    /// The store's snapshot is another one, and everything was listed once.
    std::function<void()> changed;
    /// The problems of objects are others.
    std::function<void()> problems_changed;
  };
  using Made = std::variant<std::unique_ptr<ClusterSide>, std::string>;

  /// Connects to nothing yet. The error is one line for the operator.
  static Made make(Parts parts);
  ~ClusterSide();
  ClusterSide(const ClusterSide&) = delete;
  ClusterSide& operator=(const ClusterSide&) = delete;

  void start();
  /// Gives the leadership back, without waiting for the API server: another replica takes it while this one
  /// still finishes what it serves.
  void hand_over();
  /// hand_over(), and all threads end.
  void stop();

  /// What is to be written, as of the pass over `snapshot`.
  void set_statuses(const objects::Snapshot& snapshot, std::shared_ptr<const objects::Statuses> statuses);

  std::vector<objects::Problem> fresh_problems() { return source_.fresh_problems(); }
  std::vector<objects::Problem> problems() const { return source_.problems(); }

  /// Thread: any. For /readyz?verbose and /metrics; what it points to lives as long as this does.
  ClusterFigures figures() const;

 private:
  ClusterSide(Parts parts, controller::ClusterAccess access);

  void deliver(controller::Delivery delivery);
  void take(const controller::Delivery& delivery);
  void look_whether_synced();
  void ask_for_data();
  void tell_of_change();
  void lead(bool is_leader);

  Parts parts_;
  controller::ApiClientFactory clients_;
  controller::ApiClientFactory lease_clients_;  ///< who give up before a lease runs out
  const controller::InfrastructureOptions infrastructure_;
  const std::string identity_;

  controller::ClusterSource source_;
  controller::ForeignRoutes foreign_;
  translate::DataReferences wanted_data_;
  bool is_synced_ = false;
  bool awaits_data_ = false;  ///< a pass waits for what new references lead to

  controller::ObservedStatuses observed_;
  std::unique_ptr<controller::EventRecorder> events_;
  std::unique_ptr<controller::StatusWriter> writer_;
  std::unique_ptr<controller::LeaderElection> election_;
  std::unique_ptr<controller::Provisioner> provisioner_;
  std::unique_ptr<controller::DataFetcher> data_;
  std::unique_ptr<controller::Informers> informers_;
  std::atomic<bool> is_leader_{false};
  std::thread hand_over_;
};

}  // namespace gatehouse::gateway
