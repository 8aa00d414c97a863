// SPDX-License-Identifier: Apache-2.0
// A Socket with a transport layer: what wakes whom, what the flags mean, handing a connection on.
#include "base/io/transport_layer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <array>
#include <optional>
#include <string>

#include "base/io/socket.h"
#include "base/io/task.h"
#include "tests/base/fake_clock.h"

namespace gatehouse::io {
namespace {

/// Upper case letters are data, '.' is a message of the layer's own, '!' its end; sends are doubled.
class LetterLayer final : public TransportLayer {
 public:
  explicit LetterLayer(int fd) : fd_(fd) {}

  Transfer read(std::span<char> into) override {
    pull();
    if (letters_.empty()) {
      can_read_ = ended_;
      return {ended_ ? Transfer::State::end : Transfer::State::would_block, 0, 0};
    }
    const std::size_t n = letters_.copy(into.data(), into.size());
    letters_.erase(0, n);
    can_read_ = !letters_.empty() || ended_;
    return {Transfer::State::done, n, 0};
  }
  Transfer write(std::span<const iovec> parts) override {
    std::size_t total = 0;
    for (const iovec& part : parts)
      for (std::size_t i = 0; i < part.iov_len; ++i, ++total) {
        const char letter = static_cast<const char*>(part.iov_base)[i];
        const std::array<char, 2> both{letter, letter};
        say({both.data(), 2});
      }
    return {Transfer::State::done, total, 0};
  }
  Input look() override {
    pull();
    can_read_ = !letters_.empty() || ended_;
    if (!letters_.empty()) return Input::bytes;
    return ended_ ? Input::end : Input::none;
  }
  std::uint32_t on_events(std::uint32_t events) override {
    if (read_waits_for_room && (events & EPOLLOUT)) return events | EPOLLIN;
    return events;
  }
  void shutdown_write() override { say("!"); }
  void close(Ending ending) override { say(ending == Ending::orderly ? "!" : "?"); }

  bool read_waits_for_room = false;

 private:
  /// The peer may be gone already.
  void say(std::string_view bytes) { static_cast<void>(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL)); }
  void pull() {
    std::array<char, 64> bytes;
    const auto n = recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    for (ssize_t i = 0; i < n; ++i) {
      const char byte = bytes[static_cast<std::size_t>(i)];
      if (byte == '!') ended_ = true;
      if (byte >= 'A') letters_ += byte;
    }
  }

  int fd_;
  std::string letters_;
  bool ended_ = false;
};

struct Rig {
  Rig() {
    auto made = EventLoop::create(clock);
    REQUIRE(made.has_value());
    loop = std::move(*made);
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    socket.emplace(*loop);
    REQUIRE(socket->open(fds[0]));
    auto owned = std::make_unique<LetterLayer>(fds[0]);
    layer = owned.get();
    socket->set_transport(std::move(owned));
    peer = fds[1];
    turn();
    REQUIRE_FALSE(socket->has_input());
  }
  ~Rig() { close(peer); }
  void turn() { loop->turn(Duration::zero()); }
  void peer_sends(std::string_view bytes) {
    REQUIRE(write(peer, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    turn();
  }
  std::string peer_reads() {
    std::array<char, 64> bytes;
    const auto n = ::read(peer, bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
  }
  std::string read_once(std::size_t most) {
    std::array<char, 64> bytes;
    const auto got = socket->read({bytes.data(), most});
    return {bytes.data(), got.bytes};
  }

  gatehouse::FakeClock clock;
  std::unique_ptr<EventLoop> loop;
  std::optional<Socket> socket;
  LetterLayer* layer = nullptr;
  int peer = -1;
};

struct ReadMark : Waiter {
  ReadMark() : Waiter([](Waiter& self) { ++static_cast<ReadMark&>(self).runs; }) {}
  int runs = 0;
};

Task<> wait(Socket& socket, Direction direction, std::optional<Wake>& result) {
  const Wake wake = co_await Wait(socket, direction, kNoDeadline, nullptr);
  result = wake;
}

TEST_CASE("a layer's own message is no input and wakes nobody") {
  Rig rig;
  ReadMark mark;
  rig.socket->set_read_waiter(&mark);
  rig.peer_sends("...");
  CHECK(mark.runs == 0);
  CHECK_FALSE(rig.socket->has_input());
  rig.peer_sends(".A");
  CHECK(mark.runs == 1);
  CHECK(rig.socket->has_input());
}

TEST_CASE("a layer's own message that came while nobody waited is no input either") {
  Rig rig;
  rig.peer_sends("..");
  CHECK_FALSE(rig.socket->has_input());
  CHECK_FALSE(rig.socket->is_ready(Direction::read));
}

TEST_CASE("the read flag holds while the layer has bytes that left the descriptor") {
  Rig rig;
  rig.peer_sends("ABC");
  CHECK(rig.read_once(2) == "AB");
  CHECK(rig.socket->is_ready(Direction::read));
  CHECK(rig.read_once(2) == "C");
  CHECK_FALSE(rig.socket->is_ready(Direction::read));
}

TEST_CASE("the layer's end wakes a waiter and stays the end") {
  Rig rig;
  ReadMark mark;
  rig.socket->set_read_waiter(&mark);
  rig.peer_sends("!");
  CHECK(mark.runs == 1);
  std::array<char, 4> bytes;
  CHECK(rig.socket->read(bytes).state == Transfer::State::end);
  CHECK(rig.socket->peer_closed());
  CHECK(rig.socket->read(bytes).state == Transfer::State::end);
}

TEST_CASE("a layer that reads when it could write wakes the reader then") {
  Rig rig;
  std::optional<Wake> woken;
  spawn(wait(*rig.socket, Direction::read, woken));
  rig.layer->read_waits_for_room = true;
  rig.socket->on_events(EPOLLOUT);
  rig.turn();
  CHECK_FALSE(woken);  // still nothing for it
  REQUIRE(write(rig.peer, "A", 1) == 1);
  rig.socket->on_events(EPOLLOUT);
  rig.turn();
  CHECK(woken == Wake::ready);
}

TEST_CASE("unread bytes are found before any event tells of them") {
  Rig rig;
  REQUIRE(write(rig.peer, ".", 1) == 1);
  CHECK_FALSE(rig.socket->has_unread_bytes());
  REQUIRE(write(rig.peer, "A", 1) == 1);
  CHECK(rig.socket->has_unread_bytes());
  CHECK(rig.read_once(4) == "A");
}

TEST_CASE("writes and the ends of a connection go through the layer") {
  Rig rig;
  std::string text = "AB";
  const iovec part{text.data(), text.size()};
  CHECK(rig.socket->write({&part, 1}).bytes == 2);
  CHECK(rig.peer_reads() == "AABB");
  rig.socket->shutdown_write();
  CHECK(rig.peer_reads() == "!");
  const bool abrupt = GENERATE(true, false);
  if (abrupt) rig.socket->reset_on_close();
  rig.socket->close();
  CHECK(rig.peer_reads() == (abrupt ? "?" : "!"));
}

TEST_CASE("a connection goes from one socket to another with its layer and its bytes") {
  Rig rig;
  rig.peer_sends("ABC");
  CHECK(rig.read_once(1) == "A");
  auto layer = rig.socket->take_transport();
  const int fd = rig.socket->release_fd();
  CHECK_FALSE(rig.socket->is_open());
  Socket next(*rig.loop);
  REQUIRE(next.open(fd));
  next.set_transport(std::move(layer));
  CHECK(next.has_input());
  std::array<char, 4> bytes;
  CHECK(next.read(bytes).bytes == 2);
  std::optional<Wake> woken;
  spawn(wait(next, Direction::read, woken));
  rig.peer_sends("D");
  CHECK(woken == Wake::ready);
  CHECK(next.read(bytes).bytes == 1);
}

}  // namespace
}  // namespace gatehouse::io
