// SPDX-License-Identifier: Apache-2.0
// Attacks on the request line and the field lines (F11-F18).
#include <catch2/catch.hpp>

#include "tests/support/attack_rig.h"

using namespace gatehouse::test;
using namespace std::string_literals;

namespace {

const std::string kHidden(kSmuggled);
const std::string kHost = "Host: a.test\r\n";

void check_fields_refused(AttackRig& rig, const std::string& rule,
                          const std::vector<std::string>& field_lines) {
  for (const auto& line : field_lines) check_refused(rig, {rule, line, get({line}) + kHidden});
}

void check_lines_refused(AttackRig& rig, const std::string& rule,
                         const std::vector<std::string>& request_lines,
                         const std::vector<int>& statuses = {400}) {
  for (const auto& line : request_lines)
    check_refused(rig, {rule, line, line + "\r\n" + kHost + "\r\n" + kHidden, statuses});
}

}  // namespace

TEST_CASE("F11: bare CR, lone LF, NUL and other controls in a head are refused") {
  AttackRig rig;
  check_fields_refused(rig, "F11",
                       {"A: b\rc", "A: b\r", "A: \rb", "A: b\rX-Evil: 1", "A: b\nc", "A: b\n", "A:\n b",
                        "A: b\nX-Evil: 1", "A: b\0c"s, "A: \0"s, "A: b\x01", "A: b\x1f", "A: b\x7f",
                        "A: b\x0b", "A: b\x0c", "A: b\x08", "\rA: b", "A\r: b", "A: b\r\rC: d"});
  check_refused(rig, {"F11", "LF request line", "GET /a HTTP/1.1\n" + kHost + "\r\n" + kHidden});
  check_refused(rig, {"F11", "LF everywhere", "GET /a HTTP/1.1\nHost: a.test\n\n" + kHidden});
  check_refused(rig, {"F11", "LF ends the head", "GET /a HTTP/1.1\r\nHost: a.test\r\n\n" + kHidden});
  check_refused(rig, {"F11", "CR CR LF", "GET /a HTTP/1.1\r\r\n" + kHost + "\r\n" + kHidden});
  check_refused(rig, {"F11", "CR in the method", "GE\rT /a HTTP/1.1\r\n" + kHost + "\r\n" + kHidden});
}

TEST_CASE("F11: HTAB and bytes above 0x7f in a value are passed on") {
  AttackRig rig;
  check_passes(rig, {"F11",
                     "obs-text",
                     get({"A: b\tc", "B: \xc3\xa9\xff"}),
                     "GET /a HTTP/1.1",
                     {"A: b\tc", "B: \xc3\xa9\xff"}});
}

TEST_CASE("F12: malformed field names, folded lines and lines without a colon are refused") {
  AttackRig rig;
  check_fields_refused(rig, "F12",
                       {"A : b",
                        "A\t: b",
                        "Content-Length : 5",
                        "Transfer-Encoding : chunked",
                        "Transfer-Encoding\t: chunked",
                        ": b",
                        " : b",
                        "nocolon",
                        "A b: c",
                        "A(: b",
                        "A): b",
                        "A/: b",
                        "A=: b",
                        "A@: b",
                        "A[: b",
                        "A,: b",
                        "A;: b",
                        "A\": b",
                        "A{: b",
                        "A\x80: b",
                        "\xef\xbb\xbf"
                        "A: b",
                        "A\0: b"s,
                        "A: b\r\n c",
                        "A: b\r\n\tc",
                        "A:\r\n b",
                        "A:\r\n \r\nB: c",
                        "A:\r\n\t",
                        "A:\r\n ",
                        "Transfer-Encoding:\r\n chunked",
                        "Transfer-Encoding: chunked\r\n ",
                        "Content-Length:\r\n 5",
                        "A: b\r\n \r\nB: c",
                        "A: b\r\n Transfer-Encoding: chunked"});
  const std::string line = "GET /a HTTP/1.1\r\n";
  check_refused(rig, {"F12", "space before the first field", line + " " + kHost + "\r\n" + kHidden});
  check_refused(rig, {"F12", "HTAB before the first field", line + "\tX: y\r\n" + kHost + "\r\n" + kHidden});
  check_refused(rig, {"F12", "folded Host", line + "Host:\r\n a.test\r\n\r\n" + kHidden});
}

TEST_CASE("F13: fields with an underscore in their name are dropped by default") {
  AttackRig rig;
  check_passes(
      rig, {"F13",
            "dropped",
            get({"X_Real_IP: 1.2.3.4", "A: b", "Transfer_Encoding: chunked", "Content_Length: 5", "_: x"}),
            "GET /a HTTP/1.1",
            {"A: b"}});
}

TEST_CASE("F13: fields with an underscore are refused or passed on when so configured") {
  WirePlan plan;
  plan.settings.request_rules.underscores = gatehouse::http::Underscores::reject;
  AttackRig rejecting(plan);
  check_fields_refused(rejecting, "F13", {"X_Real_IP: 1.2.3.4", "_: x"});
  plan.settings.request_rules.underscores = gatehouse::http::Underscores::allow;
  AttackRig allowing(plan);
  check_passes(allowing, {"F13", "allowed", get({"X_A: b"}), "GET /a HTTP/1.1", {"X_A: b"}});
}

TEST_CASE("F14: a request line with other separators than two single spaces is refused") {
  AttackRig rig;
  check_lines_refused(rig, "F14",
                      {"GET  /a HTTP/1.1", "GET /a  HTTP/1.1", "GET /a HTTP/1.1 ", " GET /a HTTP/1.1",
                       "GET\t/a HTTP/1.1", "GET /a\tHTTP/1.1", "GET /a HTTP/1.1\t", "GET /a b HTTP/1.1",
                       "GET /a HTTP/1.1 HTTP/1.1", "GET/a HTTP/1.1", "GET /aHTTP/1.1", "GET HTTP/1.1",
                       "GET\v/a HTTP/1.1", "GET\xa0/a HTTP/1.1", "/a HTTP/1.1", "GET", "HTTP/1.1 200 OK"});
}

TEST_CASE("F14: empty lines in front of a request are ignored") {
  AttackRig rig;
  check_passes(rig, {"F14", "one", "\r\n" + get({}), "GET /a HTTP/1.1"});
  check_passes(rig, {"F14", "three", "\r\n\r\n\r\n" + get({}), "GET /a HTTP/1.1"});
  check_refused(rig, {"F14", "lone LF", "\n" + get({}) + kHidden});
  check_refused(rig, {"F14", "CR only", "\r" + get({}) + kHidden});
}

TEST_CASE("F15: later minor versions are handled as 1.1, and our own is forwarded") {
  AttackRig rig;
  for (const auto* version : {"HTTP/1.2", "HTTP/1.9"}) {
    const auto bytes = "GET /a "s + version + "\r\n" + kHost + "\r\n";
    check_passes(rig, {"F15", version, bytes, "GET /a HTTP/1.1"});
  }
  check_passes(rig, {"F15", "HTTP/1.0", "GET /a HTTP/1.0\r\n" + kHost + "\r\n", "GET /a HTTP/1.1"});
}

TEST_CASE("F15: other major versions are 505, malformed ones 400") {
  AttackRig rig;
  check_lines_refused(rig, "F15",
                      {"GET /a HTTP/2.0", "GET /a HTTP/3.0", "GET /a HTTP/0.9", "GET /a HTTP/9.9"}, {505});
  check_lines_refused(
      rig, "F15",
      {"GET /a http/1.1",  "GET /a Http/1.1",  "GET /a HTTP/1.10", "GET /a HTTP/11.1", "GET /a HTTP/01.1",
       "GET /a HTTP/1.01", "GET /a HTTP/1",    "GET /a HTTP/1.",   "GET /a HTTP/.1",   "GET /a HTTP/1,1",
       "GET /a HTTP/1.x",  "GET /a HTTP 1.1",  "GET /a HTTPS/1.1", "GET /a HTP/1.1",   "GET /a HTTP/1.1x",
       "GET /a HTTP/-1.1", "GET /a HTTP/+1.1", "GET /a HTTP/2",    "GET /a FTP/1.1",   "GET /a HTTP/1.\xb2"});
}

TEST_CASE("F16: HTTP/0.9 is refused, and a preface that is not HTTP/2's") {
  AttackRig rig;
  check_refused(rig, {"F16", "0.9", "GET /a\r\n\r\n" + kHidden});
  check_refused(rig, {"F16", "0.9 with fields", "GET /a\r\n" + kHost + "\r\n" + kHidden});
  check_refused(rig, {"F16", "preface of HTTP/3", "PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"s});
}

TEST_CASE("F17: unknown methods are forwarded unchanged") {
  AttackRig rig;
  for (const std::string method :
       {"FROB", "get", "Get", "PROPFIND", "M-SEARCH", "A!#$%&'*+-.^_`|~9", "GETT"}) {
    const auto line = method + " /a HTTP/1.1";
    check_passes(rig, {"F17", method, line + "\r\n" + kHost + "\r\n", line});
  }
}

TEST_CASE("F17: CONNECT and TRACE are 405, a method that is no token is 400") {
  AttackRig rig;
  check_lines_refused(rig, "F17", {"CONNECT a.test:443 HTTP/1.1", "CONNECT /a HTTP/1.1", "TRACE /a HTTP/1.1"},
                      {405});
  check_lines_refused(rig, "F17",
                      {"G(T /a HTTP/1.1", "GET: /a HTTP/1.1", "G\"T /a HTTP/1.1", "G\x80T /a HTTP/1.1",
                       "G/T /a HTTP/1.1", "G\0T /a HTTP/1.1"s, "GET, /a HTTP/1.1"});
}

TEST_CASE("F18: a head above its limits is 431, a target above its limit 414") {
  WirePlan plan;
  plan.limits.max_header_bytes = 2'000;
  plan.limits.max_header_count = 20;
  plan.limits.max_uri_bytes = 500;
  AttackRig rig(plan);
  const auto big = "A: " + std::string(2'000, 'a');
  check_refused(rig, {"F18", "one field", get({big}), {431}});
  std::string many;
  for (int i = 0; i < 19; ++i) many += "A: b\r\n";
  check_passes(rig, {"F18", "20 fields", "GET /a HTTP/1.1\r\n" + kHost + many + "\r\n", "GET /a HTTP/1.1",
                     std::vector<std::string>(19, "A: b")});
  check_refused(rig,
                {"F18", "21 fields", "GET /a HTTP/1.1\r\n" + kHost + many + "A: b\r\n\r\n" + kHidden, {431}});
  const auto path = "/" + std::string(499, 'p');
  check_passes(rig, {"F18", "target of 500", get({}, path), "GET " + path + " HTTP/1.1"});
  check_refused(rig, {"F18", "target of 501", get({}, path + "p") + kHidden, {414}});
  check_refused(rig, {"F18", "query of 501", get({}, "/?" + std::string(499, 'q')) + kHidden, {414}});
}

TEST_CASE(
    "F18: the shipped limits let a 6 kB field and an 8,000-byte request line pass, 64 KiB and 100 fields") {
  AttackRig rig;
  const std::string field(6'000, 'f');
  const auto path = "/" + std::string(7'985, 'p');
  const std::vector<std::pair<std::string, int>> heads = {
      {get({"A: " + field}), 200},
      {get({}, path), 200},
      {get({}, "/" + std::string(16'384, 'p')), 414},
      {get({"A: " + std::string(65'536, 'a')}), 431},
  };
  for (const auto& [bytes, status] : heads) {
    const auto sight = rig.exchange(bytes, Pace::whole);
    CHECK(sight.status() == status);
    CHECK(sight.reached.size() == (status == 200 ? 1 : 0));
  }
  for (const int fields : {99, 100}) {  // and Host
    std::string many;
    for (int i = 0; i < fields; ++i) many += "A: b\r\n";
    const auto sight = rig.exchange("GET /a HTTP/1.1\r\n" + kHost + many + "\r\n", Pace::whole);
    CHECK(sight.status() == (fields == 99 ? 200 : 431));
  }
}
