// SPDX-License-Identifier: Apache-2.0
// Attacks on the chunked coding of requests (F7-F10).
#include <catch2/catch.hpp>

#include "tests/support/attack_rig.h"

using namespace gatehouse::test;
using namespace std::string_literals;

namespace {

const std::string kHidden(kSmuggled);
const std::string kEnd = "0\r\n\r\n";

/// A chunked body of one byte whose trailer section is `lines`.
std::string with_trailers(const std::string& lines, std::initializer_list<std::string_view> fields = {}) {
  std::string head = "POST /a HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n";
  for (const auto field : fields) head.append(field).append("\r\n");
  return head + "\r\n1\r\nx\r\n0\r\n" + lines + "\r\n";
}

}  // namespace

TEST_CASE("F7: a chunk size that is not 1 to 16 hex digits below 2^63 is refused") {
  AttackRig rig;
  for (const auto& size : {"0x5"s,
                           "+5"s,
                           "-5"s,
                           "5_"s,
                           " 5"s,
                           "5 "s,
                           "5\t"s,
                           ""s,
                           "g"s,
                           "5g"s,
                           "5\0"s,
                           "\0005"s,
                           "5.0"s,
                           "8000000000000000"s,
                           "ffffffffffffffff"s,
                           "10000000000000005"s,
                           "00000000000000005"s,
                           "\xef\xbc\x95"s,
                           "5,"s,
                           "\""s,
                           "5 ;x"s,
                           "\v5"s}) {
    check_refused(rig, {"F7", "size '" + size + "'", chunked(size + "\r\nhello\r\n" + kEnd + kHidden)});
  }
  for (const auto& last : {"-0"s, "0x0"s, "0 "s, " 0"s, "00000000000000000"s, ""s, "O"s})
    check_refused(
        rig, {"F7", "last size '" + last + "'", chunked("5\r\nhello\r\n" + last + "\r\n\r\n" + kHidden)});
}

TEST_CASE("F7: chunk data that is not followed by CRLF is refused") {
  AttackRig rig;
  for (const auto& behind : {"hello0\r\n\r\n"s, "helloX\r\n0\r\n\r\n"s, "hello\n0\r\n\r\n"s,
                             "hello\r0\r\n\r\n"s, "hello\rX0\r\n\r\n"s, "hellohello\r\n0\r\n\r\n"s,
                             "hell\r\n0\r\n\r\n"s, "hello \r\n0\r\n\r\n"s, "hello\r\r\n0\r\n\r\n"s})
    check_refused(rig, {"F7", behind, chunked("5\r\n" + behind + kHidden)});
}

TEST_CASE("F7: sizes in either case and with leading zeros are accepted") {
  AttackRig rig;
  check_passes(rig, {"F7",
                     "hex",
                     chunked("A\r\n0123456789\r\nb\r\n0123456789a\r\n000\r\n\r\n"),
                     "POST /a HTTP/1.1",
                     {},
                     "01234567890123456789a"});
  check_passes(rig, {"F7",
                     "sixteen digits",
                     chunked("0000000000000003\r\nabc\r\n0000000000000000\r\n\r\n"),
                     "POST /a HTTP/1.1",
                     {},
                     "abc"});
}

TEST_CASE("F8: a lone LF or CR in a chunk line is refused") {
  AttackRig rig;
  for (const auto& body :
       {"5\nhello\r\n0\r\n\r\n"s, "5\rhello\r\n0\r\n\r\n"s, "5\r\r\nhello\r\n0\r\n\r\n"s,
        "5;\nhello\r\n0\r\n\r\n"s, "5;a\nhello\r\n0\r\n\r\n"s, "5;a\rb\r\nhello\r\n0\r\n\r\n"s,
        "5;a\r\r\nhello\r\n0\r\n\r\n"s, "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"s,
        "5;a=\"\r\"\r\nhello\r\n0\r\n\r\n"s, "5;\0\r\nhello\r\n0\r\n\r\n"s, "5;\x7f\r\nhello\r\n0\r\n\r\n"s,
        "5\r\nhello\r\n0\n\r\n"s, "5\r\nhello\r\n0\r\r\n\r\n"s, "5\r\nhello\r\n0\r\n\n"s,
        "5\r\nhello\r\n0\r\n\r\r"s, "5\r\nhello\r\n0;\n\r\n"s, "5\r\nhello\r\n0\r\nA: b\n\r\n"s,
        "5\r\nhello\r\n0\r\nA: b\r\r\n\r\n"s, "5\r\nhello\r\n0\r\nA: b\rC: d\r\n\r\n"s})
    check_refused(rig, {"F8", body, chunked(body + kHidden)});
}

TEST_CASE("F9: chunk extensions are not forwarded") {
  AttackRig rig;
  const auto bytes = chunked("3;a=b;c=\"d e\"\r\nabc\r\n2;x\r\nde\r\n0;last=1\r\n\r\n");
  check_passes(rig, {"F9", "three of them", bytes, "POST /a HTTP/1.1", {}, "abcde"});
  CHECK(rig.backend.recorded().find(';') == std::string::npos);
}

TEST_CASE("F9: extensions above 4 KiB in a line or 16 KiB in a body are refused") {
  AttackRig rig;
  check_passes(rig, {"F9",
                     "4000 bytes",
                     chunked("1;" + std::string(4'000, 'e') + "\r\nx\r\n" + kEnd),
                     "POST /a HTTP/1.1",
                     {},
                     "x"});
  check_refused(rig,
                {"F9", "one line", chunked("1;" + std::string(5'000, 'e') + "\r\nx\r\n" + kEnd + kHidden)});
  std::string many;
  for (int i = 0; i < 9; ++i) many += "1;" + std::string(2'000, 'e') + "\r\nx\r\n";
  check_refused(rig, {"F9", "one body", chunked(many + kEnd + kHidden)});
}

TEST_CASE("F10: malformed trailers are refused") {
  AttackRig rig;
  for (const auto& lines :
       {"A : b\r\n"s, ": b\r\n"s, "nocolon\r\n"s, " A: b\r\n"s, "A: b\r\n c\r\n"s, "A\0: b\r\n"s,
        "A: b\0\r\n"s, "A: \x01\r\n"s, "A(: b\r\n"s, "GET /smuggled HTTP/1.1\r\n"s})
    check_refused(rig, {"F10", lines, with_trailers(lines) + kHidden});
}

TEST_CASE("F10: trailers count against the header limits") {
  WirePlan plan;
  plan.limits.max_header_bytes = 1'000;
  plan.limits.max_header_count = 20;
  AttackRig rig(plan);
  std::string many;
  for (int i = 0; i < 21; ++i) many += "A: b\r\n";
  // 413 where the size of what was to be a body is meant, 431 where its fields are.
  check_refused(rig, {"F10", "21 lines", with_trailers(many) + kHidden, {413, 431}});
  const auto large = "A: " + std::string(600, 'a') + "\r\n";
  check_refused(rig, {"F10", "1,200 bytes", with_trailers(large + large) + kHidden, {413, 431}});
}

TEST_CASE("F10: trailers never reach a backend that was not told of TE: trailers") {
  AttackRig rig;
  check_passes(rig, {"F10", "dropped", with_trailers("X-Sum: 1\r\n"), "POST /a HTTP/1.1", {}, "x"});
  CHECK(rig.backend.recorded().find("X-Sum") == std::string::npos);
}

TEST_CASE("F10: no trailer is merged into the head, and forbidden ones are dropped") {
  AttackRig rig;
  const std::string lines =
      "X-Sum: 1\r\nHost: evil.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\nUpgrade: websocket\r\nAuthorization: Basic x\r\nCookie: a=b\r\n"
      "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.test\r\nX-Real-IP: 1.2.3.4\r\nTrailer: X\r\n"
      "TE: gzip\r\nX-Listed: 1\r\nX-Request-Id: evil\r\nForwarded: for=1.2.3.4\r\nX-Sum: 2\r\n";
  const auto bytes = with_trailers(lines, {"TE: trailers", "Connection: TE, X-Listed"});
  check_passes(rig, {"F10", "a trailer of each kind", bytes, "POST /a HTTP/1.1", {"TE: trailers"}, "x"});
  const auto request = rig.backend.requests().at(0);
  CHECK(request.trailers == "X-Sum: 1\r\nX-Sum: 2\r\n");
  CHECK(request.all("X-Forwarded-For") == std::vector<std::string>{"127.0.0.1"});
}

TEST_CASE("F10: a Connection: close among the trailers does not end the connection") {
  AttackRig rig;
  const auto bytes = with_trailers("Connection: close\r\n") + get({"Connection: close"}, "/next");
  for (const auto pace : {Pace::whole, Pace::byte_by_byte}) {
    const auto sight = rig.attack(bytes, pace);
    CHECK(sight.answers.size() == 2);
    REQUIRE(sight.reached.size() == 2);
    CHECK(sight.reached[1].start_line == "GET /next HTTP/1.1");
  }
}

TEST_CASE("the last chunk in three segments, 0 CRLF | CR | LF, ends the body and nothing else") {
  AttackRig rig;
  rig.backend.forget();
  auto client = rig.gateway.connect(Pace::byte_by_byte);
  const auto head = chunked("");
  REQUIRE(client.send_segments({head, "0\r\n", "\r", "\n"}));
  auto response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  REQUIRE(client.send_segments({head, "3\r\nabc\r\n0\r\n", "\r", "\n"}));
  response = client.read_response();
  REQUIRE(response);
  CHECK(response->status() == 200);
  REQUIRE(rig.backend.wait_for_requests(2));
  CHECK(rig.backend.requests().at(0).body.empty());
  CHECK(rig.backend.requests().at(1).body == "abc");
}
