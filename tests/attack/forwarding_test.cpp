// SPDX-License-Identifier: Apache-2.0
// Which fields pass, which go, and which the gateway writes itself (H1, H2, H5, H6).
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "tests/support/attack_rig.h"

using namespace gatehouse;
using namespace gatehouse::test;
using namespace std::string_literals;

namespace {

constexpr Pace kPaces[] = {Pace::whole, Pace::byte_by_byte};
const std::string kLine = "GET /a HTTP/1.1";

WirePlan trusting(const std::string& range, std::uint32_t hops = 0) {
  WirePlan plan;
  if (!range.empty()) plan.settings.trust.trusted.push_back(*Cidr::parse(range));
  plan.settings.trust.trusted_hops = hops;
  return plan;
}

/// The one request that reached the backend.
WireMessage forwarded(AttackRig& rig, const std::string& bytes, Pace pace = Pace::whole) {
  const auto sight = rig.exchange(bytes, pace);
  CHECK(sight.status() == 200);
  REQUIRE(sight.reached.size() == 1);
  return sight.reached.front();
}

/// Exactly one field of that name, with that value.
void check_only(const WireMessage& request, const std::string& name, const std::string& value) {
  INFO(name);
  CHECK(request.all(name) == std::vector<std::string>{value});
}

WireMessage answer_to(AttackRig& rig, const std::string& bytes, Pace pace) {
  const auto sight = rig.exchange(bytes, pace);
  REQUIRE(sight.answers.size() == 1);
  return sight.answers.front();
}

}  // namespace

TEST_CASE("H1: hop-by-hop fields of a request are not forwarded") {
  AttackRig rig;
  check_passes(
      rig, {"H1",
            "all of them",
            get({"A: 1", "Connection: keep-alive", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive",
                 "TE: gzip", "Trailer: X-Sum", "HTTP2-Settings: AAMAAABk", "Upgrade: h2c", "B: 2"}),
            kLine,
            {"A: 1", "B: 2"}});
}

TEST_CASE("H1: fields named in any Connection line are not forwarded") {
  AttackRig rig;
  check_passes(rig, {"H1",
                     "two lines, any case",
                     get({"X-One: 1", "Connection: x-one, X-TWO", "X-Two: 2", "X-Keep: k",
                          "connection: ,x-three ,", "X-Three: 3", "X-One: 4", "Cookie: a=b", "X-Onex: 5"}),
                     kLine,
                     {"X-Keep: k", "Cookie: a=b", "X-Onex: 5"}});
  check_passes(rig, {"H1",
                     "credentials",
                     get({"Connection: Cookie, Authorization", "Cookie: a=b", "Authorization: Basic eDp5"}),
                     kLine,
                     {}});
}

TEST_CASE("H1: a Connection line cannot remove what the gateway adds or needs") {
  AttackRig rig;
  for (const auto pace : kPaces) {
    const auto request = forwarded(
        rig,
        post({"Connection: Host, Content-Length, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, "
              "X-Forwarded-Port, X-Real-IP, X-Request-Id, close",
              "Content-Length: 3", "X-Forwarded-For: 9.9.9.9"},
             "abc"),
        pace);
    check_only(request, "Host", "a.test");
    check_only(request, "Content-Length", "3");
    check_only(request, "X-Forwarded-For", "9.9.9.9, 127.0.0.1");
    check_only(request, "X-Forwarded-Proto", "http");
    check_only(request, "X-Forwarded-Host", "a.test");
    check_only(request, "X-Forwarded-Port", "80");
    check_only(request, "X-Real-IP", "127.0.0.1");
    CHECK(request.count("X-Request-Id") == 1);
    CHECK(request.body == "abc");
  }
}

TEST_CASE("H1: TE keeps trailers and nothing else") {
  AttackRig rig;
  check_passes(rig, {"H1", "trailers", get({"TE: trailers"}), kLine, {"TE: trailers"}});
  check_passes(
      rig, {"H1", "among others", get({"TE: gzip;q=1, Trailers", "TE: trailers"}), kLine, {"TE: trailers"}});
  check_passes(rig, {"H1", "none", get({"TE: deflate, trailersx"}), kLine, {}});
}

TEST_CASE("H1: too many Connection options are refused, not partly obeyed") {
  AttackRig rig;
  std::string options = "Connection: close";
  for (int i = 0; i < 200; ++i) options += ", x-" + std::to_string(i);
  check_refused(rig, {"H1", "201 options", get({options, "X-199: secret"}) + std::string(kSmuggled)});
}

TEST_CASE("H1: hop-by-hop fields of a response are not passed on") {
  AttackRig rig({},
                ScriptedBackend::answering(
                    "HTTP/1.1 200 OK\r\nA: 1\r\nConnection: keep-alive, X-Secret\r\nKeep-Alive: timeout=5\r\n"
                    "X-Secret: s\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nTrailer: X-Sum\r\nTE: gzip\r\n"
                    "Content-Length: 2\r\nB: 2\r\n\r\nok"));
  for (const auto pace : kPaces) {
    const auto answer = answer_to(rig, get({}), pace);
    CHECK(answer.status() == 200);
    for (const auto* gone : {"Connection", "Keep-Alive", "X-Secret", "Proxy-Connection", "Upgrade", "Trailer",
                             "TE", "Transfer-Encoding"})
      CHECK(answer.count(gone) == 0);
    CHECK(answer.field("A") == "1");
    CHECK(answer.field("B") == "2");
    CHECK(answer.body == "ok");
  }
}

TEST_CASE("H2: an untrusted peer's forwarded fields are replaced, its chain is appended to") {
  AttackRig rig;
  for (const auto pace : kPaces) {
    const auto request = forwarded(
        rig,
        get({"X-Forwarded-For: 1.2.3.4", "x-forwarded-for: 5.6.7.8, 9.9.9.9", "X-Forwarded-Proto: https",
             "X-Forwarded-Host: evil.test", "X-Forwarded-Port: 6666", "X-Real-IP: 1.2.3.4",
             "Forwarded: for=1.2.3.4;proto=https", "Proxy: http://evil.test", "X-REAL-IP: 2.2.2.2"}),
        pace);
    check_only(request, "X-Forwarded-For", "1.2.3.4, 5.6.7.8, 9.9.9.9, 127.0.0.1");
    check_only(request, "X-Forwarded-Proto", "http");
    check_only(request, "X-Forwarded-Host", "a.test");
    check_only(request, "X-Forwarded-Port", "80");
    check_only(request, "X-Real-IP", "127.0.0.1");
    CHECK(request.count("Forwarded") == 0);
    CHECK(request.count("Proxy") == 0);
  }
}

TEST_CASE("H2: an untrusted peer's chain is overwritten when so configured") {
  WirePlan plan;
  plan.settings.trust.untrusted_for = http::UntrustedFor::overwrite;
  AttackRig rig(plan);
  const auto request = forwarded(rig, get({"X-Forwarded-For: 1.2.3.4"}));
  check_only(request, "X-Forwarded-For", "127.0.0.1");
}

TEST_CASE("H2: a trusted peer speaks for the client, counted from the right") {
  AttackRig rig(trusting("127.0.0.0/8"));
  for (const auto pace : kPaces) {
    const auto request =
        forwarded(rig,
                  get({"X-Forwarded-For: 6.6.6.6, 1.2.3.4, 127.0.0.9", "X-Forwarded-Proto: https",
                       "X-Forwarded-Host: front.test", "X-Forwarded-Port: 8443", "X-Real-IP: 6.6.6.6",
                       "Forwarded: for=1.2.3.4", "Proxy: http://evil.test"}),
                  pace);
    check_only(request, "X-Forwarded-For", "6.6.6.6, 1.2.3.4, 127.0.0.9, 127.0.0.1");
    check_only(request, "X-Forwarded-Proto", "https");
    check_only(request, "X-Forwarded-Host", "front.test");
    check_only(request, "X-Forwarded-Port", "8443");
    check_only(request, "X-Real-IP", "1.2.3.4");
    check_only(request, "Forwarded", "for=1.2.3.4");
    CHECK(request.count("Proxy") == 0);
  }
}

TEST_CASE("H2: trust by hop count ends where the count does") {
  AttackRig rig(trusting("", 2));
  const auto request = forwarded(rig, get({"X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.1"}));
  check_only(request, "X-Real-IP", "1.2.3.4");
}

TEST_CASE("H2: what a trusted peer says is believed only where it makes sense") {
  AttackRig rig(trusting("127.0.0.1"));
  const auto request =
      forwarded(rig, get({"X-Forwarded-Proto: javascript", "X-Forwarded-Host: a b", "X-Forwarded-Port: 99999",
                          "X-Forwarded-For: unknown, 127.0.0.1"}));
  check_only(request, "X-Forwarded-Proto", "http");
  check_only(request, "X-Forwarded-Host", "a.test");
  check_only(request, "X-Forwarded-Port", "80");
  check_only(request, "X-Real-IP", "127.0.0.1");
}

TEST_CASE("H5: a request id is made when there is none or an invalid one, and a valid one is kept") {
  AttackRig rig;
  const std::string longest(128, 'i');
  check_only(forwarded(rig, get({"X-Request-Id: abc-123"})), "X-Request-Id", "abc-123");
  check_only(forwarded(rig, get({"X-Request-Id: " + longest})), "X-Request-Id", longest);
  std::set<std::string> made;
  const std::vector<std::string> invalid = {"A: b",
                                            "X-Request-Id:",
                                            "X-Request-Id: a b",
                                            "X-Request-Id: \xc3\xa9",
                                            "X-Request-Id: " + longest + "i",
                                            "X-Request-Id: a\tb"};
  for (const auto& line : invalid) {
    for (const auto pace : kPaces) {
      INFO(line);
      const auto request = forwarded(rig, get({line}), pace);
      REQUIRE(request.count("X-Request-Id") == 1);
      CHECK(request.field("X-Request-Id").size() == 36);
      made.insert(request.field("X-Request-Id"));
    }
  }
  CHECK(made.size() == invalid.size() * 2);
}

TEST_CASE("H5: a request that comes back to the gateway again and again ends with 508") {
  WirePlan plan;
  WireGateway gateway(plan);
  plan.add_route("/", {gateway.address()});
  gateway.publish(plan);
  for (const auto pace : kPaces) {
    auto client = gateway.connect(pace);
    client.send(get({}));
    const auto answer = client.read_response();
    REQUIRE(answer);
    CHECK(answer->status() == 508);
  }
}

TEST_CASE("H5: Via is written in both directions when switched on, and absent by default") {
  AttackRig quiet;
  CHECK(forwarded(quiet, get({})).count("Via") == 0);
  CHECK(answer_to(quiet, get({}), Pace::whole).count("Via") == 0);
  WirePlan plan;
  plan.settings.via = true;
  AttackRig rig(plan);
  const auto request = forwarded(rig, get({"Via: 1.0 other"}));
  CHECK(request.all("Via") == std::vector<std::string>{"1.0 other", "1.1 gatehouse"});
  CHECK(answer_to(rig, get({}), Pace::whole).field("Via") == "1.1 gatehouse");
}

TEST_CASE("H6: order, case and duplicates of end-to-end fields are kept") {
  AttackRig rig;
  const std::vector<std::string> fields = {"B: 2",
                                           "a: 1",
                                           "B: 3",
                                           "Cookie: x=1",
                                           "cookie: y=2",
                                           "C:",
                                           "b: 2",
                                           "Accept: text/html, */*;q=0.8",
                                           "X: \"quoted, \\\" text\""};
  std::string bytes = "GET /a HTTP/1.1\r\nHost: a.test\r\n";
  for (const auto& field : fields) bytes += field + "\r\n";
  auto expected = fields;
  std::replace(expected.begin(), expected.end(), "C:"s, "C: "s);
  check_passes(rig, {"H6", "request", bytes + "\r\n", kLine, expected});
}

TEST_CASE("H6: order and duplicates of a response's fields are kept, and Set-Cookie is never folded") {
  AttackRig rig(
      {}, ScriptedBackend::answering(
              "HTTP/1.1 200 Fine by me\r\nSet-Cookie: a=1; Path=/\r\nB: 2\r\nset-cookie: b=2\r\nB: 1\r\n"
              "Content-Length: 2\r\nSet-Cookie: c=3\r\n\r\nok"));
  for (const auto pace : kPaces) {
    const auto answer = answer_to(rig, get({}), pace);
    CHECK(answer.start_line == "HTTP/1.1 200 Fine by me");
    CHECK(answer.all("Set-Cookie") == std::vector<std::string>{"a=1; Path=/", "b=2", "c=3"});
    CHECK(answer.all("B") == std::vector<std::string>{"2", "1"});
    const auto lines = end_to_end(answer);
    REQUIRE(lines.size() >= 5);
    CHECK(lines[0] == "Set-Cookie: a=1; Path=/");
    CHECK(lines[1] == "B: 2");
    CHECK(lines[2] == "set-cookie: b=2");
  }
}

TEST_CASE("H3: a response field with CR, LF or NUL is a bad response and reaches nobody") {
  const std::vector<std::string> lines = {"Location: /a\rSet-Cookie: evil=1",
                                          "Location: /a\nSet-Cookie: evil=1",
                                          "Location: /a\0evil"s,
                                          "Location: /a\r\r\nSet-Cookie: evil=1",
                                          "A\nevil: b",
                                          "A: b\x01"
                                          "evil"};
  for (const auto& line : lines) {
    AttackRig rig(
        {}, ScriptedBackend::answering("HTTP/1.1 302 Found\r\n" + line + "\r\nContent-Length: 0\r\n\r\n"));
    for (const auto pace : kPaces) {
      INFO(line);
      const auto answer = answer_to(rig, get({}), pace);
      CHECK(answer.status() == 502);
      CHECK(answer.head.find("evil") == std::string::npos);
    }
  }
}
