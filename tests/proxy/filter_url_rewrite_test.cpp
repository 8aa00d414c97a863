// SPDX-License-Identifier: Apache-2.0
// URLRewrite: hosts, whole paths, prefixes by segment.
#include "proxy/filters/url_rewrite.h"

#include <catch2/catch.hpp>

#include "proxy/filters/path_rewrite.h"

using namespace gatehouse;
using namespace gatehouse::proxy;

namespace {

using Kind = ir::PathRewrite::Kind;

std::string rewritten(std::string_view path, const ir::PathRewrite& rewrite, const ir::PathMatch& matched) {
  Arena arena;
  return std::string(rewrite_path(path, rewrite, matched, arena));
}

std::string with_prefix(std::string_view path, std::string prefix, std::string value) {
  return rewritten(path, {Kind::prefix, std::move(value)}, {ir::PathMatchKind::prefix, std::move(prefix)});
}

ir::Filters rewriting(std::string host, ir::PathRewrite path) {
  ir::Filters filters;
  filters.rewrite = ir::UrlRewrite{std::move(host), std::move(path)};
  return filters;
}

}  // namespace

TEST_CASE("a matched prefix is replaced by whole segments, slashes at its end ignored") {
  CHECK(with_prefix("/foo/bar", "/foo", "/xyz") == "/xyz/bar");
  CHECK(with_prefix("/foo/bar", "/foo", "/xyz/") == "/xyz/bar");
  CHECK(with_prefix("/foo/bar", "/foo/", "/xyz") == "/xyz/bar");
  CHECK(with_prefix("/foo/bar", "/foo/", "/xyz/") == "/xyz/bar");
  CHECK(with_prefix("/foo", "/foo", "/xyz") == "/xyz");
  CHECK(with_prefix("/foo", "/foo/", "/xyz") == "/xyz");
  CHECK(with_prefix("/foo/", "/foo", "/xyz") == "/xyz/");
  CHECK(with_prefix("/foo/bar", "/foo", "") == "/bar");
  CHECK(with_prefix("/foo/", "/foo", "") == "/");
  CHECK(with_prefix("/foo", "/foo", "") == "/");
  CHECK(with_prefix("/foo/", "/foo", "/") == "/");
  CHECK(with_prefix("/foo", "/foo", "/") == "/");
  CHECK(with_prefix("/foo/bar", "/", "/xyz") == "/xyz/foo/bar");
  CHECK(with_prefix("/", "/", "/xyz") == "/xyz/");
}

TEST_CASE("what a rewrite keeps of a path stays as it came") {
  CHECK(with_prefix("/foo/a%2Fb;c//d%20", "/foo", "/xyz") == "/xyz/a%2Fb;c//d%20");
  CHECK(with_prefix("/foo//bar", "/foo", "") == "//bar");
}

TEST_CASE("a whole path is replaced, and starts with a slash") {
  const ir::PathMatch root;
  CHECK(rewritten("/foo/bar", {Kind::full, "/one"}, root) == "/one");
  CHECK(rewritten("/foo/bar", {Kind::full, "/one/"}, root) == "/one/");
  CHECK(rewritten("/foo/bar", {Kind::full, "one"}, root) == "/one");
  CHECK(rewritten("/foo/bar", {Kind::full, ""}, root) == "/");
  CHECK(rewritten("/foo/bar", {}, root) == "/foo/bar");
}

TEST_CASE("a prefix rewrite of an exact match replaces all of it, and of a regular expression nothing") {
  CHECK(rewritten("/foo", {Kind::prefix, "/xyz"}, {ir::PathMatchKind::exact, "/foo"}) == "/xyz");
  CHECK(rewritten("/foo/1", {Kind::prefix, "/xyz"}, {ir::PathMatchKind::regex, "/foo/."}) == "/foo/1");
}

TEST_CASE("H3: a configured value cannot break the request line") {
  CHECK(rewritten("/foo", {Kind::full, "/a b\r\nX: y?z#\x80"}, {}) == "/a%20b%0D%0AX:%20y%3Fz%23%80");
  CHECK(rewritten("/foo", {Kind::full, std::string("/\0", 2)}, {}) == "/%00");
  CHECK(with_prefix("/foo/x", "/foo", "/a%20b") == "/a%20b/x");
}

TEST_CASE("host and path are rewritten, the query is kept") {
  Arena arena;
  http::RequestHead head;
  head.authority = "a.test:8080";
  head.path = "/foo/x";
  head.query = "q=1";
  head.has_query = true;
  const auto filters = rewriting("b.test", {Kind::prefix, "/new"});
  rewrite_url(head, filters, {}, {ir::PathMatchKind::prefix, "/foo"}, arena);
  CHECK(head.authority == "b.test");
  CHECK(head.path == "/new/x");
  CHECK(head.query == "q=1");
}

TEST_CASE("a backend's rewrite counts over the rule's, part by part, on the path as it came") {
  Arena arena;
  http::RequestHead head;
  head.authority = "a.test";
  head.path = "/foo/x";
  const auto of_rule = rewriting("rule.test", {Kind::prefix, "/rule"});
  const auto of_backend = rewriting("", {Kind::prefix, "/backend"});
  rewrite_url(head, of_rule, of_backend, {ir::PathMatchKind::prefix, "/foo"}, arena);
  CHECK(head.authority == "rule.test");
  CHECK(head.path == "/backend/x");
}

TEST_CASE("without a rewrite nothing changes") {
  Arena arena;
  http::RequestHead head;
  head.authority = "a.test";
  head.path = "/foo/x";
  rewrite_url(head, {}, {}, {}, arena);
  CHECK(head.authority == "a.test");
  CHECK(head.path == "/foo/x");
}
