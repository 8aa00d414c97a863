// SPDX-License-Identifier: Apache-2.0
// Attacks on message framing: Content-Length and Transfer-Encoding (F1-F6, F21, F22).
#include <catch2/catch.hpp>

#include "tests/support/attack_rig.h"

using namespace gatehouse::test;
using namespace std::string_literals;

namespace {

/// An empty chunked body with a request hidden behind it.
const std::string kHidden = "0\r\n\r\n" + std::string(kSmuggled);

void check_each_refused(const std::string& rule, const std::vector<std::string>& field_lines,
                        const std::vector<int>& statuses = {400}) {
  AttackRig rig;
  for (const auto& line : field_lines) check_refused(rig, {rule, line, post({line}, kHidden), statuses});
}

}  // namespace

TEST_CASE("F1: Content-Length beside Transfer-Encoding is refused") {
  AttackRig rig;
  check_refused(rig, {"F1", "CL.TE", post({"Content-Length: 5", "Transfer-Encoding: chunked"}, kHidden)});
  check_refused(rig, {"F1", "TE.CL", post({"Transfer-Encoding: chunked", "Content-Length: 5"}, kHidden)});
  check_refused(rig, {"F1", "CL 0", post({"Content-Length: 0", "Transfer-Encoding: chunked"}, kHidden)});
  check_refused(rig,
                {"F1", "lower case", post({"content-length: 5", "transfer-encoding: CHUNKED"}, kHidden)});
  check_refused(rig, {"F1", "GET", get({"Content-Length: 5", "Transfer-Encoding: chunked"}) + kHidden});
  check_refused(rig, {"F1",
                      "unknown coding with CL",
                      post({"Transfer-Encoding: xchunked", "Content-Length: 5"}, kHidden),
                      {400, 501}});
  check_refused(rig, {"F1",
                      "identity with CL",
                      post({"Transfer-Encoding: identity", "Content-Length: 5"}, kHidden),
                      {400, 501}});
  check_refused(rig, {"F1", "CL between two TE",
                      post({"Transfer-Encoding: chunked", "Content-Length: 5", "Transfer-Encoding: identity"},
                           kHidden)});
}

TEST_CASE("F2: a transfer coding that is not exactly chunked is refused") {
  check_each_refused("F2",
                     {"Transfer-Encoding: xchunked",
                      "Transfer-Encoding: chunkedx",
                      "Transfer-Encoding: gzip",
                      "Transfer-Encoding: identity",
                      "Transfer-Encoding: \"chunked\"",
                      "Transfer-Encoding: 'chunked'",
                      "Transfer-Encoding: \x0b"
                      "chunked",
                      "Transfer-Encoding: chunked\x0b",
                      "Transfer-Encoding: \xa0"
                      "chunked",
                      "Transfer-Encoding: chunked\xa0",
                      "Transfer-Encoding: chunked, identity",
                      "Transfer-Encoding: chunked, gzip",
                      "Transfer-Encoding: chunked identity",
                      "Transfer-Encoding:",
                      "Transfer-Encoding: ,",
                      "Transfer-Encoding: chunked\0"s,
                      "Transfer-Encoding: ch\tunked",
                      "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
                      "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
                      "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
                      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                      "Transfer-Encoding: x\r\nTransfer-Encoding: chunked"},
                     {400, 501});
}

TEST_CASE("F3: chunked twice, after another coding, in a list or with parameters is refused") {
  check_each_refused(
      "F3",
      {"Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip, chunked",
       "Transfer-Encoding: ,chunked", "Transfer-Encoding: chunked,", "Transfer-Encoding: chunked, ",
       "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: chunked; q=1", "Transfer-Encoding: chunked;",
       "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
       "Transfer-Encoding: chunked\r\nTransfer-Encoding:"},
      {400, 501});
}

TEST_CASE("F3: chunked in any case is accepted and written canonically") {
  AttackRig rig;
  for (const auto* value : {"chunked", "CHUNKED", "Chunked", "\tchunked\t"}) {
    const auto bytes = post({"Transfer-Encoding: " + std::string(value)}, "3\r\nabc\r\n0\r\n\r\n");
    check_passes(rig, {"F3", value, bytes, "POST /a HTTP/1.1", {}, "abc"});
    CHECK(rig.backend.requests().at(0).field("Transfer-Encoding") == "chunked");
  }
}

TEST_CASE("F4: Transfer-Encoding in HTTP/1.0 is refused") {
  AttackRig rig;
  const std::string head = "POST /a HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n";
  check_refused(rig, {"F4", "chunked", head + "Transfer-Encoding: chunked\r\n\r\n" + kHidden});
  check_refused(
      rig, {"F4", "with CL", head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + kHidden});
  check_refused(rig, {"F4", "unknown", head + "Transfer-Encoding: x\r\n\r\n" + kHidden, {400, 501}});
}

TEST_CASE("F5: a Content-Length that is not plain digits is refused") {
  check_each_refused("F5", {"Content-Length: +5",
                            "Content-Length: -5",
                            "Content-Length: -0",
                            "Content-Length: 0x5",
                            "Content-Length: 5 5",
                            "Content-Length: 5a",
                            "Content-Length: a",
                            "Content-Length:",
                            "Content-Length: 5,6",
                            "Content-Length: 5,",
                            "Content-Length: ,5",
                            "Content-Length: 5, x",
                            "Content-Length: 5;",
                            "Content-Length: 5.0",
                            "Content-Length: 5e0",
                            "Content-Length: \"5\"",
                            "Content-Length: 5_0",
                            "Content-Length: 9223372036854775808",
                            "Content-Length: 18446744073709551615",
                            "Content-Length: 18446744073709551616",
                            "Content-Length: 18446744073709551621",
                            "Content-Length: 99999999999999999999999999",
                            "Content-Length: 5\0"s,
                            "Content-Length: \0005"s,
                            "Content-Length: 5\xa0",
                            "Content-Length: \xc2\xa0"
                            "5",
                            "Content-Length: 5\x0b",
                            "Content-Length: \xef\xbc\x95"});
}

TEST_CASE("F5: a Content-Length is written again in canonical form") {
  AttackRig rig;
  for (const auto* value : {"5", "05", "\t 5 \t", "0000000000000000000000005"}) {
    const auto bytes = post({"Content-Length: " + std::string(value)}, "hello");
    check_passes(rig, {"F5", value, bytes, "POST /a HTTP/1.1", {}, "hello"});
    CHECK(rig.backend.requests().at(0).all("Content-Length") == std::vector<std::string>{"5"});
  }
}

TEST_CASE("F6: more than one Content-Length is refused, equal ones too") {
  check_each_refused("F6",
                     {"Content-Length: 5\r\nContent-Length: 6", "Content-Length: 6\r\nContent-Length: 5",
                      "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5",
                      "Content-Length: 5\r\ncontent-length: 05", "Content-Length: 5\r\nContent-Length:",
                      "Content-Length: 0\r\nX: y\r\nContent-Length: 44", "Content-Length: 5, 6"});
}

TEST_CASE("F21: the body of GET, HEAD, DELETE and OPTIONS is forwarded framed") {
  AttackRig rig;
  for (const std::string method : {"GET", "DELETE", "OPTIONS", "FROB"}) {
    const auto line = method + " /a HTTP/1.1";
    const auto head = line + "\r\nHost: a.test\r\n";
    check_passes(rig, {"F21", method, head + "Content-Length: 3\r\n\r\nabc", line, {}, "abc"});
    CHECK(rig.backend.requests().at(0).field("Content-Length") == "3");
    check_passes(rig, {"F21",
                       method + " chunked",
                       head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                       line,
                       {},
                       "abc"});
  }
  for (const auto pace : {Pace::whole, Pace::byte_by_byte}) {
    const auto sight = rig.exchange("HEAD /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc", pace,
                                    1, HasBody::no);
    CHECK(sight.status() == 200);
    REQUIRE(sight.reached.size() == 1);
    CHECK(sight.reached.front().body == "abc");
  }
}

TEST_CASE("F21: a request behind the body of a GET is a request, and one inside is not") {
  AttackRig rig;
  const auto hidden = std::string(kSmuggled);
  const auto bytes = get({"Content-Length: " + std::to_string(hidden.size())}) + hidden +
                     get({"Connection: close"}, "/next");
  for (const auto pace : {Pace::whole, Pace::byte_by_byte}) {
    const auto sight = rig.attack(bytes, pace);
    CHECK(sight.answers.size() == 2);
    REQUIRE(sight.reached.size() == 2);
    CHECK(sight.reached[0].body == hidden);
    CHECK(sight.reached[1].start_line == "GET /next HTTP/1.1");
  }
}

TEST_CASE("F22: an HTTP/1.0 POST without Content-Length has no body, and ends the connection") {
  AttackRig rig;
  const auto bytes = "POST /a HTTP/1.0\r\nHost: a.test\r\n\r\n" + std::string(kSmuggled);
  for (const auto pace : {Pace::whole, Pace::byte_by_byte}) {
    const auto sight = rig.attack(bytes, pace);
    REQUIRE(sight.answers.size() == 1);
    CHECK(sight.status() == 200);
    CHECK(sight.closed);
    REQUIRE(sight.reached.size() == 1);
    CHECK(sight.reached.front().start_line == "POST /a HTTP/1.1");
    CHECK(sight.reached_bytes.find("smuggled") == std::string::npos);
  }
}
