// SPDX-License-Identifier: Apache-2.0
#include "base/io/socket.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace gatehouse::io {
namespace {

// libc's recv and sendmsg are cancellation points: with more than one thread each call pays for switching
// asynchronous cancellation on and off, together 3 % of a forwarded request. Nobody cancels our threads.
ssize_t receive(int fd, char* into, std::size_t size) {
  return syscall(SYS_recvfrom, fd, into, size, 0, nullptr, nullptr);
}
ssize_t send_one(int fd, const iovec& part) {
  return syscall(SYS_sendto, fd, part.iov_base, part.iov_len, MSG_NOSIGNAL, nullptr, 0);
}
ssize_t send_all(int fd, const msghdr& message) {
  return syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
}

}  // namespace

void CancelSource::fire() {
  if (fired_) return;
  fired_ = true;
  for (CancellableWait* wait = waits_; wait; wait = wait->next_) loop_.make_ready(*wait, Wake::cancelled);
}

bool Socket::open(int fd) {
  fd_ = fd;
  flags_ = 0;
  if (loop_->add(fd, *this)) return true;
  close();
  return false;
}

void Socket::close() {
  if (fd_ < 0) return;
  if (layer_) {
    layer_->close(flags_ & (kAbrupt | kBroken) ? Ending::abrupt : Ending::orderly);
    layer_.reset();
  }
  loop_->remove(fd_, *this);
  ::close(fd_);
  fd_ = -1;
  flags_ = kBroken;
  if (read_waiter_) loop_->make_ready(*read_waiter_, Wake::cancelled);
  if (write_waiter_) loop_->make_ready(*write_waiter_, Wake::cancelled);
  read_waiter_ = write_waiter_ = nullptr;
  if (hangup_) hangup_->fire();
  hangup_ = nullptr;
}

void Socket::set_transport(std::unique_ptr<TransportLayer> layer) {
  layer_ = std::move(layer);
  flags_ |= kReadable;  // the layer may hold bytes that no event will tell of
}

int Socket::release_fd() {
  loop_->release(fd_, *this);
  read_waiter_ = write_waiter_ = nullptr;
  hangup_ = nullptr;
  flags_ = kBroken;
  return std::exchange(fd_, -1);
}

/// A layer's own messages wake nobody who waits for bytes.
std::uint32_t Socket::events_through_layer(std::uint32_t events) {
  constexpr std::uint32_t kBreak = EPOLLHUP | EPOLLERR;
  events = layer_->on_events(events);
  if (!(events & EPOLLIN) || !read_waiter_ || (events & kBreak)) return events;
  if (layer_->look() != Input::none) return events;
  set_flag(kReadable, layer_->can_read());
  return events & ~static_cast<std::uint32_t>(EPOLLIN);
}

void Socket::on_events(std::uint32_t events) {
  if (layer_) [[unlikely]]
    events = events_through_layer(events);
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    flags_ |= kReadable;
    if (read_waiter_) loop_->make_ready(*read_waiter_, Wake::ready);
    read_waiter_ = nullptr;
  }
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
    flags_ |= kWritable;
    if (write_waiter_) loop_->make_ready(*write_waiter_, Wake::ready);
    write_waiter_ = nullptr;
  }
  if (events & EPOLLRDHUP) flags_ |= kPeerClosed;
  if (events & (EPOLLHUP | EPOLLERR)) flags_ |= kBroken;
  if (hangup_ && (is_broken() || (hangup_on_fin_ && peer_closed()))) hangup_->fire();
}

void Socket::adopt_layer_state(Transfer::State state) {
  set_flag(kReadable, layer_->can_read());
  set_flag(kWritable, layer_->can_write());
  if (state == Transfer::State::end) flags_ |= kPeerClosed;
  if (state == Transfer::State::failed) flags_ |= kBroken;
}

Transfer Socket::read_through_layer(std::span<char> into) {
  const Transfer got = layer_->read(into);
  adopt_layer_state(got.state);
  return got;
}

Transfer Socket::write_through_layer(std::span<const iovec> parts) {
  const Transfer sent = layer_->write(parts);
  adopt_layer_state(sent.state);
  return sent;
}

bool Socket::has_input() {
  if (!is_ready(Direction::read)) return false;
  if (!layer_ || is_broken()) return true;
  const bool has = layer_->look() != Input::none;
  set_flag(kReadable, has || layer_->can_read());
  return has;
}

bool Socket::has_unread_bytes() {
  if (fd_ < 0) return false;
  if (layer_) {
    layer_->on_events(EPOLLIN);
    const Input input = layer_->look();
    set_flag(kReadable, input != Input::none || layer_->can_read());
    return input == Input::bytes;
  }
  char byte;
  return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

Transfer Socket::read(std::span<char> into) {
  if (layer_) [[unlikely]]
    return read_through_layer(into);
  for (;;) {
    const ssize_t n = receive(fd_, into.data(), into.size());
    if (n > 0) {
      // A short read has emptied the socket: the next bytes come with a new edge. After FIN there is no
      // further edge, so the end must be read.
      if (static_cast<std::size_t>(n) < into.size() && !peer_closed())
        flags_ &= static_cast<std::uint8_t>(~kReadable);
      return {Transfer::State::done, static_cast<std::size_t>(n), 0};
    }
    if (n == 0) {
      flags_ |= kPeerClosed;
      return {Transfer::State::end, 0, 0};
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      flags_ &= static_cast<std::uint8_t>(~kReadable);
      return {Transfer::State::would_block, 0, 0};
    }
    flags_ |= kBroken;
    return {Transfer::State::failed, 0, errno};
  }
}

Transfer Socket::write(std::span<const iovec> parts) {
  if (layer_) [[unlikely]]
    return write_through_layer(parts);
  std::size_t total = 0;
  for (const iovec& part : parts) total += part.iov_len;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg does not write to it
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t n = parts.size() == 1 ? send_one(fd_, parts.front()) : send_all(fd_, message);
    if (n >= 0) {
      if (static_cast<std::size_t>(n) < total) flags_ &= static_cast<std::uint8_t>(~kWritable);
      return {Transfer::State::done, static_cast<std::size_t>(n), 0};
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      flags_ &= static_cast<std::uint8_t>(~kWritable);
      return {Transfer::State::would_block, 0, 0};
    }
    flags_ |= kBroken;
    return {Transfer::State::failed, 0, errno};
  }
}

Transfer Socket::blocked_or_failed(Flag flag) {
  if (errno == EAGAIN) {
    set_flag(flag, false);
    return {Transfer::State::would_block, 0, 0};
  }
  flags_ |= kBroken;
  return {Transfer::State::failed, 0, errno};
}

Transfer Socket::peek(std::span<char> into, std::size_t known) {
  ssize_t n;
  do {
    n = recv(fd_, into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return blocked_or_failed(kReadable);
  if (static_cast<std::size_t>(n) > known) return {Transfer::State::done, static_cast<std::size_t>(n), 0};
  if (n == 0 || peer_closed()) return {Transfer::State::end, 0, 0};
  set_flag(kReadable, false);
  return {Transfer::State::would_block, 0, 0};
}

Transfer Socket::splice_to(int pipe, std::size_t most) {
  ssize_t n;
  do {
    n = splice(fd_, nullptr, pipe, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return blocked_or_failed(kReadable);
  if (n == 0) flags_ |= kPeerClosed;
  return {n == 0 ? Transfer::State::end : Transfer::State::done, static_cast<std::size_t>(n), 0};
}

Transfer Socket::splice_from(int pipe, std::size_t size) {
  ssize_t n;
  do {
    n = splice(pipe, nullptr, fd_, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return blocked_or_failed(kWritable);
  return {Transfer::State::done, static_cast<std::size_t>(n), 0};
}

void Socket::shutdown_write() {
  if (layer_) return layer_->shutdown_write();
  ::shutdown(fd_, SHUT_WR);
}

void Socket::reset_on_close() {
  if (fd_ < 0) return;
  flags_ |= kAbrupt;
  const linger hard{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

int Socket::take_error() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

void Wait::await_suspend(std::coroutine_handle<> handle) {
  handle_ = handle;
  waiting_ = true;
  slot() = this;
  if (deadline_ != kNoDeadline) loop_.timers().arm(*this, deadline_);
  join(cancel_);
}

void Wait::leave() {
  if (!waiting_) return;
  waiting_ = false;
  if (slot() == this) slot() = nullptr;
  Timer::cancel();
  CancellableWait::leave(cancel_);
}

void Wait::resume(Waiter& waiter) {
  auto& self = static_cast<Wait&>(waiter);
  // Whatever made it ready last: see the order above Wait.
  self.result_ = self.cancel_ && self.cancel_->fired() ? Wake::cancelled : self.wake;
  self.leave();
  self.handle_.resume();
}

void Wait::expire(Timer& timer) {
  auto& self = static_cast<Wait&>(timer);
  // Already on its way for a better reason: that one counts.
  if (!self.linked()) self.loop_.make_ready(self, Wake::timeout);
}

int start_connect(const SocketAddress& to) {
  sockaddr_storage address;
  const socklen_t size = to.write(address);
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 || errno == EINPROGRESS) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace gatehouse::io
