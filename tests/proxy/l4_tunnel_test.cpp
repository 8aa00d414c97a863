// SPDX-License-Identifier: Apache-2.0
// The tunnel over real TCP connections: order, FIN, RST, backpressure, the idle timeout, splice.
#include "proxy/l4/tunnel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "base/io/task.h"
#include "tests/base/fake_clock.h"
#include "tests/support/wire_socket.h"

namespace gatehouse::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::WireSocket;

/// Two ends of one TCP connection: ours as a descriptor, the test's as a WireSocket.
struct Connection {
  Connection() {
    auto listener = test::listen_on_loopback();
    theirs = WireSocket::connect(listener.address);
    ours = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    close(listener.fd);
    REQUIRE(ours >= 0);
  }
  WireSocket theirs;
  int ours = -1;
};

struct Rig {
  explicit Rig(Duration idle = seconds(60)) : loop(std::move(*io::EventLoop::create(clock))) {
    std::signal(SIGPIPE, SIG_IGN);  // as the process does
    Connection down;
    Connection up;
    client = std::move(down.theirs);
    backend = std::move(up.theirs);
    downstream.emplace(*loop);
    upstream.emplace(*loop);
    REQUIRE(downstream->open(down.ours));
    REQUIRE(upstream->open(up.ours));
    turn();
    tunnel.emplace(Tunnel::Ends{*downstream, *upstream}, buffers, idle);
    io::spawn(run(*this));
    turn();
  }
  ~Rig() {
    tunnel->cancel();
    turn();
  }

  static Task<> run(Rig& rig) {
    const TunnelEnd how = co_await rig.tunnel->run();
    rig.ended = how;
    rig.downstream->close();
    rig.upstream->close();
  }
  void turn(int times = 8) {
    for (int i = 0; i < times; ++i) loop->turn(milliseconds(1));
  }
  void pass(Duration time) {
    clock.advance(time);
    turn();
  }
  /// What arrives at `end` until it has `size` bytes, or nothing comes any more.
  std::string read(WireSocket& end, std::size_t size) {
    std::string got;
    for (int quiet = 0; got.size() < size && quiet < 100;) {
      turn(1);
      const auto before = got.size();
      end.read(got, milliseconds(0));
      quiet = got.size() == before ? quiet + 1 : 0;
    }
    return got;
  }
  /// How the connection to `end` ends.
  WireSocket::Got read_end(WireSocket& end) {
    std::string rest;
    for (int i = 0; i < 200; ++i) {
      turn(1);
      const auto got = end.read(rest, milliseconds(0));
      if (got != WireSocket::Got::end && got != WireSocket::Got::reset) continue;
      turn();
      return got;
    }
    return WireSocket::Got::timeout;
  }
  /// As much as fits while nobody reads at the other end; buffers of the system may grow meanwhile.
  std::size_t fill(WireSocket& end) {
    constexpr std::size_t kFarTooMuch = 64 * 1024 * 1024;
    const std::string block(64 * 1024, 'x');
    std::size_t sent = 0;
    for (int quiet = 0; quiet < 50 && sent < kFarTooMuch;) {
      const auto n = ::send(end.fd(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      turn(1);
      quiet = n > 0 ? 0 : quiet + 1;
      if (n > 0) sent += static_cast<std::size_t>(n);
    }
    REQUIRE(sent < kFarTooMuch);
    return sent;
  }

  FakeClock clock;
  std::unique_ptr<io::EventLoop> loop;
  io::BufferPool buffers;
  std::optional<io::Socket> downstream;
  std::optional<io::Socket> upstream;
  WireSocket client;
  WireSocket backend;
  std::optional<Tunnel> tunnel;
  std::optional<TunnelEnd> ended;
};

std::string random_bytes(std::size_t size) {
  std::mt19937_64 dice(7);
  std::string bytes(size, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(dice());
  return bytes;
}

/// All of `bytes` through the tunnel, written and read by turns.
std::string carry(Rig& rig, WireSocket& from, WireSocket& to, std::string_view bytes) {
  std::string got;
  std::size_t sent = 0;
  for (int quiet = 0; got.size() < bytes.size() && quiet < 200;) {
    const auto n = ::send(from.fd(), bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += static_cast<std::size_t>(n);
    rig.turn(1);
    const auto before = got.size();
    to.read(got, milliseconds(0));
    quiet = got.size() == before ? quiet + 1 : 0;
  }
  return got;
}

}  // namespace

TEST_CASE("a tunnel carries bytes both ways and counts them") {
  Rig rig;
  REQUIRE(rig.client.write("ping"));
  CHECK(rig.read(rig.backend, 4) == "ping");
  REQUIRE(rig.backend.write("pong!"));
  CHECK(rig.read(rig.client, 5) == "pong!");
  CHECK(rig.tunnel->bytes_up() == 4);
  CHECK(rig.tunnel->bytes_down() == 5);
  CHECK_FALSE(rig.tunnel->is_spliced());
}

TEST_CASE("a waiting tunnel holds no buffer") {
  Rig rig;
  REQUIRE(rig.client.write("ping"));
  rig.read(rig.backend, 4);
  rig.turn();
  CHECK(rig.buffers.free_count() == 1);
}

TEST_CASE("a client's FIN reaches the backend, which may go on sending") {
  Rig rig;
  REQUIRE(rig.client.write("question"));
  rig.client.half_close();
  CHECK(rig.read(rig.backend, 8) == "question");
  CHECK(rig.read_end(rig.backend) == WireSocket::Got::end);
  REQUIRE_FALSE(rig.ended);
  REQUIRE(rig.backend.write("answer"));
  CHECK(rig.read(rig.client, 6) == "answer");
  rig.backend.close();
  CHECK(rig.read_end(rig.client) == WireSocket::Got::end);
  CHECK(rig.ended == TunnelEnd::finished);
}

TEST_CASE("a backend's FIN reaches the client, which may go on sending") {
  Rig rig;
  REQUIRE(rig.backend.write("bye"));
  rig.backend.half_close();
  CHECK(rig.read(rig.client, 3) == "bye");
  CHECK(rig.read_end(rig.client) == WireSocket::Got::end);
  REQUIRE(rig.client.write("more"));
  CHECK(rig.read(rig.backend, 4) == "more");
  rig.client.half_close();
  CHECK(rig.read_end(rig.backend) == WireSocket::Got::end);
  CHECK(rig.ended == TunnelEnd::finished);
}

TEST_CASE("bytes that wait when both sides have sent FIN still arrive") {
  Rig rig;
  const auto bytes = random_bytes(100'000);
  REQUIRE(rig.client.write(bytes));
  rig.client.half_close();
  REQUIRE(rig.backend.write("reply"));
  rig.backend.half_close();
  CHECK(rig.read(rig.backend, bytes.size()) == bytes);
  CHECK(rig.read(rig.client, 5) == "reply");
  CHECK(rig.ended == TunnelEnd::finished);
}

TEST_CASE("RST is passed on as RST in either direction") {
  Rig rig;
  SECTION("from the client") {
    rig.client.reset();
    CHECK(rig.read_end(rig.backend) == WireSocket::Got::reset);
    CHECK(rig.ended == TunnelEnd::downstream_reset);
  }
  SECTION("from the backend") {
    rig.backend.reset();
    CHECK(rig.read_end(rig.client) == WireSocket::Got::reset);
    CHECK(rig.ended == TunnelEnd::upstream_reset);
  }
}

TEST_CASE("RST is noticed while the other side takes nothing") {
  Rig rig;
  rig.fill(rig.client);
  REQUIRE_FALSE(rig.ended);
  rig.client.reset();
  rig.turn();
  CHECK(rig.ended == TunnelEnd::downstream_reset);
}

TEST_CASE("what the backend does not read is not taken from the client") {
  Rig rig;
  const auto sent = rig.fill(rig.client);
  CHECK(rig.tunnel->bytes_up() < sent);
  CHECK(rig.read(rig.backend, sent).size() == sent);
  CHECK(rig.fill(rig.client) > 0);
}

TEST_CASE("a tunnel without traffic ends after the idle timeout") {
  Rig rig(seconds(60));
  REQUIRE(rig.client.write("x"));
  rig.read(rig.backend, 1);
  rig.pass(seconds(59));
  REQUIRE_FALSE(rig.ended);
  rig.pass(seconds(2));
  CHECK(rig.ended == TunnelEnd::idle);
  CHECK(rig.read_end(rig.client) == WireSocket::Got::end);
  CHECK(rig.read_end(rig.backend) == WireSocket::Got::end);
}

TEST_CASE("traffic in one direction keeps both open") {
  Rig rig(seconds(60));
  for (int i = 0; i < 5; ++i) {
    rig.pass(seconds(40));
    REQUIRE(rig.backend.write("x"));
    REQUIRE(rig.read(rig.client, 1) == "x");
  }
  CHECK_FALSE(rig.ended);
}

TEST_CASE("without an idle timeout a tunnel stays") {
  Rig rig(Duration::zero());
  rig.pass(std::chrono::hours(1000));
  CHECK_FALSE(rig.ended);
}

TEST_CASE("a cancelled tunnel resets both sides") {
  Rig rig;
  rig.tunnel->cancel();
  rig.turn();
  CHECK(rig.ended == TunnelEnd::cancelled);
  CHECK(rig.read_end(rig.client) == WireSocket::Got::reset);
  CHECK(rig.read_end(rig.backend) == WireSocket::Got::reset);
}

TEST_CASE("a long flow is spliced and arrives as it was sent") {
  Rig rig;
  const auto bytes = random_bytes(4 * 1024 * 1024);
  CHECK(carry(rig, rig.client, rig.backend, bytes) == bytes);
  CHECK(rig.tunnel->is_spliced());
  REQUIRE(rig.client.write("tail"));
  rig.client.half_close();
  CHECK(rig.read(rig.backend, 4) == "tail");
  CHECK(rig.read_end(rig.backend) == WireSocket::Got::end);
  CHECK(rig.tunnel->bytes_up() == bytes.size() + 4);
}

TEST_CASE("a spliced flow knows backpressure and RST") {
  Rig rig;
  carry(rig, rig.backend, rig.client, random_bytes(Tunnel::kSpliceAfter + 65536));
  REQUIRE(rig.tunnel->is_spliced());
  CHECK(rig.fill(rig.backend) > 0);
  rig.client.reset();
  CHECK(rig.read_end(rig.backend) == WireSocket::Got::reset);
  CHECK(rig.ended == TunnelEnd::downstream_reset);
}

}  // namespace gatehouse::proxy
