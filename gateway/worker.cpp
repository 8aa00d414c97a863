// SPDX-License-Identifier: Apache-2.0
#include "gateway/worker.h"

#include <fmt/format.h>

#include <pthread.h>

namespace gatehouse::gateway {
namespace {

constexpr auto kLongestSleep = std::chrono::seconds(60);
constexpr auto kDrainPoll = std::chrono::milliseconds(50);

}  // namespace

/// Looks whether the last connection has ended; armed only while draining.
struct Worker::DrainTimer : io::Timer {
  DrainTimer(Fire on_fire, Worker* of) : io::Timer(on_fire), owner(of) {}
  Worker* owner;
};

Worker::Worker(const Options& options) : options_(options) {
  budget_.most = options.max_connections;
}

Worker::~Worker() {
  stop();
}

bool Worker::start() {
  auto loop = io::EventLoop::create();
  if (!loop) return false;
  loop_ = std::move(*loop);
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), fmt::format("worker-{}", options_.index).c_str());
  return true;
}

void Worker::run() {
  context_ = std::make_unique<proxy::WorkerContext>(*loop_, options_.context);
  auto probe = options_.context.probes.worker();
  while (!loop_->is_stopping()) {
    loop_->turn(kLongestSleep);
    probe.loop_turned();
  }
  drain_timer_.reset();
  for (auto& [address, acceptor] : acceptors_) acceptor->stop_accepting();
  for (auto& [address, acceptor] : acceptors_) acceptor->abort_all();
  for (auto& acceptor : closing_) acceptor->abort_all();
  udp_.clear();
  // What was cancelled runs to its end; every cancelled wait ends within one turn of the loop.
  context_->background.cancel_all();
  const auto busy = [this] { return budget_.open != 0 || context_->background.size() != 0; };
  for (int turns = 0; busy() && turns < 1000; ++turns) loop_->turn(std::chrono::milliseconds(1));
  acceptors_.clear();
  closing_.clear();
  context_.reset();
}

void Worker::publish(Publication publication) {
  loop_->post([this, publication = std::move(publication)]() mutable { adopt(std::move(publication)); });
}

void Worker::adopt(Publication publication) {
  context_->adopt(publication.runtime);
  for (const auto& socket : publication.listen) listen(socket);
  for (auto& [address, acceptor] : acceptors_)
    acceptor->set_current(publication.runtime->find_socket(address));
  close_unlisted();
  adopt_udp(*publication.runtime);
  if (publication.adopted) publication.adopted();
}

void Worker::listen(const Publication::Listening& socket) {
  const auto& address = socket.address;
  if (socket.transport == ir::Transport::udp)
    udp_[address] = std::make_unique<proxy::UdpListener>(*context_, address, socket.fd);
  else
    acceptors_[address] = Ref<proxy::Acceptor>(new proxy::Acceptor(*context_, budget_, address, socket.fd));
}

/// Where a port is gone its sessions end; elsewhere those of a backend that is gone get another one.
void Worker::adopt_udp(const proxy::Runtime& runtime) {
  std::erase_if(udp_, [&](const auto& entry) {
    const auto* sockets = runtime.find_socket(entry.first, ir::Transport::udp);
    if (sockets) entry.second->set_current(sockets);
    return sockets == nullptr;
  });
}

void Worker::close_unlisted() {
  for (auto at = acceptors_.begin(); at != acceptors_.end();) {
    if (at->second->sockets()) {
      ++at;
      continue;
    }
    at->second->stop_accepting();
    at->second->close_idle();
    closing_.push_back(std::move(at->second));
    at = acceptors_.erase(at);
  }
  std::erase_if(closing_, [](const auto& acceptor) { return acceptor->open_connections() == 0; });
}

void Worker::wind_down() {
  loop_->post([this] { context_->draining = true; });
}

void Worker::drain(std::function<void()> idle) {
  loop_->post([this, idle = std::move(idle)]() mutable {
    context_->draining = true;
    on_drained_ = std::move(idle);
    drain_timer_ = std::make_unique<DrainTimer>(
        [](io::Timer& timer) { static_cast<DrainTimer&>(timer).owner->check_drained(); }, this);
    for (auto& [address, acceptor] : acceptors_) {
      acceptor->stop_accepting();
      acceptor->close_idle();
    }
    for (auto& [address, listener] : udp_) listener->stop_accepting();
    check_drained();
  });
}

void Worker::check_drained() {
  if (budget_.open != 0) {
    loop_->timers().arm(*drain_timer_, loop_->now() + kDrainPoll);
    return;
  }
  if (on_drained_) on_drained_();
  on_drained_ = nullptr;
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
}

}  // namespace gatehouse::gateway
