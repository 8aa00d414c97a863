// SPDX-License-Identifier: Apache-2.0
// Clients and backends that leave at any moment while the configuration changes: nothing leaks, nothing
// mixes.
#include <catch2/catch.hpp>
#include <random>

#include "tests/support/wire_rig.h"

namespace gatehouse::test {
namespace {

/// Answers with the request's own path, unless the dice say otherwise.
void misbehave(BackendConnection& connection) {
  std::mt19937 dice(static_cast<unsigned>(connection.index()) + 7);
  while (const auto request = connection.read_request()) {
    const auto from = request->start_line.find(' ') + 1;
    const auto path = request->start_line.substr(from, request->start_line.rfind(' ') - from);
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(path.size()) + "\r\n\r\n" + path;
    switch (dice() % 12) {
      case 0:
        return connection.reset();
      case 1:
        return connection.close();
      case 2:
        connection.send(answer.substr(0, dice() % answer.size()));
        return connection.close();
      case 3:
        connection.send(answer + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
        break;
      case 4:
        connection.send("HTTP/1.1 103 Early Hints\r\n\r\n" + answer);
        break;
      default:
        connection.send(answer);
    }
  }
}

std::string request_for(int number, std::mt19937& dice) {
  const auto path = "/" + std::to_string(number);
  switch (dice() % 3) {
    case 0:
      return "POST " + path + " HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello";
    case 1:
      return "POST " + path +
             " HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    default:
      return "GET " + path + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  }
}

/// One request, or the part of one; false when the connection is not usable any more.
bool one_step(RawClient& client, int number, std::mt19937& dice, int& mixed_up) {
  const auto request = request_for(number, dice);
  const auto fate = dice() % 10;
  if (fate == 0) client.send(std::string_view(request).substr(0, dice() % request.size()));
  if (fate != 0 && !client.send(request)) return false;
  if (fate <= 1) {
    dice() % 2 == 0 ? client.reset() : client.close();
    return false;
  }
  const auto response = client.read_final_response();
  if (!response) return false;
  if (response->status() == 200 && response->body != "/" + std::to_string(number)) ++mixed_up;
  return response->field("Connection") != "close";
}

TEST_CASE("every answer belongs to its request, and every connection ends, whoever leaves when") {
  ScriptedBackend backend(misbehave);
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  std::mt19937 dice(11);
  std::vector<std::optional<RawClient>> clients(8);
  int mixed_up = 0;
  for (int number = 0; number < 600; ++number) {
    auto& client = clients[dice() % clients.size()];
    if (!client) client.emplace(gateway.connect());
    if (!one_step(*client, number, dice, mixed_up)) client.reset();
    if (number % 50 == 0) gateway.publish(plan);
    if (number % 120 == 0) {
      gateway.publish(WirePlan());  // the cluster goes, with what is in flight on it
      gateway.publish(plan);
    }
  }
  CHECK(mixed_up == 0);
  clients.clear();
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (gateway.metric("gatehouse_downstream_connections") != "0" &&
         std::chrono::steady_clock::now() < until)
    gateway.settle();
  CHECK(gateway.metric("gatehouse_downstream_connections") == "0");
  gateway.publish(WirePlan());
  CHECK(backend.wait_until_closed());
}

}  // namespace
}  // namespace gatehouse::test
