// SPDX-License-Identifier: Apache-2.0
// F7-F10, F19: the chunked coding, at every split, and against a slow decoder written from the grammar.
#include "proxy/http/chunked_decoder.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "tests/proxy/chunked_reference.h"
#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using gatehouse::http::test::text_of;
using State = ChunkedDecoder::State;

namespace {

struct Outcome {
  std::string body;
  std::string trailers;
  State state = State::need_more;
  int status = 0;
  std::size_t consumed = 0;  ///< of the whole input, when done
  bool operator==(const Outcome&) const = default;
};

/// Feeds `input` in the sizes that `next_size` gives.
template <typename NextSize>
Outcome decode(std::string_view input, NextSize next_size, const ChunkedRules& rules = {}) {
  Arena arena;
  ChunkedDecoder decoder(rules, arena);
  Outcome outcome;
  while (outcome.consumed < input.size() || input.empty()) {
    const std::string piece(
        input.substr(outcome.consumed, next_size()));  // its own memory: ASan sees any overrun
    std::string_view left = piece;
    do {
      const auto step = decoder.feed(left);
      outcome.state = step.state;
      outcome.body += step.data;
      REQUIRE((step.state == State::data) == !step.data.empty());
      if (step.state == State::failed) break;
      left.remove_prefix(step.consumed);
      outcome.consumed += step.consumed;
      if (step.state == State::need_more) REQUIRE(left.empty());
    } while (outcome.state == State::data && !left.empty());
    if (outcome.state == State::done || outcome.state == State::failed || input.empty()) break;
  }
  if (outcome.state == State::data) outcome.state = State::need_more;
  if (outcome.state == State::failed) {
    outcome.status = decoder.rejection().status;
    outcome.consumed = 0;
  }
  outcome.trailers = text_of(decoder.trailers());
  return outcome;
}

Outcome whole(std::string_view input, const ChunkedRules& rules = {}) {
  return decode(
      input, [&] { return std::max<std::size_t>(input.size(), 1); }, rules);
}

Outcome bytewise(std::string_view input, const ChunkedRules& rules = {}) {
  return decode(
      input, [] { return std::size_t{1}; }, rules);
}

/// The status of the refusal, 0 when complete, -1 when more is needed; the same for both ways of feeding.
int verdict(std::string_view input, const ChunkedRules& rules = {}) {
  const auto a = whole(input, rules);
  REQUIRE(a == bytewise(input, rules));
  if (a.state == State::failed) return a.status;
  return a.state == State::done ? 0 : -1;
}

}  // namespace

TEST_CASE("a chunked body is its chunks") {
  const auto a = whole("4\r\nWiki\r\n5\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\n\r\nGET / HTTP/1.1");
  CHECK(a.state == State::done);
  CHECK(a.body == "Wikipedia in\r\n\r\nchunks.");
  CHECK(a.consumed == 43);
  CHECK(a.trailers.empty());
}

TEST_CASE("data is a view into the input") {
  Arena arena;
  ChunkedDecoder decoder({}, arena);
  const std::string input = "5\r\nhello\r\n";
  const auto step = decoder.feed(input);
  CHECK(step.data.data() == input.data() + 3);
  CHECK(step.consumed == 8);
  CHECK(arena.bytes_reserved() == 0);
}

TEST_CASE("a decoder that is done or has failed stays so and takes no more") {
  Arena arena;
  ChunkedDecoder decoder({}, arena);
  REQUIRE(decoder.feed("0\r\n\r\n").state == State::done);
  const auto after = decoder.feed("5\r\nhello");
  CHECK(after.state == State::done);
  CHECK(after.consumed == 0);
  ChunkedDecoder failed({}, arena);
  REQUIRE(failed.feed("x").state == State::failed);
  CHECK(failed.feed("0\r\n\r\n").state == State::failed);
}

TEST_CASE("F7: a chunk size is 1 to 16 hex digits below 2^63") {
  const std::string_view bad[] = {
      "\r\n",
      "0x5\r\n",
      "+5\r\n",
      "-5\r\n",
      "1_0\r\n",
      " 5\r\n",
      "5 \r\n",
      "5\t\r\n",
      "g\r\n",
      "5g\r\n",
      ";a\r\n",
      "8000000000000000\r\n",
      "FFFFFFFFFFFFFFFF\r\n",
      "00000000000000005\r\n",
      "10000000000000000\r\n",
      "\n5\r\n",
      "5 ;a\r\n",
      "\xef\xbc\x95\r\n",
      "5.\r\n",
      "\"5\"\r\n",
      "0x0\r\n\r\n",
  };
  for (const auto text : bad) {
    INFO(text);
    CHECK(verdict(text) == 400);
  }
  CHECK(verdict(std::string_view("5\0\r\n", 4)) == 400);
  CHECK(verdict("7fffffffffffffff\r\n") == -1);
  CHECK(whole("000000000000000a\r\n0123456789\r\n0000\r\n\r\n").body == "0123456789");
  CHECK(verdict("aB\r\n") == -1);
}

TEST_CASE("F7, F8: lines end with CRLF and data is followed by CRLF, exactly") {
  const std::string_view bad[] = {
      "5\nhello\r\n0\r\n\r\n",
      "5\rhello\r\n0\r\n\r\n",
      "5\r\rhello",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhello\r0\r\n\r\n",
      "5\r\nhelloX\r\n",
      "5\r\nhello0\r\n\r\n",
      "5;a\nhello",
      "5;a\rb\r\nhello",
      "0\r\n\n",
      "0\r\n\rX",
      "0\n\n",
      "0\r\r\n",
      "5\r\nhello\r\r\n",
      "0\r\nA: b\n\r\n",
      "0\r\nA: b\r\r\n",
      "0\r\nA: b\rc\r\n\r\n",
  };
  for (const auto text : bad) {
    INFO(text);
    CHECK(verdict(text) == 400);
  }
}

TEST_CASE("a last chunk survives arriving as 0 CRLF, CR, LF") {
  Arena arena;
  ChunkedDecoder decoder({}, arena);
  CHECK(decoder.feed("0\r\n").state == State::need_more);
  CHECK(decoder.feed("\r").state == State::need_more);
  CHECK(decoder.feed("\n").state == State::done);
}

TEST_CASE("F9: extensions are skipped and bounded, per line and per body") {
  CHECK(whole("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n").body == "hello");
  CHECK(verdict(std::string_view("5;a\0\r\n", 6)) == 400);
  CHECK(verdict("5;a\x01\r\n") == 400);
  CHECK(verdict("5;a\x7f\r\n") == 400);
  CHECK(verdict("5;" + std::string(4094, 'x')) == -1);
  CHECK(verdict("5;" + std::string(4095, 'x')) == 400);
  std::string many;
  for (int i = 0; i < 16; ++i) many += "1;" + std::string(1024, 'x') + "\r\nd\r\n";
  CHECK(verdict(many) == -1);
  CHECK(verdict(many + "1;x\r\n") == 400);
}

TEST_CASE("F10: trailers are kept apart") {
  const auto a = whole("2\r\nhi\r\n0\r\ngrpc-status: 0\r\nX-Sum:\t abc \r\nEmpty:\r\n\r\nrest");
  CHECK(a.state == State::done);
  CHECK(a.trailers == "grpc-status: 0|X-Sum: abc|Empty: ");
  CHECK(a == bytewise("2\r\nhi\r\n0\r\ngrpc-status: 0\r\nX-Sum:\t abc \r\nEmpty:\r\n\r\nrest"));
}

TEST_CASE("F10: trailers that must not come late are dropped") {
  for (const std::string name : {"Host",
                                 "Content-Length",
                                 "Transfer-Encoding",
                                 "TE",
                                 "Connection",
                                 "Upgrade",
                                 "Authorization",
                                 "Cookie",
                                 "X-Forwarded-For",
                                 "x-forwarded-proto",
                                 "X-Forwarded-Host",
                                 "X-Real-IP",
                                 "Forwarded",
                                 "Trailer",
                                 "Expect",
                                 "Set-Cookie",
                                 "content-type",
                                 "Content-Encoding",
                                 "Range",
                                 "Proxy",
                                 "Keep-Alive",
                                 "X-Hop"}) {
    INFO(name);
    ChunkedRules rules;
    const std::string_view listed[] = {"close-not", "x-hop"};
    rules.hop_names = listed;
    const auto a = whole("0\r\nA: 1\r\n" + name + ": 5\r\nB: 2\r\n\r\n", rules);
    CHECK(a.state == State::done);
    CHECK(a.trailers == "A: 1|B: 2");
  }
}

TEST_CASE("F10, F12: a malformed trailer is refused") {
  const std::string_view bad[] = {
      "0\r\nA\r\n\r\n",     "0\r\nA : b\r\n\r\n",   "0\r\n: b\r\n\r\n",
      "0\r\n A: b\r\n\r\n", "0\r\n\tA: b\r\n\r\n",  "0\r\nA: b\r\n c\r\n\r\n",
      "0\r\nA(: b\r\n\r\n", "0\r\nA: \x01\r\n\r\n", "0\r\nHost : b\r\n\r\n",
  };
  for (const auto text : bad) {
    INFO(text);
    CHECK(verdict(text) == 400);
  }
  CHECK(verdict(std::string_view("0\r\nA: b\0\r\n\r\n", 12)) == 400);
}

TEST_CASE("F10, F18: trailers have the limits of a head") {
  ChunkedRules rules;
  rules.max_trailer_bytes = 20;
  rules.max_trailer_count = 3;
  CHECK(verdict("0\r\nA: 1\r\nA: 2\r\nA: 3\r\n\r\n", rules) == 0);
  CHECK(verdict("0\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\n\r\n", rules) == 431);
  CHECK(verdict("0\r\nA: 34567890123456789\r\n\r\n", rules) == 0);
  CHECK(verdict("0\r\nA: 345678901234567890\r\n\r\n", rules) == 431);
  CHECK(verdict("0\r\nHost: 1\r\nHost: 2\r\nHost: 3\r\nHost: 4\r\n\r\n", rules) == 431);
}

TEST_CASE("F13: underscores in trailer names") {
  ChunkedRules rules;
  CHECK(whole("0\r\na_b: 1\r\nC: 2\r\n\r\n", rules).trailers == "a_b: 1|C: 2");
  rules.underscores = Underscores::drop;
  CHECK(whole("0\r\na_b: 1\r\nC: 2\r\n\r\n", rules).trailers == "C: 2");
  rules.underscores = Underscores::reject;
  CHECK(verdict("0\r\na_b: 1\r\n\r\n", rules) == 400);
}

TEST_CASE("F19: decoding agrees with the reference decoder on random input, at any split") {
  std::mt19937 dice(11);
  const std::string_view pieces[] = {"0",
                                     "1",
                                     "5",
                                     "a",
                                     "10",
                                     "\r\n",
                                     "\r\n",
                                     "\r\n",
                                     "\r",
                                     "\n",
                                     "hello",
                                     "x",
                                     ";e=1",
                                     ";",
                                     " ",
                                     "A: b",
                                     "0\r\n\r\n",
                                     ":",
                                     "\t",
                                     "Host: x",
                                     "\x01",
                                     "0\r\n",
                                     "5\r\nhello\r\n",
                                     "1\r\nx\r\n"};
  int complete = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string input;
    for (auto left = dice() % 5; left > 0; --left) input += dice() % 2 == 0 ? "5\r\nhello\r\n" : "1\r\nx\r\n";
    if (dice() % 2 == 0) input += "0\r\n";
    for (auto left = dice() % 6; left > 0; --left) input += pieces[dice() % std::size(pieces)];
    if (dice() % 2 == 0) input += "\r\n\r\n";

    const auto expected = test::decode_chunked(input);
    const auto once = whole(input);
    INFO(input);
    REQUIRE(once == bytewise(input));
    REQUIRE(once == decode(input, [&] { return std::size_t{1 + dice() % 7}; }));
    REQUIRE((once.state == State::done) == (expected.state == test::Reference::State::done));
    REQUIRE((once.state == State::failed) == (expected.state == test::Reference::State::failed));
    if (once.state != State::done) continue;
    ++complete;
    REQUIRE(once.body == expected.body);
    REQUIRE(once.consumed == expected.consumed);
    REQUIRE(once.trailers == expected.trailers);
  }
  CHECK(complete > 3000);
}
