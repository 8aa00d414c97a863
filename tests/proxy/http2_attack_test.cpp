// SPDX-License-Identifier: Apache-2.0
// What an HTTP/2 client may not do to us: floods, bombs, stalls (P7-P13), and heads that break a rule
// (P2-P5).
#include <catch2/catch.hpp>

#include "tests/proxy/http2_frames.h"

namespace gatehouse::proxy {
namespace {

using namespace frames;
using std::chrono::milliseconds;

/// The connection ends with this code, and no request of it reaches the backend any more.
void check_ends_with(ExchangeRig& rig, FrameClient& client, int code) {
  CHECK(rig.run_until([&] { return client.goaway() != -1 || client.is_closed(); }));
  CHECK(client.goaway() == code);
  CHECK(rig.run_until([&] { return client.is_closed(); }));
}

/// The stream alone is refused, by a reset or a 4xx; the connection goes on serving.
void check_stream_refused(std::string_view what, const std::string& block) {
  INFO(what);
  ExchangeRig rig;
  FrameClient client(rig);
  client.send(headers(1, block));
  REQUIRE(rig.run_until([&] { return client.reset_code(1) != -1 || client.status(1) != 0; }));
  const int status = client.status(1);
  CHECK((client.reset_code(1) == NGHTTP2_PROTOCOL_ERROR || (status >= 400 && status < 500) || status == 501));
  CHECK(rig.backends().empty());
  CHECK(client.serves(3));
}

TEST_CASE("P2: a malformed head is refused and never forwarded") {
  check_stream_refused("connection", get(field("connection", "close")));
  check_stream_refused("keep-alive", get(field("keep-alive", "1")));
  check_stream_refused("proxy-connection", get(field("proxy-connection", "x")));
  check_stream_refused("transfer-encoding", get(field("transfer-encoding", "chunked")));
  check_stream_refused("upgrade", get(field("upgrade", "websocket")));
  check_stream_refused("te", get(field("te", "gzip")));
  check_stream_refused("capital", get(field("X-A", "1")));
  check_stream_refused("space in a name", get(field("x a", "1")));
  check_stream_refused("colon in a name", get(field("x:a", "1")));
  check_stream_refused("empty name", get(field("", "1")));
  check_stream_refused("CR in a value", get(field("x-a", "1\r")));
  check_stream_refused("LF in a value", get(field("x-a", "1\nGET / HTTP/1.1")));
  check_stream_refused("NUL in a value", get(field("x-a", std::string_view("1\0", 2))));
  check_stream_refused("leading space", get(field("x-a", " 1")));
  check_stream_refused("trailing tab", get(field("x-a", "1\t")));
  check_stream_refused("unknown pseudo", get(field(":x", "1")));
  check_stream_refused(":status", get(field(":status", "200")));
  check_stream_refused("late pseudo", field(":method", "GET") + field("x-a", "1") + field(":scheme", "http") +
                                          field(":path", "/") + field(":authority", "a.test"));
  check_stream_refused("duplicate", get(field(":path", "/b")));
  check_stream_refused("no :path", field(":method", "GET") + field(":scheme", "http"));
  check_stream_refused("no :scheme", field(":method", "GET") + field(":path", "/"));
}

TEST_CASE("P3, P4: pseudo-header fields hold what they may hold") {
  const auto with = [](std::string_view method, std::string_view scheme, std::string_view authority,
                       std::string_view path) {
    return field(":method", method) + field(":scheme", scheme) + field(":authority", authority) +
           field(":path", path);
  };
  check_stream_refused("scheme of another transport", with("GET", "https", "a.test", "/"));
  check_stream_refused("unknown scheme", with("GET", "ftp", "a.test", "/"));
  check_stream_refused("relative path", with("GET", "http", "a.test", "x"));
  check_stream_refused("absolute path", with("GET", "http", "a.test", "http://b.test/"));
  check_stream_refused("empty path", with("GET", "http", "a.test", ""));
  check_stream_refused("query alone", with("GET", "http", "a.test", "?x"));
  check_stream_refused("space in the path", with("GET", "http", "a.test", "/a b"));
  check_stream_refused("line in the path", with("GET", "http", "a.test", "/a HTTP/1.1\r\nHost: b"));
  check_stream_refused("fragment", with("GET", "http", "a.test", "/a#b"));
  check_stream_refused("star without OPTIONS", with("GET", "http", "a.test", "*"));
  check_stream_refused("userinfo", with("GET", "http", "u@a.test", "/"));
  check_stream_refused("slash in :authority", with("GET", "http", "a.test/b", "/"));
  check_stream_refused("method that is no token", with("GE T", "http", "a.test", "/"));
  check_stream_refused("CONNECT", field(":method", "CONNECT") + field(":authority", "a.test:443"));
  check_stream_refused("Host is another", get(field("host", "b.test")));
  check_stream_refused("two Hosts", get(field("host", "a.test") + field("host", "a.test")));
  check_stream_refused("TRACE", with("TRACE", "http", "a.test", "/"));
  check_stream_refused("another :protocol", with("CONNECT", "http", "a.test", "/") + field(":protocol", "x"));
}

TEST_CASE("P4, H6: the backend sees one Host and one Cookie") {
  ExchangeRig rig;
  FrameClient client(rig);
  client.send(headers(1, get(field("cookie", "a=1") + field("x-b", "2") + field("cookie", "c=3") +
                             field("host", "A.test") + field("cookie", "d"))));
  REQUIRE(rig.run_until([&] { return !rig.backends().empty() && rig.backend().has("\r\n\r\n"); }));
  const auto& sent = rig.backend().received;
  CHECK(rig.backend().has("cookie: a=1; c=3; d\r\n"));
  CHECK(sent.find("cookie", sent.find("cookie") + 1) == std::string::npos);
  CHECK(rig.backend().has("Host: a.test\r\n"));
  CHECK(sent.find("A.test") == std::string::npos);
}

TEST_CASE("P5: DATA that is not Content-Length resets the stream and aborts the backend") {
  const auto bytes = GENERATE(as<std::string>{}, "abc", "abcdefgh");
  ExchangeRig rig;
  FrameClient client(rig);
  client.send(headers(1, post(field("content-length", "5")), kEndHeaders) + data(1, bytes, kEndStream));
  REQUIRE(rig.run_until([&] { return client.reset_code(1) != -1; }));
  CHECK(client.reset_code(1) == NGHTTP2_PROTOCOL_ERROR);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
  if (!rig.backends().empty()) CHECK(test::all_requests(rig.backend().received).empty());
}

TEST_CASE("P7: rapid resets end the connection, and reach no backend") {
  ExchangeRig rig;
  FrameClient client(rig);
  std::string flood;
  for (std::uint32_t id = 1; id < 40'000; id += 2) flood += headers(id, get()) + reset(id);
  client.send(flood);
  check_ends_with(rig, client, NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
}

TEST_CASE("P8: streams over the limit are refused, the others are served") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.http2.max_concurrent_streams = 2; });
  FrameClient client(rig);
  client.send(headers(1, get()) + headers(3, get()) + headers(5, get()));
  REQUIRE(rig.run_until([&] { return client.reset_code(5) != -1; }));
  CHECK(client.reset_code(5) == NGHTTP2_REFUSED_STREAM);
  CHECK(rig.run_until([&] { return rig.backends().size() == 2; }));
}

TEST_CASE("P9: a flood of CONTINUATION ends the connection") {
  ExchangeRig rig;
  FrameClient client(rig);
  std::string flood = headers(1, get(), kEndStream);
  for (int i = 0; i < 1'000; ++i) flood += frame(NGHTTP2_CONTINUATION, 0, 1, field("x-a", "1"));
  client.send(flood);
  check_ends_with(rig, client, NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(rig.backends().empty());
}

TEST_CASE("P9: a header block that is never finished ends the connection in time") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.header_timeout = milliseconds(60); });
  FrameClient client(rig);
  client.be_silent();  // nothing may come between the frames of a block
  client.send(headers(1, get(), kEndStream));
  check_ends_with(rig, client, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_CASE("P10: a header list over the limit is a 431, however little was sent for it") {
  ExchangeRig rig;
  FrameClient client(rig);
  // One entry of nearly 4 KiB in the dynamic table, named by one byte each time.
  std::string block = get();
  block += '\x40';
  block += '\x01';
  block += 'x';
  block += "\x7f\xa1\x1e";  // 4000 bytes
  block += std::string(4000, 'v');
  block += std::string(6000, '\xbe');
  client.send(headers(1, block));
  REQUIRE(rig.run_until([&] { return client.status(1) != 0; }));
  CHECK(client.status(1) == 431);
  CHECK(rig.backends().empty());
  CHECK(client.serves(3));
}

TEST_CASE("P11: floods of frames that cost nothing end the connection") {
  const auto [what, one] = GENERATE(table<std::string, std::string>({
      {"SETTINGS", frame(NGHTTP2_SETTINGS, 0, 0)},
      {"PING", frame(NGHTTP2_PING, 0, 0, "12345678")},
      {"PRIORITY", frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\3\1", 5))},
      {"WINDOW_UPDATE", frame(NGHTTP2_WINDOW_UPDATE, 0, 0, number(1, 4))},
  }));
  INFO(what);
  ExchangeRig rig;
  FrameClient client(rig);
  std::string flood;
  for (int i = 0; i < 20'000; ++i) flood += one;
  client.send(flood);
  check_ends_with(rig, client, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_CASE("P11: a flood of empty DATA ends the connection") {
  ExchangeRig rig;
  FrameClient client(rig);
  std::string flood = headers(1, post(), kEndHeaders);
  for (int i = 0; i < 20'000; ++i) flood += data(1, "");
  client.send(flood);
  check_ends_with(rig, client, NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
}

TEST_CASE("P12: resets that the client provokes end the connection") {
  ExchangeRig rig;
  FrameClient client(rig);
  std::string flood;
  for (std::uint32_t id = 1; id < 2'000; id += 2)
    flood += headers(id, post(field("content-length", "0")), kEndHeaders) + data(id, "x");
  client.send(flood);
  check_ends_with(rig, client, NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
}

TEST_CASE("P13: a window that stays closed holds little, and not for ever") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.send_timeout = milliseconds(300); });
  // SETTINGS_INITIAL_WINDOW_SIZE 0.
  FrameClient client(
      rig, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(NGHTTP2_SETTINGS, 0, 0, number(4, 2) + number(0, 4)));
  client.send(headers(1, get()));
  REQUIRE(rig.run_until([&] { return !rig.backends().empty() && rig.backend().has("\r\n\r\n"); }));
  const std::string body(32 << 20, 'x');
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  REQUIRE(rig.run_until([&] { return client.status(1) == 200; }));
  REQUIRE(rig.run_until([&] { return client.reset_code(1) != -1; }));
  CHECK(client.body(1).empty());
  CHECK(rig.backend().unsent.size() > 24 << 20);
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
}

TEST_CASE("P13: with a connection's window closed, no stream is sent more than it allows") {
  ExchangeRig rig;
  FrameClient client(rig);
  client.send(headers(1, get()));
  REQUIRE(rig.run_until([&] { return !rig.backends().empty() && rig.backend().has("\r\n\r\n"); }));
  const std::string body(1 << 20, 'x');
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  REQUIRE(rig.run_until([&] { return client.body(1).size() == 65'535; }));
  rig.settle();
  CHECK(client.body(1).size() == 65'535);
  client.send(frame(NGHTTP2_WINDOW_UPDATE, 0, 0, number(2 << 20, 4)) +
              frame(NGHTTP2_WINDOW_UPDATE, 0, 1, number(2 << 20, 4)));
  CHECK(rig.run_until([&] { return client.has_ended(1); }));
  CHECK(client.body(1).size() == body.size());
}

TEST_CASE("L1: a client that does not go on after its preface is sent away") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.header_timeout = milliseconds(60); });
  FrameClient client(rig, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  client.be_silent();
  check_ends_with(rig, client, NGHTTP2_SETTINGS_TIMEOUT);
}

TEST_CASE("SETTINGS that are not acknowledged end the connection in time") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.http2.settings_timeout = milliseconds(60); });
  FrameClient client(rig);
  client.be_silent();
  check_ends_with(rig, client, NGHTTP2_SETTINGS_TIMEOUT);
}

TEST_CASE("L4: a connection without streams ends with GOAWAY in time") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.idle_timeout = milliseconds(60); });
  FrameClient client(rig);
  CHECK(client.serves(1));
  check_ends_with(rig, client, NGHTTP2_NO_ERROR);
}

TEST_CASE("L4: after so many requests the connection takes no more, and finishes those it has") {
  ExchangeRig rig([](test::WirePlan& plan) { plan.limits.max_requests_per_connection = 2; });
  FrameClient client(rig);
  CHECK(client.serves(1));
  CHECK(client.goaway() == -1);
  CHECK(client.serves(3));
  check_ends_with(rig, client, NGHTTP2_NO_ERROR);
}

TEST_CASE("a connection on which the client falls silent is asked, and given up") {
  ExchangeRig rig([](test::WirePlan& plan) {
    plan.limits.http2.ping_interval = milliseconds(40);
    plan.limits.http2.ping_timeout = milliseconds(40);
  });
  FrameClient client(rig);
  client.send(headers(1, get()));
  REQUIRE(rig.run_until([&] { return client.find(NGHTTP2_PING, 0) != nullptr; }));
  CHECK(rig.run_until([&] { return client.is_closed(); }));
  CHECK(rig.run_until([&] { return rig.open_backends() == 0; }));
}

TEST_CASE("P15: on drain the client is told twice, and what it has begun is finished") {
  ExchangeRig rig;
  FrameClient client(rig);
  client.send(headers(1, get()));
  REQUIRE(rig.run_until([&] { return !rig.backends().empty() && rig.backend().has("\r\n\r\n"); }));
  rig.acceptor().close_idle();
  REQUIRE(rig.run_until([&] { return client.goaway() != -1; }));
  const auto last_id = [&](std::size_t index) {
    std::vector<std::string> ids;
    for (const auto& frame : client.received())
      if (frame.type == NGHTTP2_GOAWAY) ids.push_back(frame.payload.substr(0, 4));
    return index < ids.size() ? ids[index] : std::string();
  };
  CHECK(last_id(0) == number(0x7fffffff, 4));
  REQUIRE(rig.run_until([&] { return !last_id(1).empty(); }));
  CHECK(last_id(1) == number(1, 4));
  client.send(headers(3, get()));
  rig.settle();
  CHECK(rig.backends().size() == 1);
  rig.backend().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  CHECK(rig.run_until([&] { return client.has_ended(1) && client.is_closed(); }));
  CHECK(client.status(1) == 200);
}

TEST_CASE("P17: a backend that declines the upgrade opens no tunnel") {
  const auto [sent, told] = GENERATE(table<std::string, int>({
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", 502},
      {"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403},
  }));
  ExchangeRig rig;
  FrameClient client(rig);
  client.send(headers(1,
                      field(":method", "CONNECT") + field(":protocol", "websocket") +
                          field(":scheme", "http") + field(":authority", "a.test") + field(":path", "/chat"),
                      kEndHeaders));
  REQUIRE(rig.run_until([&] { return !rig.backends().empty() && rig.backend().has("\r\n\r\n"); }));
  CHECK(rig.backend().has("GET /chat HTTP/1.1\r\n"));
  CHECK(rig.backend().has("Upgrade: websocket\r\n"));
  CHECK(rig.backend().has("ec-websocket-key: "));
  rig.backend().send(sent);
  REQUIRE(rig.run_until([&] { return client.has_ended(1); }));
  CHECK(client.status(1) == told);
}

}  // namespace
}  // namespace gatehouse::proxy
