// SPDX-License-Identifier: Apache-2.0
// Addresses that do not answer: one refuses, one lets connection attempts wait for ever.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <vector>

#include "base/ip.h"
#include "tests/support/wire_socket.h"

namespace gatehouse::test {

/// Bound and not listening: connections are refused, and nobody else gets the port.
class RefusingAddress {
 public:
  RefusingAddress() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage storage{};
    socklen_t size = SocketAddress{*IpAddress::parse("127.0.0.1"), 0}.write(storage);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&storage), size) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
    address_ = SocketAddress::from(storage);
  }
  ~RefusingAddress() { close(fd_); }
  RefusingAddress(const RefusingAddress&) = delete;
  RefusingAddress& operator=(const RefusingAddress&) = delete;

  const SocketAddress& address() const { return address_; }

 private:
  int fd_;
  SocketAddress address_;
};

/// Its accept queue is full, so the kernel drops further attempts: connecting takes for ever.
class SilentAddress {
 public:
  SilentAddress() {
    REQUIRE(listen(refusing_fd(), 0) == 0);
    sockaddr_storage storage{};
    const socklen_t size = address_.write(storage);
    for (int i = 0; i < 4; ++i) {
      const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      static_cast<void>(!connect(fd, reinterpret_cast<sockaddr*>(&storage), size));
      fds_.push_back(fd);
    }
  }
  ~SilentAddress() {
    for (const int fd : fds_) close(fd);
  }
  SilentAddress(const SilentAddress&) = delete;
  SilentAddress& operator=(const SilentAddress&) = delete;

  const SocketAddress& address() const { return address_; }

  /// Makes room, and ends the first connection that gets through: an attempt is repeated after a second.
  void answer_by_closing() {
    for (std::size_t i = 1; i < fds_.size(); ++i) close(fds_[i]);
    fds_.resize(1);
    pollfd next{fds_.front(), POLLIN, 0};
    while (poll(&next, 1, 0) > 0) close(accept(fds_.front(), nullptr, nullptr));
    REQUIRE(poll(&next, 1, static_cast<int>(kPatience.count())) > 0);
    close(accept(fds_.front(), nullptr, nullptr));
  }

 private:
  int refusing_fd() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage storage{};
    socklen_t size = SocketAddress{*IpAddress::parse("127.0.0.1"), 0}.write(storage);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&storage), size) == 0);
    REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
    address_ = SocketAddress::from(storage);
    fds_.push_back(fd);
    return fd;
  }

  SocketAddress address_;
  std::vector<int> fds_;
};

}  // namespace gatehouse::test
