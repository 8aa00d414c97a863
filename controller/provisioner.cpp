// SPDX-License-Identifier: Apache-2.0
#include "controller/provisioner.h"

#include "base/clock.h"
#include "controller/infrastructure_writer.h"

namespace gatehouse::controller {

Provisioner::Provisioner(std::unique_ptr<ApiClient> client, InfrastructureOptions options,
                         std::function<bool()> may_write)
    : client_(std::move(client)),
      options_(std::move(options)),
      may_write_(std::move(may_write)),
      thread_([this] { run(); }) {}

Provisioner::~Provisioner() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  client_->stop();
  changed_.notify_all();
  thread_.join();
}

void Provisioner::set_input(InfrastructureInput input) {
  {
    const std::lock_guard lock(mutex_);
    if (input_ && *input_ == input) return;
    input_ = std::make_shared<const InfrastructureInput>(std::move(input));
    is_changed_ = true;
  }
  changed_.notify_all();
}

void Provisioner::set_leader(bool is_leader) {
  {
    const std::lock_guard lock(mutex_);
    if (is_leader_ == is_leader) return;
    is_leader_ = is_leader;
    is_changed_ = true;
  }
  changed_.notify_all();
}

void Provisioner::run() {
  InfrastructureWriter writer(*client_, options_);
  const auto is_interrupted = [this] {
    const std::lock_guard lock(mutex_);
    return is_over_ || !is_leader_ || !may_write_();
  };
  auto due = MonoTime::max();
  while (true) {
    std::shared_ptr<const InfrastructureInput> input;
    bool is_leader = false;
    {
      std::unique_lock lock(mutex_);
      const auto is_woken = [this] { return is_over_ || is_changed_; };
      if (due == MonoTime::max())
        changed_.wait(lock, is_woken);
      else
        changed_.wait_until(lock, due, is_woken);
      if (is_over_) return;
      is_changed_ = false;
      input = input_;
      is_leader = is_leader_;
    }
    due = MonoTime::max();
    if (!is_leader)
      writer.start_over();
    else if (input)
      due = writer.run(*input, system_clock().now(), is_interrupted);
  }
}

}  // namespace gatehouse::controller
