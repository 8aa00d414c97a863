// SPDX-License-Identifier: Apache-2.0
// The exchange on a stream whose Nth operation fails, for every N: it ends, says so, and leaves nothing
// behind.
#include <catch2/catch.hpp>

#include "tests/proxy/exchange_driver.h"

namespace gatehouse::proxy {
namespace {

struct Script {
  ClientRequest request;
  std::vector<std::string> body;
  std::vector<std::string> answer;  ///< sent one after another, each when the one before was taken
};

Script download() {
  return {{},
          {},
          {"HTTP/1.1 103 Early Hints\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", "3\r\ntwo\r\n",
           "5\r\nthree\r\n", "0\r\n\r\n"}};
}
Script upload() {
  ClientRequest request;
  request.method = "POST";
  request.body = ClientRequest::Body::streamed;
  return {request, {"one,", "two,", "three"}, {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok", "ok"}};
}

/// Plays the script to the end of the exchange.
void play(ExchangeRig& rig, MultiplexedDriver& client, const Script& script) {
  client.begin(script.request);
  for (const auto& part : script.body) {
    client.send_body(part);
    rig.settle();
  }
  if (!script.body.empty()) client.end_body();
  for (const auto& part : script.answer) {
    rig.settle();
    if (!rig.backends().empty()) rig.backends().back().send(part);
  }
  REQUIRE(rig.run_until([&] { return client.is_done(); }));
}

int operations_of(const Script& script) {
  ExchangeRig rig;
  MultiplexedDriver client(rig);
  play(rig, client, script);
  REQUIRE(client.is_complete());
  return client.stream().operations();
}

TEST_CASE("exchange: it ends cleanly whichever operation on the client's stream fails") {
  const auto script = GENERATE(download(), upload());
  const int operations = operations_of(script);
  REQUIRE(operations >= 4);
  for (int step = 0; step < operations; ++step) {
    ExchangeRig rig;
    MultiplexedDriver client(rig);
    client.stream().fail_at(step);
    play(rig, client, script);
    INFO("operation " << step << " of " << operations);
    CHECK(client.broken_rules() == std::vector<std::string>{});
    // The client must not take what it got for complete.
    CHECK((client.stream().output().was_reset || !client.stream().output().ended));
    CHECK(client.outcome().aborted);
    CHECK(rig.worker().runtime()->refs() == 1);
    // With the last operation the backend's answer was complete: its connection may stay.
    if (step + 1 < operations) CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  }
}

TEST_CASE("exchange: an operation that fails when the backend is done poisons no connection") {
  const Script quick{{}, {}, {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold"}};
  ExchangeRig rig;
  for (int round = 0; round < 3; ++round) {
    {
      MultiplexedDriver failing(rig);
      failing.stream().fail_at(0);
      play(rig, failing, quick);
      CHECK_FALSE(failing.is_complete());
    }
    MultiplexedDriver client(rig);
    client.begin({});
    rig.settle();
    rig.backends().back().send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
    REQUIRE(rig.run_until([&] { return client.is_done(); }));
    CHECK(client.body() == "new");
  }
}

}  // namespace
}  // namespace gatehouse::proxy
