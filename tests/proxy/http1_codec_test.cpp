// SPDX-License-Identifier: Apache-2.0
// Heads of HTTP/1 taken apart; what is let through is read by Boost.Beast in the same way.
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "proxy/http/head_scanner.h"
#include "proxy/http/http1_codec.h"
#include "proxy/http/request_rules.h"
#include "proxy/http/response_rules.h"
#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using gatehouse::http::test::text_of;

namespace {

namespace beast = boost::beast::http;

int status_of(std::string_view bytes) {
  RequestHead head;
  const auto rejected = parse_request_head(bytes, head);
  return rejected ? rejected->status : 200;
}

int status_of_response(std::string_view bytes) {
  ResponseHead head;
  const auto rejected = parse_response_head(bytes, head);
  return rejected ? rejected->status : 200;
}

template <bool isRequest>
std::string fields_by_beast(const beast::parser<isRequest, beast::string_body>& parser) {
  std::string text;
  for (const auto& field : parser.get()) {
    if (!text.empty()) text += '|';
    text.append(field.name_string().data(), field.name_string().size()).append(": ");
    text.append(field.value().data(), field.value().size());
  }
  return text;
}

/// Start line and fields as Beast reads them; empty when it refuses them.
std::string request_by_beast(const std::string& bytes) {
  beast::parser<true, beast::string_body> parser;
  parser.skip(true);
  boost::system::error_code ec;
  parser.put(boost::asio::buffer(bytes), ec);
  if (ec || !parser.is_header_done()) return {};
  const auto& head = parser.get();
  return std::string(head.method_string()) + ' ' + std::string(head.target()) + ' ' +
         std::to_string(head.version()) + ' ' + fields_by_beast<true>(parser);
}

std::string response_by_beast(const std::string& bytes) {
  beast::parser<false, beast::string_body> parser;
  parser.skip(true);
  boost::system::error_code ec;
  parser.put(boost::asio::buffer(bytes), ec);
  if (ec || !parser.is_header_done()) return {};
  const auto& head = parser.get();
  return std::to_string(head.result_int()) + ' ' + std::string(head.reason()) + ' ' +
         std::to_string(head.version()) + ' ' + fields_by_beast<false>(parser);
}

bool is_whole(std::string_view bytes) {
  HeadScanner scanner;
  return scanner.scan(bytes) == HeadScanner::State::complete && scanner.size() == bytes.size();
}

/// The same as we read them; empty when parser or rules refuse them.
std::string request_by_us(std::string_view bytes) {
  RequestHead head;
  if (!is_whole(bytes) || parse_request_head(bytes, head)) return {};
  const std::string read = std::string(head.method_name) + ' ' + std::string(head.target) + ' ' +
                           std::to_string(10 + head.minor_version) + ' ' + text_of(head.fields);
  Arena arena;
  RequestRules rules;
  rules.underscores = Underscores::allow;
  return check_request(head, rules, arena) ? std::string() : read;
}

std::string response_by_us(std::string_view bytes) {
  ResponseHead head;
  if (!is_whole(bytes) || parse_response_head(bytes, head)) return {};
  // Beast tells the standard reason where there is none.
  const auto standard = beast::obsolete_reason(beast::int_to_status(head.status));
  const std::string reason(head.reason.empty() ? std::string_view(standard.data(), standard.size())
                                               : head.reason);
  const std::string read = std::to_string(head.status) + ' ' + reason + ' ' +
                           std::to_string(10 + head.minor_version) + ' ' + text_of(head.fields);
  return check_response(head, ResponseRules{}) ? std::string() : read;
}

/// One to three bytes replaced, removed or put in, mostly by those that mean something in a head.
class Mutator {
 public:
  std::string change(std::string text) {
    for (unsigned changes = 1 + below(3); changes > 0; --changes) change_once(text);
    return text;
  }

 private:
  unsigned below(std::size_t limit) { return static_cast<unsigned>(dice_() % limit); }
  char byte() {
    static constexpr std::string_view kTelling(
        "\r\n\t :,;=/?#%@[]\"\0\x7f\x80\xff"
        "HTP019azAZ_-.",
        34);
    return below(4) == 0 ? static_cast<char>(below(256)) : kTelling[below(kTelling.size())];
  }
  void change_once(std::string& text) {
    const auto at = below(text.size());
    switch (below(3)) {
      case 0:
        text[at] = byte();
        return;
      case 1:
        text.erase(at, 1);
        return;
      default:
        text.insert(at, 1, byte());
    }
  }

  std::mt19937 dice_{20260101};
};

/// How often `by_us` let one of many changed `heads` through; each of those Beast reads like we do.
template <typename Us, typename Beast>
int count_accepted(const std::vector<std::string>& heads, Us by_us, Beast by_beast) {
  constexpr int kRounds = 20'000;
  Mutator mutator;
  int accepted = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string bytes = mutator.change(heads[static_cast<std::size_t>(round) % heads.size()]);
    const std::string ours = by_us(bytes);
    // We read later versions of HTTP/1 as 1.1 (RFC 9112 2.3), which Beast refuses.
    const bool is_later = bytes.find("HTTP/1.1") == bytes.npos && bytes.find("HTTP/1.0") == bytes.npos;
    if (ours.empty() || is_later) continue;
    ++accepted;
    INFO(bytes);
    REQUIRE(ours == by_beast(bytes));
  }
  return accepted;
}

}  // namespace

TEST_CASE("a request head is taken apart into views") {
  const std::string bytes =
      "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-One:\r\nx-two: \t two words \t\r\nCOOKIE:a=b\r\n\r\n";
  RequestHead head;
  REQUIRE_FALSE(parse_request_head(bytes, head));
  CHECK(head.method_name == "GET");
  CHECK(head.target == "/a?b=c");
  CHECK(head.minor_version == 1);
  CHECK(text_of(head.fields) == "Host: h|X-One: |x-two: two words|COOKIE: a=b");
  CHECK(head.fields[0].id == FieldId::host);
  CHECK(head.fields[1].id == FieldId::other);
  CHECK(head.fields[3].id == FieldId::cookie);
}

TEST_CASE("a request head without fields is whole") {
  RequestHead head;
  REQUIRE_FALSE(parse_request_head("GET / HTTP/1.0\r\n\r\n", head));
  CHECK(head.minor_version == 0);
  CHECK(head.fields.empty());
}

TEST_CASE("RFC 9112 2.3: later minor versions of HTTP/1 are read as 1.1") {
  RequestHead head;
  REQUIRE_FALSE(parse_request_head("GET / HTTP/1.7\r\n\r\n", head));
  CHECK(head.minor_version == 1);
}

TEST_CASE("F14: a request line has exactly two spaces") {
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 200);
  for (const auto* line :
       {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET /",
        "GET /a b HTTP/1.1", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", "GET", "", " ", "  "})
    CHECK(status_of(std::string(line) + "\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("F15: other versions are 505, what is no version 400") {
  for (const auto* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/3.1"})
    CHECK(status_of("GET / " + std::string(version) + "\r\n\r\n") == 505);
  for (const auto* version :
       {"HTTP/1.", "HTTP/1.10", "HTTP/11", "http/1.1", "HTTP/1,1", "HTTP/x.1", "HTTP/2", ""})
    CHECK(status_of("GET / " + std::string(version) + "\r\n\r\n") == 400);
}

TEST_CASE("F11: a field has a name, and its line an end") {
  for (const auto* fields : {"no colon\r\n\r\n", ": value\r\n\r\n", "A: b\r\n folded\r\n\r\n", "A: b\n\r\n",
                             "A: b\r\n", "A: b\r\n\r", "\r\nA: b\r\n\r\n", "\n"})
    CHECK(status_of("GET / HTTP/1.1\r\n" + std::string(fields)) == 400);
}

TEST_CASE("a status line is taken apart") {
  ResponseHead head;
  REQUIRE_FALSE(parse_response_head("HTTP/1.1 404 Not  Found\r\nA: b\r\n\r\n", head));
  CHECK(head.status == 404);
  CHECK(head.reason == "Not  Found");
  CHECK(head.minor_version == 1);
  CHECK(text_of(head.fields) == "A: b");
  REQUIRE_FALSE(parse_response_head("HTTP/1.0 200 \r\n\r\n", head));
  CHECK(head.reason.empty());
  CHECK(head.minor_version == 0);
}

TEST_CASE("a malformed status line is 502") {
  for (const auto* line :
       {"HTTP/1.1 200", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1  200 OK", "HTTP/2.0 200 OK",
        "HTTP/1.1 2x0 OK", "200 OK", "", "HTTP/1.1\t200 OK", "HTTP/1.1 -20 OK"})
    CHECK(status_of_response(std::string(line) + "\r\nA: b\r\n\r\n") == 502);
  CHECK(status_of_response("HTTP/1.1 200 OK\r\nno colon\r\n\r\n") == 502);
}

TEST_CASE("requests that are let through are what Beast reads") {
  const std::vector<std::string> heads = {
      "GET /a/b?c=d HTTP/1.1\r\nHost: demo.example.com\r\nUser-Agent: test\r\nConnection: keep-alive\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a:80\r\nContent-Length: 12\r\nX-A: b c, d\r\nConnection: close, x-a\r\n\r\n",
      "PUT http://a/b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n",
      "OPTIONS * HTTP/1.0\r\nAccept:\t*/*\t\r\nExpect: 100-continue\r\n\r\n"};
  CHECK(count_accepted(heads, request_by_us, request_by_beast) > 2'000);
}

TEST_CASE("responses that are let through are what Beast reads") {
  const std::vector<std::string> heads = {
      "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 150\r\nConnection: keep-alive\r\n\r\n",
      "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\nX-A: \"b\"\r\n\r\n",
      "HTTP/1.0 302 \r\nLocation: /x\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nConnection: close, x\r\n\r\n"};
  CHECK(count_accepted(heads, response_by_us, response_by_beast) > 2'000);
}
