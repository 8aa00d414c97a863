// SPDX-License-Identifier: Apache-2.0
#include "gateway/control_loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <map>

namespace gatehouse::gateway {

namespace asio = boost::asio;

struct ControlLoop::State {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::signal_set signals{context};
  asio::posix::stream_descriptor descriptor{context};
  std::map<TimerName, asio::steady_timer> timers;
  std::function<void(int)> signal_callback;
  std::function<void()> readable_callback;

  void wait_for_signal() {
    signals.async_wait([this](boost::system::error_code error, int signal) {
      if (error) return;
      signal_callback(signal);
      wait_for_signal();
    });
  }

  void wait_for_descriptor() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
      if (error) return;
      readable_callback();
      wait_for_descriptor();
    });
  }
};

ControlLoop::ControlLoop() : state_(std::make_unique<State>()) {}

ControlLoop::~ControlLoop() {
  if (state_->descriptor.is_open()) state_->descriptor.release();
}

void ControlLoop::on_signal(std::function<void(int)> callback) {
  state_->signal_callback = std::move(callback);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) state_->signals.add(signal);
  state_->wait_for_signal();
}

void ControlLoop::on_readable(int fd, std::function<void()> callback) {
  state_->readable_callback = std::move(callback);
  state_->descriptor.assign(fd);
  state_->wait_for_descriptor();
}

void ControlLoop::after(TimerName name, std::chrono::milliseconds delay, std::function<void()> callback) {
  auto& timer = state_->timers.try_emplace(name, state_->context).first->second;
  timer.expires_after(delay);
  timer.async_wait([callback = std::move(callback)](boost::system::error_code error) {
    if (!error) callback();
  });
}

void ControlLoop::post(std::function<void()> function) {
  asio::post(state_->context, std::move(function));
}

void ControlLoop::run() {
  state_->context.run();
}
void ControlLoop::stop() {
  state_->context.stop();
}

}  // namespace gatehouse::gateway
