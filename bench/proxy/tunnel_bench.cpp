// SPDX-License-Identifier: Apache-2.0
// CPU time that a tunnel costs per GiB in one direction, copied and spliced, over TCP on the loopback.
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>
#include <vector>

#include "proxy/l4/tunnel.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kBytes = std::size_t{256} << 20;

/// Both ends of a TCP connection; ours does not block.
struct Connection {
  Connection() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, generic, size) != 0 || listen(listener, 1) != 0) std::abort();
    if (getsockname(listener, generic, &size) != 0) std::abort();
    theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(theirs, generic, size) != 0) std::abort();
    ours = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    close(listener);
  }
  int theirs = -1;
  int ours = -1;
};

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void send_all(int fd) {
  const std::vector<char> bytes(256 * 1024, 'x');
  for (std::size_t left = kBytes; left != 0;) {
    const auto n = ::send(fd, bytes.data(), std::min(left, bytes.size()), MSG_NOSIGNAL);
    if (n <= 0) break;
    left -= static_cast<std::size_t>(n);
  }
  shutdown(fd, SHUT_WR);
}

void read_all(int fd) {
  std::vector<char> bytes(256 * 1024);
  while (::read(fd, bytes.data(), bytes.size()) > 0) {
  }
  shutdown(fd, SHUT_WR);
}

Task<> run(Tunnel& tunnel, bool& done) {
  co_await tunnel.run();
  done = true;
}

/// Argument: the number of bytes after which a flow is spliced.
void carry(benchmark::State& state) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto loop = std::move(*io::EventLoop::create());
  io::BufferPool buffers;
  double spent = 0;
  for (auto _ : state) {
    Connection down;
    Connection up;
    io::Socket downstream(*loop);
    io::Socket upstream(*loop);
    downstream.open(down.ours);
    upstream.open(up.ours);
    Tunnel tunnel({downstream, upstream}, buffers, Duration::zero());
    tunnel.set_splice_after(static_cast<std::uint64_t>(state.range(0)));
    std::thread sender(send_all, down.theirs);
    std::thread receiver(read_all, up.theirs);
    const double before = cpu_seconds();
    bool done = false;
    io::spawn(run(tunnel, done));
    while (!done) loop->turn(std::chrono::milliseconds(100));
    const double used = cpu_seconds() - before;
    state.SetIterationTime(used);
    spent += used;
    sender.join();
    receiver.join();
    close(down.theirs);
    close(up.theirs);
  }
  const double gib = static_cast<double>(kBytes) * static_cast<double>(state.iterations()) / (1 << 30);
  state.counters["cpu_s_per_GiB"] = spent / gib;
}

BENCHMARK(carry)
    ->Name("copied")
    ->Arg(INT64_MAX)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(8);
BENCHMARK(carry)
    ->Name("spliced")
    ->Arg(256 * 1024)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(8);

}  // namespace
}  // namespace gatehouse::proxy
