// SPDX-License-Identifier: Apache-2.0
#include "gateway/listening_sockets.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gatehouse::gateway {
namespace {

constexpr int kBacklog = 4096;
constexpr unsigned kUserTimeoutMs = 60'000;

constexpr int kDatagramBuffer = 1 << 20;  // a wish: net.core.rmem_max may be less

enum class Sharing : bool { alone, reuse_port };

/// Inherited by what it accepts: no delay, and peers that are gone without a word are noticed (L3).
void set_stream_options(int fd) {
  const int on = 1;
  // SO_REUSEADDR only ignores connections in TIME_WAIT; a live listener still is a conflict.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
}

/// A server bound to every address has to answer from the one that it was asked at. No SO_REUSEADDR: with it
/// two processes share a UDP port.
void set_datagram_options(int fd, bool v6) {
  const int on = 1;
  if (v6)
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  else
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kDatagramBuffer, sizeof kDatagramBuffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kDatagramBuffer, sizeof kDatagramBuffer);
}

/// A bound socket, or -1 with errno.
int bind_socket(const SocketAddress& address, ir::Transport transport, Sharing sharing) {
  sockaddr_storage storage;
  const socklen_t size = address.write(storage);
  const bool is_udp = transport == ir::Transport::udp;
  const int fd =
      socket(storage.ss_family, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  if (is_udp)
    set_datagram_options(fd, address.ip.v6);
  else
    set_stream_options(fd);
  if (sharing == Sharing::reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.ip.v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

std::string explain(const SocketAddress& address, int error) {
  const auto where = address.to_string();
  switch (error) {
    case EADDRINUSE:
      return fmt::format("{} is in use by another process; stop it, or choose another port or address",
                         where);
    case EACCES:
      return fmt::format(
          "no permission to bind {}: ports below 1024 need root or CAP_NET_BIND_SERVICE; "
          "map the port instead, for example --port-map {}=8{:03}",
          where, address.port, address.port);
    case EADDRNOTAVAIL:
      return fmt::format(
          "{} is not an address of this machine; set spec.addresses, --address-pool or --bind to one", where);
    case EMFILE:
    case ENFILE:
      return fmt::format("cannot bind {}: out of file descriptors; raise the limit (ulimit -n)", where);
    default:
      return fmt::format("cannot bind {}: {}", where, std::strerror(error));
  }
}

void close_all(std::vector<int>& fds) {
  for (const int fd : fds) close(fd);
  fds.clear();
}

}  // namespace

OpenedSocket open_listening_sockets(const SocketAddress& address, int count, ir::Transport transport) {
  OpenedSocket opened{address, {}, {}, transport};
  const bool is_udp = transport == ir::Transport::udp;
  const int probe = bind_socket(address, transport, Sharing::alone);
  // A socket that is bound with SO_REUSEADDR but does not listen would not be noticed by bind: listen tells.
  if (probe < 0 || (!is_udp && listen(probe, 1) != 0)) {
    opened.error = explain(address, errno);
    if (probe >= 0) close(probe);
    return opened;
  }
  close(probe);
  for (int i = 0; i < count; ++i) {
    const int fd = bind_socket(address, transport, Sharing::reuse_port);
    if (fd >= 0) opened.fds.push_back(fd);
    if (fd >= 0 && (is_udp || listen(fd, kBacklog) == 0)) continue;
    opened.error = explain(address, errno);
    close_all(opened.fds);
    return opened;
  }
  return opened;
}

}  // namespace gatehouse::gateway
