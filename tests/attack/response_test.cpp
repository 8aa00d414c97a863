// SPDX-License-Identifier: Apache-2.0
// Backends that break the rules, and the bodies that responses do or do not have (F23-F26, F1-F8 upstream).
#include <catch2/catch.hpp>

#include "tests/support/attack_rig.h"

using namespace gatehouse::test;
using namespace std::string_literals;

namespace {

constexpr Pace kPaces[] = {Pace::whole, Pace::byte_by_byte};
const std::string kGet = get({});

/// A backend whose one answer a test changes, sent whole or one byte per write.
class AnsweringRig {
 public:
  explicit AnsweringRig(const WirePlan& base = {}) : rig(base) {}

  /// The client's view of `response` to `request`.
  Sight answer(const std::string& response, Pace pace, const std::string& request = kGet,
               HasBody body = HasBody::by_framing) {
    answer_with(response, pace, End::keep);
    return rig.exchange(request, Pace::whole, 1, body);
  }
  /// The backend ends the connection behind its response; the client reads until its own ends or `answers`.
  Sight answer_and_close(const std::string& response, Pace pace, const std::string& request = kGet) {
    answer_with(response, pace, End::close);
    return rig.exchange(request, Pace::whole, 1);
  }

  AttackRig rig;

 private:
  enum class End { keep, close };

  void answer_with(const std::string& response, Pace pace, End end) {
    // A warm connection still runs the script it began with.
    rig.gateway.publish(WirePlan());
    rig.backend.set_script(
        [response, pace, end, settle = rig.gateway.settler()](BackendConnection& connection) {
          while (connection.read_request()) {
            const bool sent =
                pace == Pace::whole ? connection.send(response) : connection.send_slowly(response, settle);
            if (end == End::close) connection.half_close();
            if (!sent) return;
          }
        });
    rig.gateway.publish(rig.plan);
  }
};

void check_bad_response(AnsweringRig& backend, const std::string& rule, const std::string& response) {
  for (const auto pace : kPaces) {
    INFO(rule << ": " << response << ", " << kPaceNames[pace == Pace::byte_by_byte]);
    const auto sight = backend.answer_and_close(response, pace);
    REQUIRE(sight.answers.size() == 1);
    CHECK(sight.status() == 502);
    CHECK(sight.rest.empty());
    CHECK(sight.answers.front().head.find("evil") == std::string::npos);
  }
}

}  // namespace

TEST_CASE("F1-F6: responses whose length is not beyond doubt are 502") {
  AnsweringRig backend;
  for (const auto& fields : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"s,
                             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"s,
                             "Transfer-Encoding: xchunked\r\n"s,
                             "Transfer-Encoding: chunked, chunked\r\n"s,
                             "Transfer-Encoding: gzip, chunked\r\n"s,
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"s,
                             "Transfer-Encoding: chunked,\r\n"s,
                             "Transfer-Encoding: identity\r\n"s,
                             "Transfer-Encoding:\r\n"s,
                             "Content-Length: 5\r\nContent-Length: 6\r\n"s,
                             "Content-Length: 5, 6\r\n"s,
                             "Content-Length: +5\r\n"s,
                             "Content-Length: -5\r\n"s,
                             "Content-Length: 0x5\r\n"s,
                             "Content-Length:\r\n"s,
                             "Content-Length: a\r\n"s,
                             "Content-Length: 9223372036854775808\r\n"s,
                             "Content-Length: 18446744073709551621\r\n"s,
                             "Content-Length : 5\r\n"s,
                             "Content-Length:\r\n 5\r\n"s,
                             "Transfer-Encoding:\r\n chunked\r\n"s})
    check_bad_response(backend, "F1-F6", "HTTP/1.1 200 OK\r\n" + fields + "\r\n0\r\n\r\nevil");
  check_bad_response(backend, "F4", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

TEST_CASE("F6: equal Content-Lengths of a response become one") {
  AnsweringRig backend;
  for (const auto& fields : {"Content-Length: 2\r\nContent-Length: 2\r\n"s, "Content-Length: 2, 2\r\n"s,
                             "Content-Length: 0002\r\n"s}) {
    for (const auto pace : kPaces) {
      const auto sight = backend.answer("HTTP/1.1 200 OK\r\n" + fields + "\r\nok", pace);
      REQUIRE(sight.answers.size() == 1);
      CHECK(sight.status() == 200);
      CHECK(sight.answers.front().all("Content-Length") == std::vector<std::string>{"2"});
      CHECK(sight.answers.front().body == "ok");
    }
  }
}

TEST_CASE("F11, F12, F15: malformed response heads are 502") {
  AnsweringRig backend;
  const std::string length = "Content-Length: 0\r\n\r\n";
  for (const auto& head : {"HTTP/1.1 200 OK\nA: evil\r\n"s,
                           "HTTP/1.1 200 OK\r\nA: b\n"s,
                           "HTTP/1.1 200 OK\r\nA: b\rc\r\n"s,
                           "HTTP/1.1 200 OK\r\nA : b\r\n"s,
                           "HTTP/1.1 200 OK\r\n: b\r\n"s,
                           "HTTP/1.1 200 OK\r\nnocolon\r\n"s,
                           "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n"s,
                           "HTTP/1.1 200 OK\r\n A: b\r\n"s,
                           "HTTP/1.1 200 OK\r\nA: \0\r\n"s,
                           "HTTP/1.1 200 O\x01K\r\n"s,
                           "HTTP/1.1 200 O\rK\r\n"s,
                           "HTTP/2.0 200 OK\r\n"s,
                           "HTTP/1.1 20 OK\r\n"s,
                           "HTTP/1.1 2000 OK\r\n"s,
                           "HTTP/1.1 099 OK\r\n"s,
                           "HTTP/1.1 600 OK\r\n"s,
                           "HTTP/1.1 abc OK\r\n"s,
                           "http/1.1 200 OK\r\n"s,
                           "HTTP/1.1  200 OK\r\n"s,
                           "SSH-2.0-evil\r\n"s,
                           "ICY 200 OK\r\n"s,
                           "\r\n"s,
                           "HTTP/1.1 200 OK\r\nA(: b\r\n"s})
    check_bad_response(backend, "F11-F15", head + length);
}

TEST_CASE("a response that is cut inside its head is 502") {
  AnsweringRig backend;
  for (const auto* part : {"", "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"})
    check_bad_response(backend, "B3", part);
}

TEST_CASE("F7, F8: a broken chunked response body is never delivered as a complete one") {
  AnsweringRig backend;
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& body :
       {"5\r\nhelloX\r\n0\r\n\r\n"s, "0x5\r\nhello\r\n0\r\n\r\n"s, "5\nhello\r\n0\r\n\r\n"s,
        "5\r\nhello\n0\r\n\r\n"s, "5\r\nhello\r\n0\r\nA : b\r\n\r\n"s, "5\r\nhello\r\n0\r\n\n"s,
        "5\r\nhello\r\n"s, "5\r\nhel"s, "5;a\nb\r\nhello\r\n0\r\n\r\n"s, "ffffffffffffffff\r\nhello"s,
        "5\r\nhello\r\n-0\r\n\r\n"s, "5\r\nhello\r\n0\r\n"s}) {
    for (const auto pace : kPaces) {
      INFO(body);
      const auto sight = backend.answer_and_close(head + body, pace);
      // 502 while the head is still held back; after it, the connection breaks in the middle of the body.
      const bool whole = !sight.answers.empty() && sight.status() == 200;
      CHECK_FALSE(whole);
    }
  }
}

TEST_CASE("the last chunk of a response in three segments ends its body and nothing else") {
  AttackRig rig;
  rig.backend.set_script([settle = rig.gateway.settler()](BackendConnection& connection) {
    while (connection.read_request()) {
      for (const auto* part :
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n", "\r", "\n"}) {
        connection.send(part);
        settle();
      }
    }
  });
  const auto sight = rig.exchange(kGet + kGet, Pace::whole, 2);
  REQUIRE(sight.answers.size() == 2);
  CHECK(sight.answers[0].status() == 200);
  CHECK(sight.answers[1].status() == 200);
  CHECK(sight.answers[0].body.empty());
  CHECK(rig.backend.connections() == 1);
}

TEST_CASE("F9, F10: chunk extensions of a response go, trailers pass only to who asked for them") {
  AnsweringRig backend;
  const std::string response =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      "2;ext=1\r\nok\r\n0;ext=2\r\nX-Sum: 1\r\nContent-Length: 9\r\nSet-Cookie: evil=1\r\n\r\n";
  for (const auto pace : kPaces) {
    auto sight = backend.answer(response, pace);
    REQUIRE(sight.answers.size() == 1);
    CHECK(sight.answers[0].body == "ok");
    CHECK(sight.answers[0].trailers.empty());
    CHECK(sight.answers[0].count("Content-Length") == 0);
    sight = backend.answer(response, pace, get({"TE: trailers"}));
    REQUIRE(sight.answers.size() == 1);
    CHECK(sight.answers[0].body == "ok");
    CHECK(sight.answers[0].trailers == "X-Sum: 1\r\n");
  }
}

TEST_CASE("F23: responses to HEAD, 204 and 304 have no body, whatever their fields say") {
  AnsweringRig backend;
  const std::string head_request = "HEAD /a HTTP/1.1\r\nHost: a.test\r\n\r\n";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {head_request, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
      {head_request, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {head_request, "HTTP/1.1 200 OK\r\n\r\n"},
      {kGet, "HTTP/1.1 204 No Content\r\n\r\n"},
      {kGet, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"},
      {kGet, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
      {kGet, "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"}};
  for (const auto& [request, response] : rows) {
    for (const auto pace : kPaces) {
      INFO(request << response);
      // The second exchange shows that no side waits for a body.
      const auto sight = backend.answer(response, pace, request, HasBody::no);
      REQUIRE(sight.answers.size() == 1);
      CHECK(sight.status() == std::stoi(response.substr(9, 3)));
      CHECK(sight.rest.empty());
      CHECK_FALSE(sight.answers[0].has("Transfer-Encoding"));
      if (sight.status() == 204) CHECK_FALSE(sight.answers[0].has("Content-Length"));
      if (response.find("Content-Length") != std::string::npos && sight.status() != 204)
        CHECK(sight.answers[0].field("Content-Length") == "5");
    }
  }
}

TEST_CASE("F23: a body that a backend sends where none may be is not taken for the next response") {
  AnsweringRig backend;
  const std::string evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"HEAD /a HTTP/1.1\r\nHost: a.test\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n"},
      {kGet, "HTTP/1.1 204 No Content\r\n\r\n"},
      {kGet, "HTTP/1.1 304 Not Modified\r\n\r\n"},
      {kGet, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
  for (const auto& [request, response] : rows) {
    for (const auto pace : kPaces) {
      backend.answer(response + evil, pace, request, HasBody::no);
      // A byte that comes once the connection was given the next request cannot be told from its answer; what
      // comes before closes the connection.
      REQUIRE(backend.rig.backend.wait_until_closed());
      backend.rig.backend.set_script(ScriptedBackend::answering(std::string(ScriptedBackend::kOk)));
      const auto next = backend.rig.exchange(kGet, Pace::whole);
      REQUIRE(next.answers.size() == 1);
      CHECK(next.answers[0].body != "evil");
    }
  }
}

TEST_CASE("F24: 100 and 103 are relayed, more than 16 interim responses are 502") {
  AnsweringRig backend;
  const std::string hints =
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n";
  const std::string ok(ScriptedBackend::kOk);
  for (const auto pace : kPaces) {
    backend.answer(ok, pace);  // sets the script up
    std::string many;
    for (int i = 0; i < 16; ++i) many += hints;
    auto sight = backend.answer(many + ok, pace);
    CHECK(sight.status() == 200);
    sight = backend.answer(many + hints + ok, pace);
    CHECK(sight.status() == 502);
  }
}

TEST_CASE(
    "F24: an interim response reaches the client in front of the final one, without its hop-by-hop fields") {
  AttackRig rig(
      {}, ScriptedBackend::answering("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Hop\r\n"
                                     "X-Hop: 1\r\n\r\n" +
                                     std::string(ScriptedBackend::kOk)));
  auto sight = rig.attack(get({"Connection: close"}), Pace::byte_by_byte);
  REQUIRE(sight.answers.size() == 2);
  CHECK(sight.answers[0].start_line == "HTTP/1.1 103 Early Hints");
  CHECK(end_to_end(sight.answers[0]) == std::vector<std::string>{"Link: </a.css>"});
  CHECK(sight.answers[1].status() == 200);
  sight = rig.attack("GET /a HTTP/1.0\r\nHost: a.test\r\n\r\n", Pace::whole);
  REQUIRE(sight.answers.size() == 1);  // HTTP/1.0 knows no interim responses
  CHECK(sight.answers[0].status() == 200);
}

TEST_CASE("F24: a 101 that nobody asked for is 502") {
  AnsweringRig backend;
  const std::string switching =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  check_bad_response(backend, "F24", switching + "evil");
  for (const auto& request : {post({"Content-Length: 2"}, "hi"), get({"Upgrade: websocket"}),
                              get({"Connection: upgrade", "Upgrade: h2c"})}) {
    for (const auto pace : kPaces) {
      const auto sight = backend.answer_and_close(switching + "evil", pace, request);
      CHECK(sight.status() == 502);
    }
  }
}

TEST_CASE(
    "F25: Expect: 100-continue is forwarded, and the backend's 100 comes back before the body is sent") {
  AttackRig rig({}, [](BackendConnection& connection) {
    while (connection.wait_for("Expect: 100-continue") && connection.wait_for("\r\n\r\n")) {
      connection.send("HTTP/1.1 100 Continue\r\n\r\n");
      connection.wait_for("body!");
      connection.send(ScriptedBackend::kOk);
    }
  });
  for (const auto pace : kPaces) {
    auto client = rig.gateway.connect(pace);
    client.send(post({"Expect: 100-continue", "Content-Length: 5", "Connection: close"}, ""));
    const auto interim = client.read_response();
    REQUIRE(interim);
    CHECK(interim->start_line == "HTTP/1.1 100 Continue");
    client.send("body!");
    const auto answer = client.read_response();
    REQUIRE(answer);
    CHECK(answer->status() == 200);
    REQUIRE(rig.backend.wait_until_caught_up());
  }
}

TEST_CASE(
    "F25: a final answer instead of a 100 comes back, and the body that is not sent is not waited for") {
  AttackRig rig({}, [](BackendConnection& connection) {
    connection.wait_for("\r\n\r\n");
    connection.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    connection.wait_for_close();
  });
  for (const auto pace : kPaces) {
    const auto sight = rig.attack(post({"Expect: 100-continue", "Content-Length: 5"}, ""), pace);
    REQUIRE(sight.answers.size() == 1);
    CHECK(sight.status() == 417);
    CHECK(sight.closed);
  }
}

TEST_CASE("F25: other expectations never change framing, and HTTP/1.0 has none") {
  AttackRig rig;
  for (const std::string value : {"y 100-continue", "100-continue, x", "x", "200-ok"}) {
    const auto line = "Expect: " + value;
    check_passes(rig,
                 {"F25", value, post({line, "Content-Length: 3"}, "abc"), "POST /a HTTP/1.1", {line}, "abc"});
  }
  check_passes(rig,
               {"F25",
                "HTTP/1.0",
                "POST /a HTTP/1.0\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
                "POST /a HTTP/1.1",
                {},
                "abc"});
}

TEST_CASE("F26: a body that the backend ends by closing becomes chunked for an HTTP/1.1 client") {
  AnsweringRig backend;
  for (const auto* version : {"HTTP/1.1", "HTTP/1.0"}) {
    for (const auto pace : kPaces) {
      const auto sight = backend.answer_and_close(version + " 200 OK\r\n\r\nuntil the end"s, pace);
      REQUIRE(sight.answers.size() == 1);
      CHECK(sight.answers[0].chunked);
      CHECK(sight.answers[0].body == "until the end");
      CHECK_FALSE(sight.answers[0].has("Connection"));
    }
  }
}
