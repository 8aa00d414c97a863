// SPDX-License-Identifier: Apache-2.0
// Socket and Wait over a socketpair: sticky readiness, deadlines, cancellation, close while waiting.
#include "base/io/socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <array>
#include <optional>
#include <string>

#include "base/io/task.h"
#include "tests/base/fake_clock.h"

namespace gatehouse::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Our end as a Socket, the peer's as a plain descriptor, and a loop whose time stands still.
struct Rig {
  Rig() {
    auto made = EventLoop::create(clock);
    REQUIRE(made.has_value());
    loop = std::move(*made);
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    socket.emplace(*loop);
    REQUIRE(socket->open(fds[0]));
    peer = fds[1];
    loop->turn(Duration::zero());
  }
  ~Rig() { close_peer(); }
  void close_peer() {
    if (peer >= 0) close(peer);
    peer = -1;
  }
  void turn() { loop->turn(Duration::zero()); }
  void fill_until_full() {
    const std::string block(64 * 1024, 'x');
    iovec part{const_cast<char*>(block.data()), block.size()};
    while (socket->write({&part, 1}).state == Transfer::State::done && socket->is_ready(Direction::write)) {
    }
  }
  void drain_peer() {
    std::array<char, 64 * 1024> buffer;
    while (read(peer, buffer.data(), buffer.size()) > 0) {
    }
  }

  FakeClock clock;
  std::unique_ptr<EventLoop> loop;
  std::optional<Socket> socket;
  int peer = -1;
};

Task<> wait(Socket& socket, Direction direction, MonoTime deadline, CancelSource* cancel,
            std::optional<Wake>& result) {
  const Wake wake = co_await Wait(socket, direction, deadline, cancel);
  result = wake;
}

std::string read_all(Socket& socket) {
  std::array<char, 256> buffer;
  const auto got = socket.read(buffer);
  return std::string(buffer.data(), got.bytes);
}

TEST_CASE("a new socket is writable and not readable") {
  Rig rig;
  CHECK(rig.socket->is_ready(Direction::write));
  CHECK_FALSE(rig.socket->is_ready(Direction::read));
  CHECK_FALSE(rig.socket->peer_closed());
}

TEST_CASE("bytes wake a waiting reader") {
  Rig rig;
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, nullptr, woken));
  rig.turn();
  CHECK_FALSE(woken);
  REQUIRE(write(rig.peer, "hi", 2) == 2);
  rig.turn();
  CHECK(woken == Wake::ready);
  CHECK(read_all(*rig.socket) == "hi");
}

TEST_CASE("readiness is sticky until a short read") {
  Rig rig;
  REQUIRE(write(rig.peer, "abcd", 4) == 4);
  rig.turn();
  std::array<char, 2> two;
  CHECK(rig.socket->read(two).bytes == 2);
  CHECK(rig.socket->is_ready(Direction::read));  // a full read: there may be more
  CHECK(read_all(*rig.socket) == "cd");
  CHECK_FALSE(rig.socket->is_ready(Direction::read));
  CHECK(rig.socket->read(two).state == Transfer::State::would_block);
}

TEST_CASE("a reader of a ready socket does not wait") {
  Rig rig;
  REQUIRE(write(rig.peer, "x", 1) == 1);
  rig.turn();
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, nullptr, woken));
  CHECK(woken == Wake::ready);
}

TEST_CASE("a wait ends at its deadline, not before") {
  Rig rig;
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, rig.loop->now() + seconds(1), nullptr, woken));
  rig.clock.advance(milliseconds(999));
  rig.turn();
  CHECK_FALSE(woken);
  rig.clock.advance(milliseconds(30));
  rig.turn();
  CHECK(woken == Wake::timeout);
  CHECK(rig.loop->timers().armed_count() == 0);
}

TEST_CASE("a wait that ends early disarms its deadline") {
  Rig rig;
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, rig.loop->now() + seconds(1), nullptr, woken));
  CHECK(rig.loop->timers().armed_count() == 1);
  REQUIRE(write(rig.peer, "x", 1) == 1);
  rig.turn();
  CHECK(woken == Wake::ready);
  CHECK(rig.loop->timers().armed_count() == 0);
}

TEST_CASE("bytes and deadline in one turn: the bytes count") {
  Rig rig;
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, rig.loop->now() + seconds(1), nullptr, woken));
  REQUIRE(write(rig.peer, "x", 1) == 1);
  rig.clock.advance(seconds(2));
  rig.turn();
  CHECK(woken == Wake::ready);
}

TEST_CASE("cancellation wakes a wait and stays") {
  Rig rig;
  CancelSource cancel(*rig.loop);
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, &cancel, woken));
  cancel.fire();
  CHECK_FALSE(woken);  // never inside fire()
  rig.turn();
  CHECK(woken == Wake::cancelled);

  std::optional<Wake> second;
  spawn(wait(*rig.socket, Direction::write, kNoDeadline, &cancel, second));
  CHECK(second == Wake::cancelled);
  cancel.reset();
  std::optional<Wake> third;
  spawn(wait(*rig.socket, Direction::write, kNoDeadline, &cancel, third));
  CHECK(third == Wake::ready);
}

TEST_CASE("one source cancels several waits") {
  Rig rig;
  rig.fill_until_full();
  CancelSource cancel(*rig.loop);
  std::optional<Wake> reader;
  std::optional<Wake> writer;
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, &cancel, reader));
  spawn(wait(*rig.socket, Direction::write, kNoDeadline, &cancel, writer));
  cancel.fire();
  rig.turn();
  CHECK(reader == Wake::cancelled);
  CHECK(writer == Wake::cancelled);
}

TEST_CASE("bytes and cancellation in one turn: the cancellation counts") {
  Rig rig;
  CancelSource cancel(*rig.loop);
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, &cancel, woken));
  REQUIRE(write(rig.peer, "x", 1) == 1);
  cancel.fire();
  rig.turn();
  CHECK(woken == Wake::cancelled);
}

TEST_CASE("a finished wait has left its cancel source") {
  Rig rig;
  CancelSource cancel(*rig.loop);
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, &cancel, woken));
  REQUIRE(write(rig.peer, "x", 1) == 1);
  rig.turn();
  REQUIRE(woken == Wake::ready);
  woken.reset();
  cancel.fire();
  rig.turn();
  CHECK_FALSE(woken);
}

TEST_CASE("close ends both waits") {
  Rig rig;
  rig.fill_until_full();
  std::optional<Wake> reader;
  std::optional<Wake> writer;
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, nullptr, reader));
  spawn(wait(*rig.socket, Direction::write, kNoDeadline, nullptr, writer));
  rig.socket->close();
  rig.turn();
  CHECK(reader == Wake::cancelled);
  CHECK(writer == Wake::cancelled);
  CHECK_FALSE(rig.socket->is_open());
}

TEST_CASE("a wait on a closed socket does not wait") {
  Rig rig;
  rig.socket->close();
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, nullptr, woken));
  CHECK(woken);
}

TEST_CASE("a full socket waits for room; reading is not disturbed") {
  Rig rig;
  rig.fill_until_full();
  REQUIRE_FALSE(rig.socket->is_ready(Direction::write));
  std::optional<Wake> reader;
  std::optional<Wake> writer;
  spawn(wait(*rig.socket, Direction::write, kNoDeadline, nullptr, writer));
  spawn(wait(*rig.socket, Direction::read, kNoDeadline, nullptr, reader));
  rig.turn();
  CHECK_FALSE(writer);
  REQUIRE(write(rig.peer, "x", 1) == 1);
  rig.turn();
  CHECK(reader == Wake::ready);
  CHECK_FALSE(writer);
  rig.drain_peer();
  rig.turn();
  CHECK(writer == Wake::ready);
}

TEST_CASE("several parts go out as one write, in order") {
  Rig rig;
  std::string head = "head ";
  std::string body = "body";
  const std::array<iovec, 2> parts{{{head.data(), head.size()}, {body.data(), body.size()}}};
  CHECK(rig.socket->write(parts).bytes == 9);
  std::array<char, 16> buffer;
  CHECK(read(rig.peer, buffer.data(), buffer.size()) == 9);
  CHECK(std::string(buffer.data(), 9) == "head body");
}

TEST_CASE("FIN: unread bytes first, then the end") {
  Rig rig;
  REQUIRE(write(rig.peer, "last", 4) == 4);
  shutdown(rig.peer, SHUT_WR);
  rig.turn();
  CHECK(rig.socket->peer_closed());
  CHECK(read_all(*rig.socket) == "last");
  CHECK(rig.socket->is_ready(Direction::read));
  std::array<char, 4> buffer;
  CHECK(rig.socket->read(buffer).state == Transfer::State::end);
  CHECK_FALSE(rig.socket->is_broken());
}

TEST_CASE("a hangup target is told of FIN only when asked") {
  const bool on_fin = GENERATE(true, false);
  Rig rig;
  CancelSource gone(*rig.loop);
  rig.socket->set_hangup_target(&gone, on_fin);
  shutdown(rig.peer, SHUT_WR);
  rig.turn();
  CHECK(gone.fired() == on_fin);
}

TEST_CASE("a hangup target is told when the connection breaks") {
  Rig rig;
  CancelSource gone(*rig.loop);
  rig.socket->set_hangup_target(&gone, false);
  rig.close_peer();
  rig.turn();
  CHECK(gone.fired());
  CHECK(rig.socket->is_broken());
}

TEST_CASE("a write after the peer has gone fails without a signal") {
  Rig rig;
  rig.close_peer();
  rig.turn();
  std::string text = "x";
  const iovec part{text.data(), text.size()};
  const auto sent = rig.socket->write({&part, 1});
  CHECK(sent.state == Transfer::State::failed);
  CHECK(sent.error == EPIPE);
}

struct ReadMark : Waiter {
  ReadMark() : Waiter([](Waiter& self) { ++static_cast<ReadMark&>(self).runs; }) {}
  int runs = 0;
};

TEST_CASE("an idle socket's waiter runs once when something happens") {
  Rig rig;
  ReadMark mark;
  rig.socket->set_read_waiter(&mark);
  rig.turn();
  CHECK(mark.runs == 0);
  REQUIRE(write(rig.peer, "x", 1) == 1);
  rig.turn();
  REQUIRE(write(rig.peer, "x", 1) == 1);
  rig.turn();
  CHECK(mark.runs == 1);
}

int listen_on_loopback(sockaddr_storage& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SocketAddress any{*IpAddress::parse("127.0.0.1"), 0};
  socklen_t size = any.write(address);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return fd;
}

TEST_CASE("connect: writable means connected, an error says refused") {
  const bool listening = GENERATE(true, false);
  Rig rig;
  sockaddr_storage address{};
  const int server = listen_on_loopback(address);
  if (listening) REQUIRE(listen(server, 1) == 0);
  Socket client(*rig.loop);
  const int fd = start_connect(SocketAddress::from(address));
  REQUIRE(fd >= 0);
  REQUIRE(client.open(fd));
  std::optional<Wake> woken;
  spawn(wait(client, Direction::write, kNoDeadline, nullptr, woken));
  rig.loop->turn(seconds(5));
  CHECK(woken == Wake::ready);
  CHECK(client.take_error() == (listening ? 0 : ECONNREFUSED));
  close(server);
}

TEST_CASE("a reset peer is told apart from one that ended in order") {
  Rig rig;
  sockaddr_storage address{};
  const int server = listen_on_loopback(address);
  REQUIRE(listen(server, 1) == 0);
  Socket client(*rig.loop);
  const int fd = start_connect(SocketAddress::from(address));
  REQUIRE(client.open(fd));
  const int accepted = accept(server, nullptr, nullptr);
  REQUIRE(accepted >= 0);
  client.reset_on_close();
  client.close();
  char byte;
  CHECK(recv(accepted, &byte, 1, 0) == -1);
  CHECK(errno == ECONNRESET);
  close(accepted);
  close(server);
}

}  // namespace
}  // namespace gatehouse::io
