// SPDX-License-Identifier: Apache-2.0
#include "tests/support/attack_rig.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/text.h"

namespace gatehouse::test {
namespace {

constexpr std::string_view kGatewaysOwn[] = {"Host",
                                             "Content-Length",
                                             "Transfer-Encoding",
                                             "X-Forwarded-For",
                                             "X-Forwarded-Proto",
                                             "X-Forwarded-Host",
                                             "X-Forwarded-Port",
                                             "X-Real-IP",
                                             "X-Request-Id"};

std::string with_lines(std::string head, std::initializer_list<std::string_view> lines) {
  for (const auto line : lines) head.append(line).append("\r\n");
  return head.append("\r\n");
}

}  // namespace

AttackRig::AttackRig(const WirePlan& base, ScriptedBackend::Script script)
    : backend(std::move(script)), plan(plan_for(base, backend.address())), gateway(plan) {}

WirePlan AttackRig::plan_for(WirePlan base, const SocketAddress& backend) {
  base.add_route("/", {backend});
  return base;
}

void AttackRig::look_at_backend(Sight& sight) {
  CHECK(backend.wait_until_caught_up());
  sight.reached = backend.requests();
  sight.reached_bytes = backend.recorded();
}

Sight AttackRig::attack(std::string_view bytes, Pace pace, Then then, HasBody body) {
  backend.forget();
  Sight sight;
  auto client = gateway.connect(pace);
  client.send(bytes);
  if (then == Then::half_close) client.half_close();
  while (auto answer = client.read_response(body)) sight.answers.push_back(std::move(*answer));
  sight.closed = client.is_closed();
  sight.reset = client.was_reset();
  sight.rest = std::string(client.rest());
  look_at_backend(sight);
  return sight;
}

Sight AttackRig::exchange(std::string_view bytes, Pace pace, std::size_t answers, HasBody body) {
  backend.forget();
  Sight sight;
  auto client = gateway.connect(pace);
  client.send(bytes);
  for (std::size_t i = 0; i < answers; ++i) {
    auto answer = client.read_final_response(body);
    if (!answer) break;
    sight.answers.push_back(std::move(*answer));
  }
  sight.rest = std::string(client.rest());
  look_at_backend(sight);
  return sight;
}

void check_refused(AttackRig& rig, const Attack& attack) {
  for (const auto pace : {Pace::whole, Pace::byte_by_byte}) {
    INFO(attack.rule << ": " << attack.name << ", " << kPaceNames[pace == Pace::byte_by_byte]);
    const auto sight = rig.attack(attack.bytes, pace);
    REQUIRE(sight.answers.size() == 1);
    CHECK_THAT(attack.statuses, Catch::VectorContains(sight.status()));
    CHECK(sight.answers.front().field("Connection") == "close");
    CHECK(sight.rest.empty());
    CHECK(sight.closed);
    CHECK_FALSE(sight.reset);
    CHECK(sight.reached.empty());
    CHECK(sight.reached_bytes.find("smuggled") == std::string::npos);
  }
}

void check_passes(AttackRig& rig, const Passage& passage) {
  for (const auto pace : {Pace::whole, Pace::byte_by_byte}) {
    INFO(passage.rule << ": " << passage.name << ", " << kPaceNames[pace == Pace::byte_by_byte]);
    const auto sight = rig.exchange(passage.bytes, pace);
    REQUIRE(sight.answers.size() == 1);
    CHECK(sight.status() == 200);
    REQUIRE(sight.reached.size() == 1);
    const auto& request = sight.reached.front();
    INFO("reached the backend:\n" << sight.reached_bytes);
    CHECK(request.start_line == passage.start_line);
    CHECK(request.all("Host") == std::vector<std::string>{passage.host});
    CHECK(end_to_end(request) == passage.fields);
    CHECK(request.body == passage.body);
    CHECK(request.count("Content-Length") + request.count("Transfer-Encoding") <= 1);
  }
}

std::vector<std::string> end_to_end(const WireMessage& message) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : message.fields) {
    const bool own = std::any_of(std::begin(kGatewaysOwn), std::end(kGatewaysOwn),
                                 [&](std::string_view known) { return equals_ignoring_case(known, name); });
    if (!own) lines.push_back(name + ": " + value);
  }
  return lines;
}

std::string get(std::initializer_list<std::string_view> lines, std::string_view target) {
  return with_lines("GET " + std::string(target) + " HTTP/1.1\r\nHost: a.test\r\n", lines);
}

std::string post(std::initializer_list<std::string_view> lines, std::string_view body) {
  return with_lines("POST /a HTTP/1.1\r\nHost: a.test\r\n", lines).append(body);
}

std::string chunked(std::string_view body) {
  return post({"Transfer-Encoding: chunked"}, body);
}

}  // namespace gatehouse::test
