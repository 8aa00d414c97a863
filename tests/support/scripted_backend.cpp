// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scripted_backend.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>

namespace gatehouse::test {
namespace {

bool is_readable(int fd) {
  pollfd poll_fd{fd, POLLIN, 0};
  return poll(&poll_fd, 1, 0) > 0;
}

bool has_unread(const WireSocket& socket) {
  int bytes = 0;
  return socket.is_open() && ioctl(socket.fd(), FIONREAD, &bytes) == 0 && bytes > 0;
}

}  // namespace

bool BackendConnection::read_more() {
  if (!socket_.is_open() || ended_) return false;
  const auto ready = socket_.wait_readable(kPatience, backend_.stop_);
  if (ready != WireSocket::Got::bytes) return false;
  const std::lock_guard lock(backend_.mutex_);
  const auto got = socket_.read(recorded_, kPatience, backend_.stop_);
  if (got == WireSocket::Got::end || got == WireSocket::Got::reset) ended_ = true;
  backend_.changed_.notify_all();
  return got == WireSocket::Got::bytes;
}

bool BackendConnection::wait_for(std::string_view text) {
  for (;;) {
    const auto found = recorded_.find(text, used_);
    if (found != std::string::npos) {
      used_ = found + text.size();
      return true;
    }
    if (!read_more()) return false;
  }
}

std::optional<WireMessage> BackendConnection::read_request() {
  for (;;) {
    const auto unused = std::string_view(recorded_).substr(used_);
    std::string_view left(unused);
    if (auto request = take_request(left)) {
      used_ += unused.size() - left.size();
      return request;
    }
    if (!read_more()) return std::nullopt;
  }
}

bool BackendConnection::send(std::string_view bytes) {
  return socket_.write(bytes, kPatience, backend_.stop_);
}

bool BackendConnection::send_slowly(std::string_view bytes, const std::function<void()>& settle) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!send(bytes.substr(i, 1))) return false;
    settle();
  }
  return true;
}

bool BackendConnection::wait_for_close() {
  while (read_more()) {
  }
  return ended_;
}

bool BackendConnection::hold() {
  std::unique_lock lock(backend_.mutex_);
  backend_.changed_.wait(lock, [this] { return backend_.released_ || backend_.stopping_; });
  return !backend_.stopping_;
}

ScriptedBackend::Script ScriptedBackend::answering(std::string response) {
  return [response = std::move(response)](BackendConnection& connection) {
    while (connection.read_request())
      if (!connection.send(response)) return;
  };
}

ScriptedBackend::ScriptedBackend(Script script)
    : listener_(listen_on_loopback()), stop_(eventfd(0, EFD_CLOEXEC)), script_(std::move(script)) {
  REQUIRE(stop_ >= 0);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedBackend::~ScriptedBackend() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  eventfd_write(stop_, 1);
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_.fd);
  ::close(stop_);
}

void ScriptedBackend::accept_all() {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{listener_.fd, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    const std::lock_guard lock(mutex_);
    const int fd = accept4(listener_.fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const auto index = static_cast<int>(connections_.size());
    connections_.push_back(std::make_unique<BackendConnection>(*this, index, fd));
    threads_.emplace_back([this, connection = connections_.back().get()] { serve(*connection); });
    changed_.notify_all();
  }
}

void ScriptedBackend::serve(BackendConnection& connection) {
  Script script;
  {
    const std::lock_guard lock(mutex_);
    script = script_;
  }
  script(connection);
  while (connection.socket_.is_open() && connection.read_more()) {
  }
  const std::lock_guard lock(mutex_);
  connection.ended_ = true;
  connection.close();
  changed_.notify_all();
}

void ScriptedBackend::set_script(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

void ScriptedBackend::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

int ScriptedBackend::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(connections_.size() - forgotten_);
}

int ScriptedBackend::open_connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(connections_.begin(), connections_.end(),
                                        [](const auto& connection) { return !connection->ended_; }));
}

std::string ScriptedBackend::recorded(int connection) const {
  const std::lock_guard lock(mutex_);
  const auto& from = *connections_.at(static_cast<std::size_t>(connection));
  return from.recorded_.substr(from.visible_from_);
}

std::string ScriptedBackend::recorded() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const auto& connection : connections_) all += connection->recorded_.substr(connection->visible_from_);
  return all;
}

std::vector<WireMessage> ScriptedBackend::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_locked();
}

std::vector<WireMessage> ScriptedBackend::requests_locked() const {
  std::vector<WireMessage> all;
  for (const auto& connection : connections_) {
    const auto visible = std::string_view(connection->recorded_).substr(connection->visible_from_);
    for (auto& request : all_requests(visible)) all.push_back(std::move(request));
  }
  return all;
}

bool ScriptedBackend::wait_until(const std::function<bool()>& holds) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, holds);
}

bool ScriptedBackend::wait_for_connections(int at_least) const {
  return wait_until([&] { return connections_.size() - forgotten_ >= static_cast<std::size_t>(at_least); });
}

bool ScriptedBackend::wait_for_requests(std::size_t at_least) const {
  return wait_until([&] { return requests_locked().size() >= at_least; });
}

bool ScriptedBackend::wait_for_bytes(std::string_view text) const {
  return wait_until([&] {
    return std::any_of(connections_.begin(), connections_.end(), [&](const auto& connection) {
      return connection->recorded_.find(text, connection->visible_from_) != std::string::npos;
    });
  });
}

bool ScriptedBackend::wait_until_caught_up() const {
  return wait_until([this] {
    if (is_readable(listener_.fd)) return false;
    return std::none_of(connections_.begin(), connections_.end(), [](const auto& connection) {
      return !connection->ended_ && has_unread(connection->socket_);
    });
  });
}

bool ScriptedBackend::wait_until_closed() const {
  return wait_until([&] {
    return std::all_of(connections_.begin(), connections_.end(),
                       [](const auto& connection) { return connection->ended_; });
  });
}

void ScriptedBackend::forget() {
  const std::lock_guard lock(mutex_);
  forgotten_ = connections_.size();
  for (auto& connection : connections_) connection->visible_from_ = connection->recorded_.size();
}

}  // namespace gatehouse::test
