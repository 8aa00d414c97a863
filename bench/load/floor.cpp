// SPDX-License-Identifier: Apache-2.0
// The floor of every proxy: a bare level-triggered epoll forwarder. One upstream connection per client
// connection, kept as long as the client's; copies bytes, parses nothing, allocates only per connection.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kBufferSize = 16 * 1024;
constexpr int kEventsPerTurn = 256;

/// One end of a forwarded pair. Both ends of a pair are deleted together, at the end of a loop turn.
struct End {
  int fd = -1;
  End* peer = nullptr;
  std::string unsent;  ///< what this fd did not take at once; while there is any, the peer is not read
  std::uint32_t interest = EPOLLIN;
  bool dead = false;
};

class Floor {
 public:
  Floor(std::uint16_t listen_port, std::uint16_t backend_port)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)),
        listener_(listen_on(listen_port)),
        backend_(loopback(backend_port)) {
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEventsPerTurn> events;
    for (;;) {
      const int n = epoll_wait(epoll_, events.data(), kEventsPerTurn, -1);
      for (int i = 0; i < n; ++i) {
        auto* end = static_cast<End*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (end == nullptr) {
          accept_pair();
        } else if (!end->dead) {
          serve(*end, events[static_cast<std::size_t>(i)].events);
        }
      }
      bury();
    }
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  static int listen_on(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd, 4096) != 0) {
      std::perror("floor: listen");
      std::exit(2);
    }
    return fd;
  }

  void accept_pair() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    const int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Blocking on purpose: the backend is on this machine and a pair is made once per client connection.
    if (upstream < 0 ||
        connect(upstream, reinterpret_cast<const sockaddr*>(&backend_), sizeof backend_) != 0) {
      close(client);
      if (upstream >= 0) close(upstream);
      return;
    }
    fcntl(upstream, F_SETFL, O_NONBLOCK);
    auto* near = new End;
    auto* far = new End;
    near->fd = client;
    near->peer = far;
    far->fd = upstream;
    far->peer = near;
    add(*near);
    add(*far);
  }

  void add(End& end) {
    const int on = 1;
    setsockopt(end.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = end.interest;
    event.data.ptr = &end;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, end.fd, &event);
  }

  void set_interest(End& end, std::uint32_t interest) {
    if (end.interest == interest) return;
    end.interest = interest;
    epoll_event event{};
    event.events = interest;
    event.data.ptr = &end;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, end.fd, &event);
  }

  void serve(End& end, std::uint32_t ready) {
    if ((ready & EPOLLOUT) != 0) flush(end);
    if (!end.dead && (ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && end.peer->unsent.empty()) forward(end);
  }

  void forward(End& from) {
    const auto got = read(from.fd, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end_pair(from);
    End& to = *from.peer;
    auto put = write(to.fd, buffer_.data(), static_cast<std::size_t>(got));
    if (put < 0 && errno != EAGAIN) return end_pair(from);
    if (put < 0) put = 0;
    if (put == got) return;
    to.unsent.assign(buffer_.data() + put, static_cast<std::size_t>(got - put));
    set_interest(to, EPOLLIN | EPOLLOUT);
    set_interest(from, from.interest & ~static_cast<std::uint32_t>(EPOLLIN));
  }

  void flush(End& to) {
    const auto put = write(to.fd, to.unsent.data(), to.unsent.size());
    if (put < 0 && errno != EAGAIN) return end_pair(to);
    if (put > 0) to.unsent.erase(0, static_cast<std::size_t>(put));
    if (!to.unsent.empty()) return;
    set_interest(to, to.interest & ~static_cast<std::uint32_t>(EPOLLOUT));
    set_interest(*to.peer, to.peer->interest | EPOLLIN);
  }

  void end_pair(End& one) {
    for (End* end : {&one, one.peer}) {
      end->dead = true;
      close(end->fd);
      dead_.push_back(end);
    }
  }

  void bury() {
    for (const End* end : dead_) delete end;
    dead_.clear();
  }

  int epoll_;
  int listener_;
  sockaddr_in backend_;
  std::array<char, kBufferSize> buffer_;
  std::vector<End*> dead_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_floor LISTEN_PORT BACKEND_PORT\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  Floor floor(static_cast<std::uint16_t>(std::atoi(argv[1])), static_cast<std::uint16_t>(std::atoi(argv[2])));
  floor.run();
}
