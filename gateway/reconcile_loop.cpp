// SPDX-License-Identifier: Apache-2.0
#include "gateway/reconcile_loop.h"

#include <utility>

#include "base/log.h"
#include "config/ir/diff.h"
#include "gateway/warnings.h"

namespace gatehouse::gateway {
namespace {

/// What did not change is the same object in both: translate and the resolver see to that.
bool has_same_parts(const ir::Config& a, const ir::Config& b) {
  return a.listeners == b.listeners && a.clusters == b.clusters;
}

}  // namespace

void ReconcileLoop::run_once(const objects::Snapshot& snapshot, WallTime now) {
  parts_.options.now = std::chrono::system_clock::to_time_t(now);
  translation_ = translate::translate(snapshot, parts_.options, memo_.get());
  warn(warnings_of(snapshot, *translation_, parts_.options));
  serve();
}

std::optional<WallTime> ReconcileLoop::next_expiry() const {
  if (!translation_ || translation_->next_expiry == 0) return std::nullopt;
  return std::chrono::system_clock::from_time_t(translation_->next_expiry);
}

void ReconcileLoop::renew_names() {
  if (translation_) serve();
}

void ReconcileLoop::serve() {
  const auto config = parts_.resolver.resolve(translation_->config);

  const bool changed = !config_ || !has_same_parts(*config_, *config);
  if (!changed && !parts_.publisher.has_failed_binds()) {
    // Statuses are not ahead of the workers: while one has yet to adopt what is published, adopted() reports.
    if (adopted_ == generation_) report(*translation_);
    return;
  }
  const auto before = std::exchange(config_, config);

  proxy::Runtime::Input input{config, runtime_.get(), {cluster_ids_, route_ids_}};
  input.settings = &parts_.proxy_settings;
  input.probes = &parts_.probes;
  input.generation = ++generation_;
  runtime_ = proxy::Runtime::build(input);

  parts_.publisher.publish(runtime_, [this, translation = *translation_, generation = generation_] {
    adopted(generation, translation);
  });
  parts_.health.watch(runtime_);
  parts_.state.set_config(config_);
  parts_.state.set_clusters(runtime_->clusters());
}

/// By every worker. `translation` is what the runtime was made from; a later one may have changed nothing but
/// statuses.
void ReconcileLoop::adopted(std::uint64_t generation, const translate::Translation& translation) {
  adopted_ = generation;
  parts_.probes.process().config_applied(static_cast<std::int64_t>(generation));
  parts_.state.set_serving(generation);
  report(generation == generation_ ? *translation_ : translation);
}

/// Each warning once for as long as it holds.
void ReconcileLoop::warn(const std::vector<objects::Problem>& warnings) {
  std::set<std::string> lines;
  for (const auto& warning : warnings) lines.insert(objects::to_line(warning));
  for (const auto& line : lines)
    if (!warned_.contains(line)) log_warning("{}", line);
  warned_.swap(lines);
}

/// Bind outcomes are known once every worker has adopted the runtime.
void ReconcileLoop::report(const translate::Translation& translation) const {
  auto statuses = translate::merge_bind_outcomes(translation, parts_.publisher.outcomes());
  auto shared = std::make_shared<const objects::Statuses>(std::move(statuses));
  parts_.state.set_statuses(shared);
  if (parts_.on_statuses) parts_.on_statuses(std::move(shared));
}

}  // namespace gatehouse::gateway
