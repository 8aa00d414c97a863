// SPDX-License-Identifier: Apache-2.0
// Attacks on Host, target and path, and where they lead (U1-U8, U10).
#include <catch2/catch.hpp>

#include "tests/support/attack_rig.h"

using namespace gatehouse::test;
using namespace std::string_literals;

namespace {

constexpr Pace kPaces[] = {Pace::whole, Pace::byte_by_byte};
const std::string kHidden(kSmuggled);

std::string with_target(const std::string& target, const std::string& method = "GET") {
  return method + " " + target + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
}

std::string with_host(const std::string& lines) {
  return "GET /a HTTP/1.1\r\n" + lines + "\r\n";
}

void check_targets_refused(AttackRig& rig, const std::string& rule, const std::vector<std::string>& targets) {
  for (const auto& target : targets) check_refused(rig, {rule, target, with_target(target) + kHidden});
}

/// Which of several backends, each named in its answer, a path leads to.
std::string answer_of(WireGateway& gateway, const std::string& bytes, Pace pace) {
  auto client = gateway.connect(pace);
  client.send(bytes);
  const auto answer = client.read_response();
  return answer ? (answer->status() == 200 ? answer->body : std::to_string(answer->status())) : "no answer";
}

ScriptedBackend::Script named(const std::string& name) {
  return ScriptedBackend::answering("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(name.size()) +
                                    "\r\n\r\n" + name);
}

}  // namespace

TEST_CASE("U1: no Host, two of them or an invalid one is refused") {
  AttackRig rig;
  for (const auto& lines : {""s,
                            "Host: a.test\r\nHost: a.test\r\n"s,
                            "Host: a.test\r\nHost: b.test\r\n"s,
                            "Host: a.test\r\nhost: evil.test\r\n"s,
                            "Host:\r\n"s,
                            "Host: \r\n"s,
                            "Host: a b\r\n"s,
                            "Host: a/b\r\n"s,
                            "Host: a.test/\r\n"s,
                            "Host: user@a.test\r\n"s,
                            "Host: a.test?x\r\n"s,
                            "Host: a.test#x\r\n"s,
                            "Host: a\\b\r\n"s,
                            "Host: a:80:80\r\n"s,
                            "Host: a:\x31x\r\n"s,
                            "Host: a:x\r\n"s,
                            "Host: a:65536\r\n"s,
                            "Host: a:0\r\n"s,
                            "Host: a:-1\r\n"s,
                            "Host: a: 80\r\n"s,
                            "Host: :80\r\n"s,
                            "Host: [::1\r\n"s,
                            "Host: ::1\r\n"s,
                            "Host: [::1]x\r\n"s,
                            "Host: [::g]\r\n"s,
                            "Host: []\r\n"s,
                            "Host: [127.0.0.1]\r\n"s,
                            "Host: a\x01\r\n"s,
                            "Host: a\0\r\n"s,
                            "Host: a\x80\r\n"s,
                            "Host: a,b\r\n"s,
                            "Host: a.test, b.test\r\n"s,
                            "Host: http://a.test\r\n"s,
                            "Host: a%00\r\n"s,
                            "Host: a%41\r\n"s,
                            "Host: .\r\n"s,
                            "Host: a..b\r\n"s,
                            "Host: .a\r\n"s,
                            "Host: a\"b\r\n"s,
                            "Host: a<b\r\n"s,
                            "Host: {a}\r\n"s,
                            "Host: a|b\r\n"s,
                            "X-Host: a.test\r\n"s})
    check_refused(rig, {"U1", lines, with_host(lines) + kHidden});
}

TEST_CASE("U1: every form of a valid Host is accepted") {
  AttackRig rig;
  for (const std::string host : {"a.test", "a.test:8080", "A.Test", "a.test.", "127.0.0.1", "127.0.0.1:80",
                                 "[::1]", "[::1]:8080", "xn--bcher-kva.test", "a-b_c.test"}) {
    check_passes(rig, {"U1", host, with_host("Host: " + host + "\r\n"), "GET /a HTTP/1.1", {}, {}, host});
  }
}

TEST_CASE("U2: an absolute target is accepted, and its authority replaces Host") {
  AttackRig rig;
  check_passes(rig,
               {"U2", "http", with_target("http://b.test/a?q=1"), "GET /a?q=1 HTTP/1.1", {}, {}, "b.test"});
  check_passes(rig,
               {"U2", "https", with_target("https://b.test:81/a"), "GET /a HTTP/1.1", {}, {}, "b.test:81"});
  check_passes(rig,
               {"U2", "upper case", with_target("HTTP://b.test/a"), "GET /a HTTP/1.1", {}, {}, "b.test"});
  check_passes(rig, {"U2", "no path", with_target("http://b.test"), "GET / HTTP/1.1", {}, {}, "b.test"});
  check_passes(rig,
               {"U2", "query only", with_target("http://b.test?q"), "GET /?q HTTP/1.1", {}, {}, "b.test"});
  check_passes(rig, {"U2",
                     "OPTIONS without a path",
                     with_target("http://b.test", "OPTIONS"),
                     "OPTIONS * HTTP/1.1",
                     {},
                     {},
                     "b.test"});
  CHECK(rig.backend.requests().at(0).all("X-Forwarded-Host") == std::vector<std::string>{"b.test"});
}

TEST_CASE("U2: an absolute target without host, with userinfo or of another scheme is refused") {
  AttackRig rig;
  check_targets_refused(
      rig, "U2",
      {"http:///a", "http://", "http:/a", "http:a", "http://user@a.test/", "http://u:p@a.test/",
       "http://a.test:x/", "http://a.test:99999/", "http://:80/", "ftp://a.test/", "ws://a.test/",
       "file:///etc/passwd", "://a.test/", "http://a.test\\@b.test/", "http://[::1/", "http://a.test#b/",
       "javascript:alert(1)", "http://a b/"});
}

TEST_CASE("U3: a target of no allowed form, or with forbidden bytes, is refused") {
  AttackRig rig;
  check_targets_refused(rig, "U3",
                        {"?x",        "x",       "#frag",   "a.test:80", "*",      "*a",     "\\a",
                         "../a",      "/a#b",    "/a?b#c",  "/a\x7f",    "/a\x01", "/a\0b"s, "/a\x80",
                         "/\xc3\xa9", "/a?\x7f", "/a?\xff", "/a?\0"s,    "/a\tb",  ""});
  check_refused(rig, {"U3", "* with POST", with_target("*", "POST") + kHidden});
  check_passes(rig, {"U3", "* with OPTIONS", with_target("*", "OPTIONS"), "OPTIONS * HTTP/1.1"});
}

TEST_CASE("U4: hosts are compared without case, port and a trailing dot") {
  ScriptedBackend backend(named("a"));
  WirePlan plan;
  plan.add_route("/", {backend.address()}).hostnames = {"a.test"};
  WireGateway gateway(plan);
  for (const auto pace : kPaces) {
    for (const auto* host : {"a.test", "A.TEST", "a.test.", "a.test:80", "A.test.:8080"})
      CHECK(answer_of(gateway, with_host("Host: "s + host + "\r\n"), pace) == "a");
    for (const auto* host : {"b.test", "a.test.evil", "xa.test", "a.tes", "127.0.0.1"})
      CHECK(answer_of(gateway, with_host("Host: "s + host + "\r\n"), pace) == "404");
  }
}

TEST_CASE("U5: every spelling of /pwned meets the rule for /pwned, and the backend sees the same path") {
  ScriptedBackend secret(named("secret"));
  ScriptedBackend open(named("open"));
  WirePlan plan;
  plan.add_route("/", {open.address()});
  plan.add_route("/pwned", {secret.address()});
  WireGateway gateway(plan);
  for (const auto* path :
       {"/pwned", "/%70wned", "/x/../pwned", "/x/%2e%2e/pwned", "/x/%2E%2e/pwned", "/x/.%2e/pwned",
        "/./pwned", "/%2e/pwned", "/x/y/../../pwned", "/x/./../pwned", "/pw%6eed", "/%70%77%6E%65%64",
        "/pwned/../pwned", "/pwned/.", "http://b.test/%70wned", "http://b.test/x/../pwned"}) {
    for (const auto pace : kPaces) {
      INFO(path);
      secret.forget();
      CHECK(answer_of(gateway, with_target(path), pace) == "secret");
      REQUIRE(secret.wait_for_requests(1));
      const auto line = secret.requests().at(0).start_line;
      CHECK((line == "GET /pwned HTTP/1.1" || line == "GET /pwned/ HTTP/1.1"));
    }
  }
}

TEST_CASE("U5: paths that climb above the root or hold a broken escape are refused") {
  AttackRig rig;
  check_targets_refused(rig, "U5",
                        {"/..", "/../a", "/%2e%2e/a", "/a/../../b", "/a/%2e%2e/%2e%2e/b", "/./../a", "/.%2e",
                         "/%", "/%2", "/%zz", "/a%2", "/a%g0", "/%0", "/% 20", "/%u0041"});
}

TEST_CASE("U5: the normal form is forwarded") {
  AttackRig rig;
  const std::vector<std::pair<std::string, std::string>> paths = {{"/a%2fb", "/a%2Fb"},
                                                                  {"/%7euser", "/~user"},
                                                                  {"/a/b/../c", "/a/c"},
                                                                  {"/a/b/..", "/a/"},
                                                                  {"/a/.", "/a/"},
                                                                  {"/%e2%82%ac", "/%E2%82%AC"},
                                                                  {"/a%20b", "/a%20b"},
                                                                  {"/...", "/..."},
                                                                  {"/.a", "/.a"},
                                                                  {"/a?b=%2e%2e/", "/a?b=%2e%2e/"},
                                                                  {"/a/..?x=/../y", "/?x=/../y"}};
  for (const auto& [raw, normal] : paths)
    check_passes(rig, {"U5", raw, with_target(raw), "GET " + normal + " HTTP/1.1"});
}

TEST_CASE("U6: escaped slashes stay data, NUL is refused, nothing is decoded twice") {
  AttackRig rig;
  const std::vector<std::pair<std::string, std::string>> kept = {
      {"/a%2Fb", "/a%2Fb"},     {"/a%5cb", "/a%5Cb"},         {"/a\\b", "/a\\b"},
      {"/a;b=c/d", "/a;b=c/d"}, {"/%2570wned", "/%2570wned"}, {"/x/%252e%252e/y", "/x/%252e%252e/y"},
      {"/..%2fa", "/..%2Fa"},   {"/..;/a", "/..;/a"}};
  for (const auto& [raw, forwarded] : kept)
    check_passes(rig, {"U6", raw, with_target(raw), "GET " + forwarded + " HTTP/1.1"});
  check_targets_refused(rig, "U6", {"/%00", "/a%00b", "/a/%00/b"});
}

TEST_CASE("U6: escaped slashes are refused when so configured") {
  WirePlan plan;
  plan.settings.request_rules.path.escaped_slashes = gatehouse::http::EscapedSlashes::reject;
  AttackRig rig(plan);
  check_targets_refused(rig, "U6", {"/a%2Fb", "/a%2fb", "/a%5Cb", "/%2f", "/x/..%2f"});
}

TEST_CASE("U7, U8: prefixes match by path element, and an empty element is one") {
  ScriptedBackend foo(named("foo"));
  ScriptedBackend deep(named("deep"));
  ScriptedBackend slashes(named("slashes"));
  WirePlan plan;
  plan.add_route("/foo", {foo.address()});
  plan.add_route("/a/b", {deep.address()});
  plan.add_route("/a//b", {slashes.address()});
  WireGateway gateway(plan);
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"/foo", "foo"},        {"/foo/", "foo"},  {"/foo/x", "foo"},    {"/foo?x", "foo"}, {"/foo//x", "foo"},
      {"/foobar", "404"},     {"/fo", "404"},    {"//foo", "404"},     {"/Foo", "404"},   {"/foo%2Fx", "404"},
      {"/x?/foo", "404"},     {"/a/b", "deep"},  {"/a//b", "slashes"}, {"/a///b", "404"}, {"/a/b/c", "deep"},
      {"/a//b/c", "slashes"}, {"/%66oo", "foo"}, {"/foo;x", "404"},    {"/", "404"}};
  for (const auto pace : kPaces) {
    for (const auto& [path, backend] : rows) {
      INFO(path);
      CHECK(answer_of(gateway, with_target(path), pace) == backend);
    }
  }
}

TEST_CASE("U7: empty elements are forwarded as they are") {
  AttackRig rig;
  for (const std::string path : {"//a", "/a//b", "/a//", "//a.test/b"})
    check_passes(rig, {"U7", path, with_target(path), "GET " + path + " HTTP/1.1"});
}

TEST_CASE("U10: an unknown host is 404 and the connection lives on") {
  WirePlan plan;
  plan.hostname = "*.known.test";
  AttackRig rig(plan);
  for (const auto pace : kPaces) {
    const auto bytes = with_host("Host: other.test\r\n") + with_host("Host: known.test\r\n") +
                       with_host("Host: a.known.test\r\n") + "GET / HTTP/1.0\r\n\r\n";
    const auto sight = rig.exchange(bytes, pace, 4);
    REQUIRE(sight.answers.size() == 4);
    CHECK(sight.answers[0].status() == 404);
    CHECK(sight.answers[1].status() == 404);
    CHECK(sight.answers[2].status() == 200);
    CHECK(sight.answers[3].status() == 404);
    CHECK(sight.reached.size() == 1);
  }
}
