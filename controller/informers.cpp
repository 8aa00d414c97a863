// SPDX-License-Identifier: Apache-2.0
// An informer for each kind, and the discovery that tells them what is served.
#include "controller/informers.h"

#include <algorithm>
#include <random>
#include <utility>

#include "controller/api_client_factory.h"
#include "controller/discovery.h"
#include "controller/informer.h"

namespace gatehouse::controller {
namespace {

/// Kinds that every API server of a cluster has.
bool is_built_in(const WatchedKind& kind) {
  return kind.group.empty() || kind.group == "discovery.k8s.io";
}

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

void pass_on(Informer& informer, const Served& served) {
  switch (served.is) {
    case Served::Is::there:
      return informer.serve(served.version);
    case Served::Is::absent:
      return informer.absent();
    case Served::Is::unknown:
      return informer.unknown(served.error);
  }
}

}  // namespace

Informers::Informers(ApiClientFactory& factory, WatchScope scope, Deliver deliver, InformerTimes times,
                     const Clock& clock, Wants wants) {
  std::vector<const WatchedKind*> asked;
  for (const auto& kind : watched_kinds()) {
    Informer::Setup setup;
    setup.kind = &kind;
    setup.scope = scope;
    setup.deliver = deliver;
    setup.wants = wants;
    setup.times = times;
    setup.on_missing = [this] { discovery_->ask_soon(); };
    informers_.push_back(std::make_unique<Informer>(factory, std::move(setup), clock, random_seed()));
    if (is_built_in(kind))
      informers_.back()->serve(std::string(kind.versions[0]));
    else
      asked.push_back(&kind);
  }
  const auto report = [this](const WatchedKind& kind, const Served& served) {
    for (auto& informer : informers_)
      if (informer->kind().kind == kind.kind) pass_on(*informer, served);
  };
  discovery_ = std::make_unique<Discovery>(factory.make_client(), std::move(asked), report, times, clock,
                                           random_seed());
}

Informers::~Informers() {
  stop();
}

void Informers::start() {
  for (auto& informer : informers_) informer->start();
  discovery_->start();
}

void Informers::stop() {
  for (auto& informer : informers_) informer->begin_stop();
  discovery_->stop();
  for (auto& informer : informers_) informer->stop();
}

void Informers::list_routes_again() {
  for (auto& informer : informers_)
    if (informer->kind().kind.ends_with("Route")) informer->list_again();
}

std::vector<InformerState> Informers::states() const {
  std::vector<InformerState> states;
  for (const auto& informer : informers_) states.push_back(informer->state());
  return states;
}

bool Informers::all_synced() const {
  return std::all_of(informers_.begin(), informers_.end(),
                     [](const auto& informer) { return informer->state().synced; });
}

std::string Informers::served_version(std::string_view kind) const {
  for (const auto& informer : informers_)
    if (informer->kind().kind == kind) return informer->state().version;
  return {};
}

}  // namespace gatehouse::controller
