// SPDX-License-Identifier: Apache-2.0
// TlsStream under a Socket: bytes both ways, ends, cuts, back pressure, messages of TLS's own.
#include "tls/tls_stream.h"

#include <openssl/ssl.h>

#include <catch2/catch.hpp>

#include <string>

#include "tests/tls/tls_rig.h"

namespace gatehouse::tls {
namespace {

using namespace test;
using io::Direction;
using io::Transfer;

/// Not compressible by accident: a lost or repeated byte shows.
std::string long_text(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1'664'525 + 1'013'904'223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

struct Rig {
  explicit Rig(int buffer_bytes = 0)
      : pair(loop, *configs.server(), *configs.client(), Ref<SessionSlot>(), buffer_bytes) {
    REQUIRE(pair.succeeded());
    loop.turn();
  }
  io::Socket& server() { return pair.server.socket; }
  io::Socket& client() { return pair.client.socket; }

  Configs configs;
  Loop loop;
  Pair pair;
};

struct ReadMark : io::Waiter {
  ReadMark() : Waiter([](Waiter& self) { ++static_cast<ReadMark&>(self).runs; }) {}
  int runs = 0;
};

TEST_CASE("bytes arrive in both directions") {
  Rig rig;
  CHECK(write_text(rig.client(), "question").bytes == 8);
  rig.loop.turn();
  CHECK(read_all(rig.server()).bytes == "question");
  CHECK(write_text(rig.server(), "answer").bytes == 6);
  rig.loop.turn();
  CHECK(read_all(rig.client()).bytes == "answer");
}

TEST_CASE("the session tickets of the handshake are no input for an idle client") {
  Rig rig;
  ReadMark mark;
  rig.client().set_read_waiter(&mark);
  rig.loop.turn();
  CHECK(mark.runs == 0);
  CHECK_FALSE(rig.client().has_input());
  CHECK_FALSE(rig.client().has_unread_bytes());
  write_text(rig.server(), "x");
  rig.loop.turn();
  CHECK(mark.runs == 1);
  CHECK(rig.client().has_unread_bytes());
}

TEST_CASE("the read flag holds as long as TLS has bytes that left the descriptor") {
  Rig rig;
  write_text(rig.client(), "abcdef");
  rig.loop.turn();
  std::array<char, 2> two;
  CHECK(rig.server().read(two).bytes == 2);
  CHECK(rig.server().is_ready(Direction::read));
  CHECK(rig.server().read(two).bytes == 2);
  CHECK(rig.server().is_ready(Direction::read));
  CHECK(rig.server().read(two).bytes == 2);
  CHECK_FALSE(rig.server().is_ready(Direction::read));
}

TEST_CASE("close_notify is an end, and stays one") {
  Rig rig;
  write_text(rig.client(), "last");
  rig.client().shutdown_write();
  rig.loop.turn();
  const auto got = read_all(rig.server());
  CHECK(got.bytes == "last");
  CHECK(got.state == Transfer::State::end);
  CHECK(read_all(rig.server()).state == Transfer::State::end);
  CHECK_FALSE(rig.server().is_broken());
}

TEST_CASE("one direction may end while the other goes on") {
  Rig rig;
  rig.client().shutdown_write();
  rig.loop.turn();
  CHECK(read_all(rig.server()).state == Transfer::State::end);
  CHECK(write_text(rig.server(), "still here").bytes == 10);
  rig.loop.turn();
  CHECK(read_all(rig.client()).bytes == "still here");
}

TEST_CASE("an end without close_notify is a failure, not an end") {
  Rig rig;
  write_text(rig.client(), "cut sho");
  ::shutdown(rig.client().fd(), SHUT_WR);
  rig.loop.turn();
  const auto got = read_all(rig.server());
  CHECK(got.bytes == "cut sho");
  CHECK(got.state == Transfer::State::failed);
  CHECK(rig.server().is_broken());
}

TEST_CASE("closing says goodbye in order, unless it is meant to break") {
  Rig rig;
  const bool abrupt = GENERATE(true, false);
  if (abrupt) rig.client().reset_on_close();
  rig.client().close();
  rig.loop.turn();
  CHECK(read_all(rig.server()).state == (abrupt ? Transfer::State::failed : Transfer::State::end));
}

TEST_CASE("an idle connection that ends wakes its waiter") {
  Rig rig;
  ReadMark mark;
  rig.client().set_read_waiter(&mark);
  rig.loop.turn();
  rig.server().close();
  rig.loop.turn();
  CHECK(mark.runs == 1);
  CHECK(rig.client().has_input());
  CHECK_FALSE(rig.client().has_unread_bytes());
}

TEST_CASE("a slow reader stops the writer, and nothing is lost or doubled") {
  Rig rig(16 * 1024);
  const std::string text = long_text(2'000'000);
  const auto step = GENERATE(as<std::size_t>{}, 1'000, 16'384, 100'000);
  std::string got;
  std::size_t sent = 0;
  bool was_full = false;
  for (int rounds = 0; got.size() < text.size(); ++rounds) {
    REQUIRE(rounds < 100'000);
    while (sent < text.size() && rig.client().is_ready(Direction::write)) {
      const auto n = write_text(rig.client(), std::string_view(text).substr(sent));
      if (n.state == Transfer::State::would_block) break;
      REQUIRE(n.state == Transfer::State::done);
      sent += n.bytes;
    }
    was_full |= !rig.client().is_ready(Direction::write);
    rig.loop.turn();
    got += read_all(rig.server(), step).bytes;
    rig.loop.turn();
  }
  CHECK(was_full);
  CHECK(got == text);
}

TEST_CASE("many small parts leave as one record") {
  Rig rig;
  read_all(rig.server());
  std::array<std::string, 20> words;
  std::vector<iovec> parts;
  for (auto& word : words) {
    word = "word ";
    parts.push_back({word.data(), word.size()});
  }
  CHECK(rig.client().write(parts).bytes == 100);
  std::array<char, 1'000> raw;
  const auto n = recv(rig.server().fd(), raw.data(), raw.size(), MSG_PEEK);
  CHECK(n == 100 + 22);  // RFC 8446 5.2: header 5, type 1, tag 16
  rig.loop.turn();
  CHECK(read_all(rig.server()).bytes.size() == 100);
}

TEST_CASE("parts of all sizes arrive in order") {
  Rig rig;
  const std::string text = long_text(60'000);
  const std::array<std::size_t, 7> sizes{1, 0, 20'000, 3, 16'384, 16'000, 7'612};
  std::vector<iovec> parts;
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    parts.push_back({const_cast<char*>(text.data()) + at, size});
    at += size;
  }
  REQUIRE(at == text.size());
  CHECK(rig.client().write(parts).bytes == text.size());
  rig.loop.turn();
  CHECK(read_all(rig.server()).bytes == text);
}

TEST_CASE("one byte at a time, over the wire and into the reader") {
  Configs configs;
  Loop loop;
  const auto ours = make_pair();
  const auto theirs = make_pair();
  End server(*loop);
  End client(*loop);
  open_end(server, ours[0], configs.server()->accept(0, ours[0]));
  open_end(client, theirs[0], configs.client()->connect(0, theirs[0], Ref<SessionSlot>()));
  const auto carry_a_byte = [](int from, int to) {
    char byte;
    if (recv(from, &byte, 1, 0) == 1) REQUIRE(send(to, &byte, 1, 0) == 1);
  };
  const auto carry = [&] {
    carry_a_byte(ours[1], theirs[1]);
    carry_a_byte(theirs[1], ours[1]);
    loop.turn();
  };
  loop.turn_until([&] {
    carry();
    return server.is_done() && client.is_done();
  });
  REQUIRE(server.succeeded());
  REQUIRE(client.succeeded());
  write_text(client.socket, "byte by byte");
  std::string got;
  loop.turn_until([&] {
    carry();
    got += read_all(server.socket, 1).bytes;
    return got.size() == 12;
  });
  CHECK(got == "byte by byte");
  close(ours[1]);
  close(theirs[1]);
}

/// Cuts the connection after `step` bytes in either direction.
TEST_CASE("a connection cut at any byte fails cleanly") {
  Configs configs;
  Loop loop;
  for (int step = 0;; step += 97) {
    const auto ours = make_pair();
    const auto theirs = make_pair();
    End server(*loop);
    End client(*loop);
    open_end(server, ours[0], configs.server()->accept(0, ours[0]));
    open_end(client, theirs[0], configs.client()->connect(0, theirs[0], Ref<SessionSlot>()));
    int left = step;
    const auto carry = [&left](int from, int to) {
      std::array<char, 64> bytes;
      const auto n =
          recv(from, bytes.data(), std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(left)), 0);
      if (left == 0 || n <= 0) return;
      left -= static_cast<int>(n);
      REQUIRE(send(to, bytes.data(), static_cast<std::size_t>(n), 0) == n);
    };
    for (int quiet = 0; quiet < 20 && left > 0; ++quiet) {
      const int before = left;
      carry(ours[1], theirs[1]);
      carry(theirs[1], ours[1]);
      loop.turn();
      if (left != before) quiet = 0;
    }
    close(ours[1]);
    close(theirs[1]);
    if (server.succeeded() && client.succeeded()) break;
    loop.turn_until([&] { return server.is_done() && client.is_done(); });
    CHECK((!server.succeeded() || !client.succeeded()));
  }
}

TEST_CASE("a connection goes to another socket in the middle of its bytes") {
  Rig rig;
  write_text(rig.client(), "abcdef");
  rig.loop.turn();
  std::array<char, 3> three;
  CHECK(rig.server().read(three).bytes == 3);
  auto layer = rig.server().take_transport();
  io::Socket next(*rig.loop);
  REQUIRE(next.open(rig.server().release_fd()));
  next.set_transport(std::move(layer));
  CHECK(next.has_input());
  CHECK(read_all(next).bytes == "def");
  write_text(rig.client(), "ghi");
  rig.loop.turn();
  CHECK(read_all(next).bytes == "ghi");
}

}  // namespace
}  // namespace gatehouse::tls
