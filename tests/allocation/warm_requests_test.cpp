// SPDX-License-Identifier: Apache-2.0
// A warm worker allocates nothing per request.
#include <catch2/catch.hpp>
#include <vector>

#include "tests/allocation/allocation_count.h"
#include "tests/support/wire_rig.h"

namespace gatehouse::test {
namespace {

constexpr std::string_view kGet =
    "GET /api/items?page=2 HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: wrk\r\nAccept: */*\r\n"
    "Accept-Encoding: gzip\r\nCookie: session=0123456789abcdef\r\n\r\n";

/// One request on each client, then one answer from each.
bool one_round(std::vector<RawClient>& clients, std::string_view request) {
  for (auto& client : clients)
    if (!client.send(request)) return false;
  for (auto& client : clients) {
    const auto response = client.read_response();
    if (!response || response->status() != 200) return false;
  }
  return true;
}

/// Allocations of the worker over `requests` requests on eight warm connections.
std::uint64_t allocations_of(int requests, std::string_view request, WirePlan plan) {
  WireGateway gateway(plan);
  std::vector<RawClient> clients;
  // Four times as many at first: how many buffers are in use at once is a matter of timing, and the free
  // lists grow to the most there ever were.
  for (int i = 0; i < 32; ++i) clients.push_back(gateway.connect());
  for (int round = 0; round < 50; ++round) REQUIRE(one_round(clients, request));
  while (clients.size() > 8) clients.pop_back();
  for (int round = 0; round < 50; ++round) REQUIRE(one_round(clients, request));
  const AllocationCount count("worker-");
  bool all_answered = true;
  for (int round = 0; round < requests / 8; ++round) all_answered &= one_round(clients, request);
  REQUIRE(all_answered);
  UNSCOPED_INFO("size of the first allocation: " << count.first_size());
  return count.allocations();
}

TEST_CASE("a cold worker allocates, and the count sees it") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/api", {backend.address()});
  WireGateway gateway(plan);
  const AllocationCount count("worker-");
  std::vector<RawClient> clients;
  clients.push_back(gateway.connect());
  REQUIRE(one_round(clients, kGet));
  CHECK(count.allocations() > 0);
}

TEST_CASE("10,000 warm GETs through a worker allocate nothing") {
  ScriptedBackend backend(ScriptedBackend::answering(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: x\r\nContent-Length: 150\r\n\r\n" +
      std::string(150, 'a')));
  WirePlan plan;
  plan.add_route("/api", {backend.address()});
  CHECK(allocations_of(10'000, kGet, plan) == 0);
}

TEST_CASE("warm GETs with header edits and a chunked answer allocate nothing") {
  ScriptedBackend backend(ScriptedBackend::answering(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"));
  WirePlan plan;
  auto& rule = plan.add_route("/api", {backend.address()}).rule();
  rule.filters.request_headers.set.push_back({"X-Set", "request"});
  rule.filters.response_headers.add.push_back({"X-Added", "response"});
  rule.timeouts.request = std::chrono::seconds(30);
  CHECK(allocations_of(2'000, kGet, plan) == 0);
}

TEST_CASE("warm requests with a small body allocate nothing") {
  ScriptedBackend backend;
  WirePlan plan;
  plan.add_route("/api", {backend.address()});
  const std::string post =
      "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'b');
  CHECK(allocations_of(2'000, post, plan) == 0);
}

}  // namespace
}  // namespace gatehouse::test
