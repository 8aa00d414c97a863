// SPDX-License-Identifier: Apache-2.0
// Threads, epochs and states.
#include "controller/informer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "controller/api_client_factory.h"

namespace gatehouse::controller {
namespace {

constexpr const char* kNotInstalled = "it is not served: install the CRDs of Gateway API";

/// A ReferenceGrant speaks for its namespace, whoever selects among routes.
bool takes_selector(const WatchedKind& kind) {
  return kind.namespaced && kind.kind != "ReferenceGrant" &&
         (kind.group.starts_with("gateway.networking.") || kind.group == "gatehouse.dev");
}

/// Other cluster-scoped kinds belong to no namespace, so a choice of namespaces leaves them as they are.
bool is_split(const WatchedKind& kind) {
  return kind.namespaced || kind.kind == "Namespace";
}

}  // namespace

Informer::Informer(ApiClientFactory& factory, Setup setup, const Clock& clock, std::uint64_t seed)
    : factory_(factory), setup_(std::move(setup)), clock_(clock), since_(clock.wall()) {
  if (setup_.scope.namespaces.empty() || !is_split(kind())) {
    add_place("", seed);
    return;
  }
  for (const auto& ns : setup_.scope.namespaces) add_place(ns, seed += 0x9E3779B97F4A7C15ULL);
}

Informer::~Informer() {
  stop();
}

void Informer::add_place(std::string ns, std::uint64_t seed) {
  auto place = std::make_unique<Place>();
  auto& made = *place;
  ListWatch::Place where{setup_.kind, std::move(ns), takes_selector(kind()) ? setup_.scope.selector : ""};
  ListWatch::Listener listener;
  listener.listed = [this, &made](std::vector<Arrival> arrivals) {
    return take_list(made, std::move(arrivals));
  };
  listener.watching = [this, &made] {
    note(made, "");
    const std::lock_guard lock(mutex_);
    made.is_watching = made.epoch == epoch_;
    return made.is_watching;
  };
  listener.happened = [this, &made](WatchEvent event) { return take_event(made, std::move(event)); };
  listener.wants = setup_.wants;
  made.list_watch =
      std::make_unique<ListWatch>(std::move(where), std::move(listener), setup_.times, clock_, seed);
  const BackoffTimes times{setup_.times.first_pause, setup_.times.longest_pause, setup_.times.healthy_after};
  made.backoff = std::make_unique<Backoff>(times, clock_, seed);
  places_.push_back(std::move(place));
}

void Informer::start() {
  for (auto& place : places_) place->thread = std::thread([this, at = place.get()] { run(*at); });
}

void Informer::begin_stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  ++epoch_;
  for (auto& place : places_)
    if (place->client) place->client->stop();
  changed_.notify_all();
}

void Informer::stop() {
  begin_stop();
  for (auto& place : places_)
    if (place->thread.joinable()) place->thread.join();
}

/// With mutex_ held.
void Informer::change_epoch(const std::string& version) {
  version_ = version;
  ++epoch_;
  for (auto& place : places_) {
    place->is_listed = false;
    place->is_watching = false;
    place->error.clear();
    if (place->client) place->client->stop();
  }
  discovery_error_.clear();
  shown_error_.clear();
  since_ = clock_.wall();
  changed_.notify_all();
}

void Informer::serve(const std::string& version) {
  const std::lock_guard lock(mutex_);
  discovery_error_.clear();
  if (version_ == version || stopping_) return;
  is_absent_ = false;
  change_epoch(version);
}

void Informer::list_again() {
  const std::lock_guard lock(mutex_);
  if (!version_.empty() && !stopping_) change_epoch(std::string(version_));
}

void Informer::absent() {
  const std::lock_guard one_at_a_time(delivering_);
  bool had_objects = false;
  {
    const std::lock_guard lock(mutex_);
    if (is_absent_ || stopping_) return;
    had_objects = !version_.empty();
    change_epoch("");
    is_absent_ = true;
    for (auto& place : places_) place->names.clear();
  }
  Delivery nothing;
  nothing.kind = kind().kind;
  nothing.whole = true;
  if (had_objects) setup_.deliver(std::move(nothing));
  const std::lock_guard lock(mutex_);
  if (kind().optional)
    is_synced_ = true;
  else
    tell(kNotInstalled);
}

void Informer::unknown(const std::string& error) {
  const std::lock_guard lock(mutex_);
  if (discovery_error_.empty()) since_ = clock_.wall();
  discovery_error_ = error;
  if (version_.empty()) tell(error);
}

InformerState Informer::state() const {
  const std::lock_guard lock(mutex_);
  InformerState state;
  state.kind = kind().kind;
  state.version = version_;
  state.absent = is_absent_;
  state.synced = is_synced_;
  state.since = since_;
  state.watching = !version_.empty();
  for (const auto& place : places_) {
    state.watching = state.watching && place->is_watching;
    if (state.error.empty()) state.error = place->error;
  }
  if (state.error.empty() && version_.empty()) state.error = discovery_error_;
  if (state.error.empty() && is_absent_ && !kind().optional) state.error = kNotInstalled;
  return state;
}

void Informer::run(Place& place) {
  std::string version;
  while (wait_for_version(place, version)) work(place, version);
}

bool Informer::wait_for_version(Place& place, std::string& version) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || !version_.empty(); });
  if (stopping_) return false;
  place.epoch = epoch_;
  place.client = factory_.make_client();
  place.list_watch->start_anew();
  version = version_;
  return true;
}

/// Until the epoch ends.
void Informer::work(Place& place, const std::string& version) {
  bool goes_on = true;
  while (goes_on) {
    const auto step = place.list_watch->step(*place.client, version);
    {
      const std::lock_guard lock(mutex_);
      if (place.epoch != epoch_) break;
      if (step.outcome != ListWatch::Outcome::well) place.is_watching = false;
    }
    if (step.outcome == ListWatch::Outcome::well) continue;
    note(place, step.error);
    if (step.outcome == ListWatch::Outcome::missing) setup_.on_missing();
    const auto& times = setup_.times;
    const auto longest = step.is_unanswered ? times.longest_unanswered : times.longest_pause;
    goes_on = pause(place, place.backoff->next(step.wished, longest));
  }
  const std::lock_guard lock(mutex_);
  place.client.reset();
}

bool Informer::pause(Place& place, Duration duration) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [&] { return place.epoch != epoch_; });
}

void Informer::note(Place& place, const std::string& error) {
  const std::lock_guard lock(mutex_);
  if (place.epoch != epoch_) return;
  place.error = error;
  std::string shown;
  for (const auto& each : places_)
    if (shown.empty()) shown = each->error;
  if (shown.empty() != shown_error_.empty()) since_ = clock_.wall();
  shown_error_ = shown;
  tell(shown);
}

/// With mutex_ held: each trouble once, and its end.
void Informer::tell(const std::string& error) {
  if (error.empty() == told_error_.empty()) return;
  told_error_ = error;
  if (error.empty())
    log_info("API server: {}: all is well again", kind().kind);
  else
    log_warning("API server: {}: {}", kind().kind, escaped(error));
}

/// With delivering_ held.
bool Informer::deliver(const Place& place, Delivery delivery) {
  {
    const std::lock_guard lock(mutex_);
    if (place.epoch != epoch_) return false;
  }
  delivery.kind = kind().kind;
  setup_.deliver(std::move(delivery));
  return true;
}

bool Informer::take_list(Place& place, std::vector<Arrival> arrivals) {
  {
    const std::lock_guard one_at_a_time(delivering_);
    Delivery delivery;
    delivery.whole = places_.size() == 1;
    if (!delivery.whole) {
      auto gone = std::move(place.names);
      place.names.clear();
      for (const auto& arrival : arrivals) {
        gone.erase(arrival.name);
        place.names.insert(arrival.name);
      }
      delivery.gone.assign(gone.begin(), gone.end());
    }
    delivery.arrivals = std::move(arrivals);
    if (!deliver(place, std::move(delivery))) return false;
  }
  note(place, "");
  const std::lock_guard lock(mutex_);
  if (place.epoch != epoch_) return false;
  place.is_listed = true;
  is_synced_ = is_synced_ ||
               std::all_of(places_.begin(), places_.end(), [](const auto& each) { return each->is_listed; });
  return true;
}

bool Informer::take_event(Place& place, WatchEvent event) {
  const std::lock_guard one_at_a_time(delivering_);
  const bool is_gone = event.type == WatchEvent::Type::gone;
  if (places_.size() > 1) {
    if (is_gone)
      place.names.erase(event.arrival.name);
    else
      place.names.insert(event.arrival.name);
  }
  Delivery delivery;
  if (is_gone)
    delivery.gone.push_back(std::move(event.arrival.name));
  else
    delivery.arrivals.push_back(std::move(event.arrival));
  return deliver(place, std::move(delivery));
}

}  // namespace gatehouse::controller
