// SPDX-License-Identifier: Apache-2.0
#include "gateway/cluster_side.h"

#include <utility>

#include "base/log.h"
#include "config/translate/data_references.h"
#include "controller/access.h"
#include "gateway/cluster_options.h"

namespace gatehouse::gateway {
namespace {

constexpr auto kSyncPoll = std::chrono::milliseconds(10);
/// How long a pass waits for Secrets that objects have only now begun to name.
constexpr auto kDataPatience = std::chrono::milliseconds(500);

constexpr controller::ClientTimes kLeaseTimes{std::chrono::seconds(2), std::chrono::seconds(3),
                                              std::chrono::seconds(3)};

using Leftovers = controller::StatusWriterOptions::Leftovers;

/// Seeing a part of the cluster only, absence proves nothing.
Leftovers leftovers_of(const file::KubernetesSettings& settings) {
  const bool sees_all = settings.namespaces.empty() && settings.selector.empty() && settings.gateway.empty();
  return sees_all ? Leftovers::remove : Leftovers::keep;
}

std::string first_line(const std::vector<objects::Problem>& problems) {
  for (const auto& problem : problems)
    if (problem.severity == objects::Severity::error) return objects::to_line(problem);
  return "there is no way to an API server";
}

bool is_data(const std::string& kind) {
  return kind == objects::Secret::kKind || kind == objects::ConfigMap::kKind;
}

}  // namespace

ClusterSide::Made ClusterSide::make(Parts parts) {
  const auto& settings = parts.settings.kubernetes;
  auto outcome =
      controller::find_access(controller::search_of_process(settings.kubeconfig, settings.context));
  if (!outcome.access) return first_line(outcome.problems);
  for (const auto& problem : outcome.problems) log_warning("{}", objects::to_line(problem));
  log_info("API server: {} ({})", outcome.access->server, outcome.access->origin);
  return std::unique_ptr<ClusterSide>(new ClusterSide(std::move(parts), std::move(*outcome.access)));
}

ClusterSide::ClusterSide(Parts parts, controller::ClusterAccess access)
    : parts_(std::move(parts)),
      clients_(access),
      lease_clients_(std::move(access), system_clock(), kLeaseTimes),
      infrastructure_(infrastructure_options(parts_.settings, own_namespace(clients_.access().ns))),
      identity_(replica_identity()),
      source_(parts_.store),
      foreign_({.controller_names = parts_.settings.controller_names,
                .list_again = [this] { informers_->list_routes_again(); }}) {
  const auto& settings = parts_.settings.kubernetes;
  const auto& clock = system_clock();
  events_ = std::make_unique<controller::EventRecorder>(
      controller::EventRecorderOptions{"gatehouse", identity_}, clients_.make_client(), clock);

  controller::StatusWriterOptions writing;
  writing.controller_names = parts_.settings.controller_names;
  writing.leftovers = leftovers_of(settings);
  const auto may_write = [this] { return is_leader_.load() && (!election_ || election_->is_leader()); };
  writing.may_write = may_write;
  writing.on_change = [this](const auto& key, const auto& object, const auto& change) {
    events_->record(key, object, change);
  };
  writer_ = std::make_unique<controller::StatusWriter>(std::move(writing), observed_, clients_.make_client(),
                                                       clock);
  provisioner_ =
      std::make_unique<controller::Provisioner>(clients_.make_client(), infrastructure_, may_write);
  if (settings.leader_election && !is_pod_of_gateway(settings)) {
    auto options = lease_options(settings, infrastructure_.own_namespace);
    options.identity = identity_;
    options.on_change = [this](bool is_leader) { lead(is_leader); };
    election_ =
        std::make_unique<controller::LeaderElection>(std::move(options), lease_clients_.make_client(), clock);
  }
  const auto to_here = [this](controller::Delivery delivery) { deliver(std::move(delivery)); };
  data_ = std::make_unique<controller::DataFetcher>(
      clients_.make_client(), [this](controller::Delivery delivery) {
        auto shared = std::make_shared<const controller::Delivery>(std::move(delivery));
        parts_.loop.post([this, shared] { take(*shared); });
      });
  informers_ = std::make_unique<controller::Informers>(
      clients_, watch_scope(settings, infrastructure_.own_namespace), to_here, controller::InformerTimes{},
      clock, [this](const auto& arrival) { return foreign_.wants(arrival); });
}

ClusterSide::~ClusterSide() {
  stop();
}

void ClusterSide::start() {
  events_->start();
  writer_->start();
  data_->start();
  if (election_)
    election_->start();
  else if (!is_pod_of_gateway(parts_.settings.kubernetes))
    lead(true);
  informers_->start();
  look_whether_synced();
}

void ClusterSide::hand_over() {
  if (hand_over_.joinable()) return;
  lead(false);
  if (election_) hand_over_ = std::thread([this] { election_->stop(); });
}

void ClusterSide::stop() {
  hand_over();
  informers_->stop();
  if (hand_over_.joinable()) hand_over_.join();
}

void ClusterSide::lead(bool is_leader) {
  if (is_leader_.exchange(is_leader) != is_leader)
    log_info("leader: {}", is_leader ? "this replica writes statuses" : "not this replica any more");
  writer_->set_leader(is_leader);
  provisioner_->set_leader(is_leader);
}

/// On a thread of the informers.
void ClusterSide::deliver(controller::Delivery delivery) {
  if (is_data(delivery.kind)) return data_->notice(delivery);
  foreign_.learn(delivery);
  if (controller::has_status_of_ours(delivery.kind)) writer_->observe(delivery);
  auto shared = std::make_shared<const controller::Delivery>(std::move(delivery));
  parts_.loop.post([this, shared] { take(*shared); });
}

void ClusterSide::take(const controller::Delivery& delivery) {
  const bool changed = source_.take(delivery);
  parts_.problems_changed();
  if (!is_synced_) return;
  if (changed && !is_data(delivery.kind)) ask_for_data();
  if (changed || awaits_data_) tell_of_change();
}

/// Secrets and ConfigMaps that the objects have begun to name are fetched before the pass.
void ClusterSide::ask_for_data() {
  auto references = translate::data_references(parts_.store.snapshot(), parts_.settings.controller_names,
                                               parts_.settings.kubernetes.gateway);
  if (references == wanted_data_) return;
  wanted_data_ = std::move(references);
  data_->want(wanted_data_);
  if (awaits_data_ || data_->is_settled()) return;
  awaits_data_ = true;
  parts_.loop.after(ControlLoop::TimerName::data, kDataPatience, [this] {
    if (!std::exchange(awaits_data_, false)) return;
    parts_.changed();
  });
}

void ClusterSide::tell_of_change() {
  if (awaits_data_ && !data_->is_settled()) return;
  awaits_data_ = false;
  parts_.changed();
}

/// Nothing is served before everything has been listed, and what it names was fetched: half a configuration
/// would answer 404.
void ClusterSide::look_whether_synced() {
  if (!informers_->all_synced()) {
    parts_.loop.after(ControlLoop::TimerName::sync, kSyncPoll, [this] { look_whether_synced(); });
    return;
  }
  // Behind what is posted already.
  parts_.loop.post([this] {
    if (is_synced_) return;
    ask_for_data();
    if (!data_->is_settled()) {
      parts_.loop.after(ControlLoop::TimerName::sync, kSyncPoll, [this] { look_whether_synced(); });
      return;
    }
    parts_.loop.post([this] {
      if (std::exchange(is_synced_, true)) return;
      awaits_data_ = false;
      log_info("API server: everything is listed");
      parts_.changed();
    });
  });
}

void ClusterSide::set_statuses(const objects::Snapshot& snapshot,
                               std::shared_ptr<const objects::Statuses> statuses) {
  provisioner_->set_input(controller::infrastructure_input(snapshot, *statuses, infrastructure_));
  writer_->set_desired(std::move(statuses));
}

ClusterFigures ClusterSide::figures() const {
  ClusterFigures figures;
  figures.is_leader = is_leader_.load();
  figures.kinds = informers_->states();
  figures.data_error = data_->error();
  figures.credential_error = clients_.credential_error();
  if (election_) figures.lease_error = election_->error();
  figures.statuses = &writer_->counters();
  figures.events = events_->written();
  return figures;
}

}  // namespace gatehouse::gateway
