// SPDX-License-Identifier: Apache-2.0
// The gate in front of private-key operations: one per turn of the loop, first come first served.
#include "tls/handshake_gate.h"

#include <catch2/catch.hpp>

#include <deque>
#include <vector>

#include "tests/tls/tls_rig.h"

namespace gatehouse::tls {
namespace {

using namespace test;
using io::Wake;

struct Visit {
  int number = 0;
  std::uint64_t turn = 0;
  Wake wake = Wake::ready;
};

io::Task<> pass(HandshakeGate& gate, int number, MonoTime deadline, io::CancelSource* cancel,
                const io::EventLoop& loop, std::vector<Visit>& visits) {
  const Wake wake = co_await GateWait(gate, deadline, cancel);
  visits.push_back({number, loop.turns(), wake});
}

struct Rig {
  Loop loop;
  HandshakeGate gate{*loop};
  std::vector<Visit> visits;

  void come(int number, MonoTime deadline = io::kNoDeadline, io::CancelSource* cancel = nullptr) {
    io::spawn(pass(gate, number, deadline, cancel, *loop, visits));
  }
};

TEST_CASE("whoever comes alone does not wait") {
  Rig rig;
  rig.come(1);
  CHECK(rig.visits.size() == 1);
  rig.loop.turn();
  rig.come(2);
  CHECK(rig.visits.size() == 2);
}

TEST_CASE("a crowd goes one per turn, in order") {
  Rig rig;
  for (int i = 0; i < 10; ++i) rig.come(i);
  CHECK(rig.gate.waiting() == 9);
  rig.loop.turn_until([&] {
    if (rig.visits.size() == 5) rig.come(10 + static_cast<int>(rig.gate.waiting()));
    return rig.gate.waiting() == 0;
  });
  for (std::size_t i = 1; i < 10; ++i) {
    CHECK(rig.visits[i].number == static_cast<int>(i));
    CHECK(rig.visits[i].turn > rig.visits[i - 1].turn);
  }
}

TEST_CASE("deadlines and cancellation take one out of the row") {
  Rig rig;
  io::CancelSource cancel(*rig.loop);
  rig.come(0);
  rig.come(1, (*rig.loop).now() + std::chrono::seconds(1));
  rig.come(2, io::kNoDeadline, &cancel);
  rig.come(3);
  cancel.fire();
  rig.loop.clock.advance(std::chrono::seconds(2));
  rig.loop.turn_until([&] { return rig.gate.waiting() == 0; });
  REQUIRE(rig.visits.size() == 4);
  for (const auto& visit : rig.visits) {
    if (visit.number == 1) CHECK(visit.wake == Wake::timeout);
    if (visit.number == 2) CHECK(visit.wake == Wake::cancelled);
    if (visit.number == 3) CHECK(visit.wake == Wake::ready);
  }
  rig.come(4, io::kNoDeadline, &cancel);
  CHECK(rig.visits.back().wake == Wake::cancelled);
}

TEST_CASE("of many handshakes at once, one signs per turn of the loop") {
  Configs configs;
  const auto server = configs.server();
  const auto client = configs.client();
  Loop loop;
  HandshakeGate gate(*loop);
  HandshakeLimits limits;
  limits.gate = &gate;
  std::deque<End> servers;
  std::deque<End> clients;
  for (int i = 0; i < 8; ++i) {
    const auto fds = make_pair();
    open_end(servers.emplace_back(*loop), fds[0], server->accept(0, fds[0]), limits);
    open_end(clients.emplace_back(*loop), fds[1], client->connect(0, fds[1], Ref<SessionSlot>()));
  }
  const auto asking = [&] {
    return std::count_if(servers.begin(), servers.end(),
                         [](auto& end) { return end.stream().wants_permit(); });
  };
  auto before = asking();
  bool crowded = false;
  loop.turn_until([&] {
    const auto now = asking();
    crowded |= now > 1;
    CHECK(before - now <= 1);
    before = now;
    return std::all_of(servers.begin(), servers.end(), [](auto& end) { return end.succeeded(); });
  });
  CHECK(crowded);
}

TEST_CASE("a resumed handshake signs nothing and passes no gate") {
  Configs configs;
  const auto server = configs.server();
  const auto client = configs.client();
  Loop loop;
  Ref<SessionSlot> slot(new SessionSlot);
  Pair first(loop, *server, *client, slot);
  REQUIRE(first.succeeded());
  loop.turn();
  read_all(first.client.socket);

  HandshakeGate gate(*loop);
  std::vector<Visit> visits;
  for (int i = 0; i < 1'000; ++i) io::spawn(pass(gate, i, io::kNoDeadline, nullptr, *loop, visits));
  HandshakeLimits limits;
  limits.gate = &gate;
  const auto fds = make_pair();
  End next(*loop);
  End next_client(*loop);
  open_end(next, fds[0], server->accept(0, fds[0]), limits);
  open_end(next_client, fds[1], client->connect(0, fds[1], slot));
  loop.turn_until([&] { return next.is_done(); });
  CHECK(next.succeeded());
  CHECK(gate.waiting() > 900);
  loop.turn_until([&] { return gate.waiting() == 0 && next_client.is_done(); });
}

}  // namespace
}  // namespace gatehouse::tls
