// SPDX-License-Identifier: Apache-2.0
#include "tests/support/wire_socket.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <utility>

namespace gatehouse::test {
namespace {

constexpr int kBacklog = 256;

enum class Ready { yes, timeout, interrupted };

Ready wait_for(int fd, short events, std::chrono::milliseconds patience, int interrupt) {
  std::array<pollfd, 2> fds{pollfd{fd, events, 0}, pollfd{interrupt, POLLIN, 0}};
  for (;;) {
    const int n = poll(fds.data(), fds.size(), static_cast<int>(patience.count()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Ready::timeout;
    return fds[0].revents != 0 ? Ready::yes : Ready::interrupted;
  }
}

}  // namespace

WireSocket::WireSocket(int fd) : fd_(fd) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

WireSocket::WireSocket(WireSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

WireSocket& WireSocket::operator=(WireSocket&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

WireSocket WireSocket::connect(const SocketAddress& to) {
  sockaddr_storage storage;
  const socklen_t size = to.write(storage);
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  WireSocket made(fd);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0);
  return made;
}

WireSocket::Got WireSocket::wait_readable(std::chrono::milliseconds patience, int interrupt) {
  switch (wait_for(fd_, POLLIN, patience, interrupt)) {
    case Ready::yes:
      return Got::bytes;
    case Ready::timeout:
      return Got::timeout;
    default:
      return Got::interrupted;
  }
}

WireSocket::Got WireSocket::read(std::string& into, std::chrono::milliseconds patience, int interrupt) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    if (fd_ < 0) return Got::end;
    const auto n = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(n));
      return Got::bytes;
    }
    if (n == 0) return Got::end;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Got::reset;
    const auto ready = wait_readable(patience, interrupt);
    if (ready != Got::bytes) return ready;
  }
}

bool WireSocket::write(std::string_view bytes, std::chrono::milliseconds patience, int interrupt) {
  while (!bytes.empty()) {
    if (fd_ < 0) return false;
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN || wait_for(fd_, POLLOUT, patience, interrupt) != Ready::yes) return false;
  }
  return true;
}

void WireSocket::half_close() {
  if (fd_ >= 0) shutdown(fd_, SHUT_WR);
}

void WireSocket::reset() {
  if (fd_ < 0) return;
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void WireSocket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

WireListener listen_on_loopback() {
  SocketAddress any{*IpAddress::parse("127.0.0.1"), 0};
  sockaddr_storage storage;
  socklen_t size = any.write(storage);
  WireListener listener;
  listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  REQUIRE(listener.fd >= 0);
  const int on = 1;
  setsockopt(listener.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  REQUIRE(bind(listener.fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0);
  REQUIRE(listen(listener.fd, kBacklog) == 0);
  size = sizeof storage;
  REQUIRE(getsockname(listener.fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
  listener.address = SocketAddress::from(storage);
  return listener;
}

}  // namespace gatehouse::test
