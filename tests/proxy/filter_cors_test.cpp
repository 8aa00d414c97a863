// SPDX-License-Identifier: Apache-2.0
// HTTPCORSFilter: origins, preflights, and the fields of other answers.
#include "proxy/filters/cors.h"

#include <catch2/catch.hpp>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::proxy;
using gatehouse::http::test::fields_of;
using gatehouse::http::test::text_of;

namespace {

using Lines = std::vector<std::string_view>;
constexpr std::string_view kPreflightVary =
    "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

ir::Cors one_of_each() {
  ir::Cors cors;
  cors.origins = {"https://www.foo.com", "https://*.bar.com"};
  cors.methods = {"GET", "OPTIONS"};
  cors.headers = {"x-header-1", "x-header-2"};
  cors.expose = {"x-header-3", "x-header-4"};
  cors.credentials = true;
  cors.max_age = std::chrono::seconds(3600);
  return cors;
}

ir::Cors all_wild() {
  ir::Cors cors;
  cors.origins = cors.methods = cors.headers = cors.expose = {"*"};
  return cors;
}

http::RequestHead head_of(http::Method method, const Lines& lines) {
  http::RequestHead head;
  head.method = method;
  head.fields = fields_of(lines);
  return head;
}

/// "204 Vary: ...|...", or "not a preflight".
std::string preflight(const ir::Cors& cors, const Lines& lines) {
  Arena arena;
  const auto request = read_cors(cors, head_of(http::Method::options, lines), arena);
  if (!request.preflight) return "not a preflight";
  http::HeaderList fields;
  const auto status = write_preflight(cors, request, fields, arena);
  return std::to_string(status) + " " + text_of(fields);
}

std::string answered(const ir::Cors& cors, const Lines& request_lines, const Lines& response_lines) {
  Arena arena;
  const auto request = read_cors(cors, head_of(http::Method::get, request_lines), arena);
  CHECK_FALSE(request.preflight);
  auto fields = fields_of(response_lines);
  edit_cors_response(cors, request, fields, arena);
  return text_of(fields);
}

}  // namespace

TEST_CASE("an origin matches by scheme, host and port") {
  CHECK(origin_matches("https://a.test", "https://a.test"));
  CHECK_FALSE(origin_matches("https://*.good.test", "https://evil.test#.good.test"));
  CHECK_FALSE(origin_matches("https://*.good.test", "https://evil.test/.good.test"));
  CHECK_FALSE(origin_matches("https://*.good.test", "https://evil.test?.good.test"));
  CHECK(origin_matches("https://a.test", "https://A.TEST"));
  CHECK(origin_matches("https://a.test:443", "https://a.test"));
  CHECK(origin_matches("https://a.test", "https://a.test:443"));
  CHECK(origin_matches("http://a.test", "http://a.test:80"));
  CHECK(origin_matches("http://a.test:8080", "http://a.test:8080"));
  CHECK_FALSE(origin_matches("https://a.test", "http://a.test"));
  CHECK_FALSE(origin_matches("https://a.test", "https://a.test:8443"));
  CHECK_FALSE(origin_matches("https://a.test", "https://b.a.test"));
  CHECK_FALSE(origin_matches("https://a.test", "https://a.test.evil.test"));
  CHECK_FALSE(origin_matches("https://a.test", "https://a.test:x"));
  CHECK_FALSE(origin_matches("https://a.test", "null"));
  CHECK_FALSE(origin_matches("https://a.test", ""));
}

TEST_CASE("a wildcard in an origin stands for any number of labels, but for at least one") {
  CHECK(origin_matches("https://*.bar.com", "https://www.bar.com"));
  CHECK(origin_matches("https://*.bar.com", "https://xpto.www.bar.com"));
  CHECK(origin_matches("https://*", "https://any.test"));
  CHECK(origin_matches("https://*:8443", "https://any.test:8443"));
  CHECK_FALSE(origin_matches("https://*.bar.com", "https://bar.com"));
  CHECK_FALSE(origin_matches("https://*.bar.com", "https://.bar.com"));
  CHECK_FALSE(origin_matches("https://*.bar.com", "https://foobar.com"));
  CHECK_FALSE(origin_matches("https://*.bar.com", "http://www.bar.com"));
  CHECK_FALSE(origin_matches("https://*.bar.com", "https://www.bar.com:8443"));
  CHECK_FALSE(origin_matches("https://*", "http://any.test"));
}

TEST_CASE("a bare wildcard matches every origin, ports and null included") {
  CHECK(origin_matches("*", "https://foobar.com:12345"));
  CHECK(origin_matches("*", "null"));
}

TEST_CASE("a preflight of an allowed origin gets the configured lists") {
  const auto origin = GENERATE(as<std::string>(), "https://www.foo.com", "https://xpto.www.bar.com");
  const auto line = "Origin: " + origin;
  CHECK(preflight(one_of_each(), {line, "Access-Control-Request-Method: GET",
                                  "Access-Control-Request-Headers: x-header-1, x-header-2"}) ==
        "204 " + std::string(kPreflightVary) + "|Access-Control-Allow-Origin: " + origin +
            "|Access-Control-Allow-Credentials: true|Access-Control-Expose-Headers: x-header-3, x-header-4"
            "|Access-Control-Allow-Methods: GET, OPTIONS|Access-Control-Allow-Headers: x-header-1, x-header-2"
            "|Access-Control-Max-Age: 3600");
}

TEST_CASE("a preflight of a foreign origin is refused without a word about CORS") {
  const std::string refused = "403 " + std::string(kPreflightVary);
  CHECK(preflight(one_of_each(), {"Origin: https://foobar.com", "access-control-request-method: GET"}) ==
        refused);
  CHECK(preflight(ir::Cors{}, {"Origin: https://foobar.com", "access-control-request-method: GET"}) ==
        refused);
  CHECK(preflight(one_of_each(), {"Origin: https://www.foo.com", "Origin: https://www.foo.com",
                                  "access-control-request-method: GET"}) == refused);
  CHECK(preflight(all_wild(), {"Origin:", "access-control-request-method: GET"}) == refused);
}

TEST_CASE("wildcards grant what a preflight asks for") {
  const std::string granted = "|Access-Control-Allow-Methods: PUT|Access-Control-Allow-Headers: x-a, X-B";
  const Lines asked = {"Origin: https://a.test", "Access-Control-Request-Method: PUT",
                       "Access-Control-Request-Headers: x-a, X-B"};
  auto cors = all_wild();
  CHECK(preflight(cors, asked) == "204 " + std::string(kPreflightVary) +
                                      "|Access-Control-Allow-Origin: *|Access-Control-Expose-Headers: *" +
                                      granted + "|Access-Control-Max-Age: 5");
  cors.credentials = true;
  CHECK(preflight(cors, asked) ==
        "204 " + std::string(kPreflightVary) +
            "|Access-Control-Allow-Origin: https://a.test|Access-Control-Allow-Credentials: true" + granted +
            "|Access-Control-Max-Age: 5");
}

TEST_CASE("what no list names and nobody asked for is left out of a preflight's answer") {
  ir::Cors cors;
  cors.origins = {"https://a.test"};
  CHECK(preflight(cors, {"Origin: https://a.test", "Access-Control-Request-Method: PUT",
                         "Access-Control-Request-Headers: x-a"}) ==
        "204 " + std::string(kPreflightVary) +
            "|Access-Control-Allow-Origin: https://a.test|Access-Control-Max-Age: 5");
  const auto answer = preflight(all_wild(), {"Origin: https://a.test", "Access-Control-Request-Method: GET"});
  CHECK(answer.find("Allow-Headers") == std::string::npos);
}

TEST_CASE("H3: a preflight echoes nothing but tokens") {
  const auto answer = preflight(all_wild(), {"Origin: https://a.test", "Access-Control-Request-Method: P T",
                                             "Access-Control-Request-Headers: x-a, <b>"});
  CHECK(answer.find("Allow-Methods") == std::string::npos);
  CHECK(answer.find("Allow-Headers") == std::string::npos);
}

TEST_CASE("OPTIONS is a preflight only with an origin and a method it asks for") {
  CHECK(preflight(one_of_each(), {"Origin: https://www.foo.com"}) == "not a preflight");
  CHECK(preflight(one_of_each(), {"Access-Control-Request-Method: GET"}) == "not a preflight");
  CHECK(preflight(one_of_each(), {}) == "not a preflight");
}

TEST_CASE("a response to an allowed origin says so, in place of the backend's own words") {
  CHECK(answered(one_of_each(), {"Origin: https://www.bar.com", "access-control-request-method: GET"},
                 {"A: 1", "access-control-allow-origin: *", "Access-Control-Max-Age: 1",
                  "Access-Control-Allow-Methods: X", "Access-Control-Allow-Headers: X",
                  "Access-Control-Expose-Headers: X", "Access-Control-Allow-Credentials: true", "B: 2"}) ==
        "A: 1|B: 2|Vary: Origin|Access-Control-Allow-Origin: https://www.bar.com"
        "|Access-Control-Allow-Credentials: true|Access-Control-Expose-Headers: x-header-3, x-header-4");
}

TEST_CASE("a response to a foreign origin, or to none, allows nothing") {
  const Lines lines = GENERATE(Lines{"Origin: https://foobar.com"}, Lines{},
                               Lines{"Origin: https://www.foo.com", "Origin: https://www.foo.com"});
  CHECK(answered(one_of_each(), lines, {"A: 1", "Access-Control-Allow-Origin: *"}) == "A: 1|Vary: Origin");
}

TEST_CASE("a response for everyone does not vary by origin") {
  CHECK(answered(all_wild(), {"Origin: https://a.test"}, {"A: 1"}) ==
        "A: 1|Access-Control-Allow-Origin: *|Access-Control-Expose-Headers: *");
  auto cors = all_wild();
  cors.credentials = true;
  CHECK(answered(cors, {"Origin: https://a.test:1"}, {"A: 1"}) ==
        "A: 1|Vary: Origin|Access-Control-Allow-Origin: https://a.test:1"
        "|Access-Control-Allow-Credentials: true");
}

TEST_CASE("Vary is not said twice") {
  const auto vary = GENERATE(as<std::string>(), "Vary: Accept, origin", "vary: *");
  CHECK(answered(one_of_each(), {}, {vary}) == vary);
  CHECK(answered(one_of_each(), {}, {"Vary: Accept"}) == "Vary: Accept|Vary: Origin");
}
