// SPDX-License-Identifier: Apache-2.0
#include "controller/status_writer.h"

#include <utility>

#include "controller/status_work.h"

namespace gatehouse::controller {

StatusWriter::StatusWriter(StatusWriterOptions options, ObservedStatuses& observed,
                           std::unique_ptr<ApiClient> client, const Clock& clock)
    : options_(std::move(options)), observed_(observed), client_(std::move(client)), clock_(clock) {}

StatusWriter::~StatusWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  something_new_.notify_one();
  client_->stop();
  if (thread_.joinable()) thread_.join();
}

void StatusWriter::start() {
  thread_ = std::thread([this] { run(); });
}

void StatusWriter::set_desired(std::shared_ptr<const objects::Statuses> desired) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.desired = std::move(desired);
  }
  something_new_.notify_one();
}

void StatusWriter::set_leader(bool leader) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.leader = leader;
  }
  something_new_.notify_one();
}

void StatusWriter::observe(const Delivery& delivery) {
  auto changed = observed_.apply(delivery);
  if (changed.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (auto& name : changed) inbox_.observed.push_back({delivery.kind, std::move(name)});
  }
  something_new_.notify_one();
}

void StatusWriter::run() {
  StatusWork work(options_, observed_, *client_, clock_, counters_);
  Duration pause{};
  while (const auto inbox = wait(pause)) {
    if (inbox->leader) work.set_leader(*inbox->leader);
    if (inbox->desired) work.set_desired(inbox->desired);
    work.look_at(inbox->observed);
    pause = work.step();
  }
}

std::optional<StatusWriter::Inbox> StatusWriter::wait(Duration at_most) {
  std::unique_lock lock(mutex_);
  something_new_.wait_for(lock, at_most, [this] { return stopping_ || !inbox_.empty(); });
  if (stopping_) return std::nullopt;
  return std::exchange(inbox_, {});
}

}  // namespace gatehouse::controller
