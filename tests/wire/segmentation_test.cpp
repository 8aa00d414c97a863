// SPDX-License-Identifier: Apache-2.0
// Bodies in chunks of any size, cut into segments at any place (F19), arrive whole in both directions.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/wire_rig.h"

namespace gatehouse::test {
namespace {

/// `body` in chunks of 1 to `largest` bytes, some with an extension.
std::string in_chunks(const std::string& body, std::size_t largest, std::mt19937& dice) {
  std::string text;
  for (std::size_t at = 0; at < body.size();) {
    const auto size = std::min(body.size() - at, 1 + dice() % largest);
    text += fmt::format("{:x}{}\r\n", size, dice() % 4 == 0 ? ";name=value" : "");
    text.append(body, at, size);
    text += "\r\n";
    at += size;
  }
  return text + "0\r\n\r\n";
}

/// Sends `text` in segments of 1 to `largest` bytes.
template <class To>
void send_in_segments(To& to, std::string_view text, std::size_t largest, std::mt19937& dice) {
  while (!text.empty()) {
    const auto size = std::min(text.size(), 1 + dice() % largest);
    if (!to.send(text.substr(0, size))) return;
    text.remove_prefix(size);
  }
}

TEST_CASE("F19: chunked bodies arrive whole however they are cut") {
  struct Sizes {
    std::size_t body;
    std::size_t chunk;
    std::size_t segment;
  };
  const auto sizes = GENERATE(values<Sizes>({{2'000, 3, 7},
                                             {5'000, 1, 5'000},
                                             {40'000, 600, 300},
                                             {200'000, 20'000, 16'384},
                                             {200'000, 16'384, 16'384},
                                             {300'000, 100'000, 40'000},
                                             {60'000, 50, 100'000}}));
  const auto seed = GENERATE(1u, 2u, 3u);
  std::mt19937 dice(seed);
  std::string body(sizes.body, ' ');
  for (auto& c : body) c = static_cast<char>('a' + dice() % 26);

  ScriptedBackend backend([&, seed](BackendConnection& connection) {
    std::mt19937 own_dice(seed + 100);
    while (const auto request = connection.read_request()) {
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      send_in_segments(connection, in_chunks(request->body, sizes.chunk, own_dice), sizes.segment, own_dice);
    }
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  for (int i = 0; i < 2; ++i) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    send_in_segments(client, head + in_chunks(body, sizes.chunk, dice), sizes.segment, dice);
    const auto response = client.read_response();
    REQUIRE(response);
    CHECK(response->status() == 200);
    REQUIRE((response->body == body));
  }
  const auto requests = backend.requests();
  REQUIRE(requests.size() == 2);
  CHECK((requests.front().body == body && requests.back().body == body));
  CHECK(backend.recorded().find("name=value") == std::string::npos);  // F9
}

TEST_CASE("F19: bodies of a given length that end at a buffer's edge arrive whole") {
  // The head is about 60 bytes; buffers hold 16 KiB and 32 KiB.
  const std::size_t size = GENERATE(16'300u, 16'320u, 16'321u, 16'322u, 16'323u, 16'324u, 16'325u, 16'330u,
                                    16'384u, 32'700u, 32'768u, 49'152u);
  ScriptedBackend backend([](BackendConnection& connection) {
    while (const auto request = connection.read_request())
      connection.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", request->body.size(),
                                  request->body));
  });
  WirePlan plan;
  plan.add_route("/", {backend.address()});
  WireGateway gateway(plan);
  auto client = gateway.connect();
  const std::string body(size, 'x');
  const std::string request =
      fmt::format("PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {}\r\n\r\n{}", size, body);
  client.send(request + request);  // pipelined: the second head stands behind the first body
  for (int i = 0; i < 2; ++i) {
    const auto response = client.read_response();
    REQUIRE(response);
    CHECK((response->body == body));
  }
}

}  // namespace
}  // namespace gatehouse::test
