// SPDX-License-Identifier: Apache-2.0
// RequestRedirect: the Location for every part that a redirect may set.
#include "proxy/filters/redirect.h"

#include <catch2/catch.hpp>

#include "proxy/http/request_rules.h"

using namespace gatehouse;
using namespace gatehouse::proxy;

namespace {

const ir::PathMatch kFoo{ir::PathMatchKind::prefix, "/foo"};

http::RequestHead head_for(std::string_view host, std::string_view path, std::string_view query = {}) {
  http::RequestHead head;
  head.authority = head.host = host;
  head.path = path;
  head.query = query;
  head.has_query = !query.empty();
  return head;
}

std::string location(const ir::Redirect& redirect, const http::RequestHead& head,
                     ClientView seen = {"http", 80}, const ir::PathMatch& matched = kFoo) {
  Arena arena;
  return std::string(make_redirect(redirect, head, matched, seen, arena).location);
}

ir::Redirect to_path(ir::PathRewrite::Kind kind, std::string value) {
  ir::Redirect redirect;
  redirect.path = {kind, std::move(value)};
  return redirect;
}

ir::Redirect to_port(std::string scheme, std::uint16_t port) {
  ir::Redirect redirect;
  redirect.scheme = std::move(scheme);
  redirect.host = "example.org";
  redirect.port = port;
  return redirect;
}

}  // namespace

TEST_CASE("a redirect keeps what it does not set") {
  CHECK(location({}, head_for("a.test", "/foo/x", "q=1&r")) == "http://a.test/foo/x?q=1&r");
  ir::Redirect redirect;
  redirect.host = "b.test";
  CHECK(location(redirect, head_for("a.test", "/foo", "q")) == "http://b.test/foo?q");
}

TEST_CASE("a redirect answers with its own status") {
  Arena arena;
  const auto status = GENERATE(as<std::uint16_t>(), 301, 302, 303, 307, 308);
  ir::Redirect redirect;
  redirect.status = status;
  CHECK(make_redirect(redirect, head_for("a.test", "/"), kFoo, {"http", 80}, arena).status == status);
}

TEST_CASE("the port of a redirect is its own, its scheme's, or the listener's") {
  struct Row {
    ir::Redirect redirect;
    ClientView seen;
    std::string_view origin;
  };
  const auto row = GENERATE(values<Row>({
      {to_port("", 0), {"http", 80}, "http://example.org"},
      {to_port("", 80), {"http", 80}, "http://example.org"},
      {to_port("", 8080), {"http", 80}, "http://example.org:8080"},
      {to_port("https", 0), {"http", 80}, "https://example.org"},
      {to_port("https", 443), {"http", 80}, "https://example.org"},
      {to_port("https", 8443), {"http", 80}, "https://example.org:8443"},
      {to_port("", 0), {"http", 8080}, "http://example.org:8080"},
      {to_port("", 80), {"http", 8080}, "http://example.org"},
      {to_port("https", 0), {"http", 8080}, "https://example.org"},
      {to_port("", 0), {"https", 443}, "https://example.org"},
      {to_port("", 443), {"https", 443}, "https://example.org"},
      {to_port("", 8443), {"https", 443}, "https://example.org:8443"},
      {to_port("http", 0), {"https", 443}, "http://example.org"},
      {to_port("http", 80), {"https", 443}, "http://example.org"},
      {to_port("http", 8080), {"https", 443}, "http://example.org:8080"},
      {to_port("http", 443), {"http", 80}, "http://example.org:443"},
  }));
  CHECK(location(row.redirect, head_for("a.test", "/foo"), row.seen) == std::string(row.origin) + "/foo");
}

TEST_CASE("a redirect replaces the whole path, or the matched prefix") {
  using Kind = ir::PathRewrite::Kind;
  CHECK(location(to_path(Kind::full, "/new"), head_for("a.test", "/foo/x", "q")) == "http://a.test/new?q");
  CHECK(location(to_path(Kind::prefix, "/new"), head_for("a.test", "/foo/x", "q")) ==
        "http://a.test/new/x?q");
  CHECK(location(to_path(Kind::prefix, "/"), head_for("a.test", "/foo")) == "http://a.test/");
}

TEST_CASE("H3: what is reflected in Location is percent-encoded") {
  CHECK(location({}, head_for("a.test", "/foo\"<x>|\\^`{}", "q=<\"'>%20")) ==
        "http://a.test/foo%22%3Cx%3E%7C%5C%5E%60%7B%7D?q=%3C%22'%3E%20");
}

TEST_CASE("without a host Location is a path that names none") {
  CHECK(location({}, head_for("", "/foo")) == "/foo");
  CHECK(location({}, head_for("", "//evil.test/x")) == "/evil.test/x");
  CHECK(location(to_path(ir::PathRewrite::Kind::prefix, ""), head_for("", "/foo//evil.test")) ==
        "/evil.test");
  CHECK(location({}, head_for("a.test", "//x")) == "http://a.test//x");
}

TEST_CASE("OPTIONS * is redirected to the root") {
  CHECK(location({}, head_for("a.test", "*")) == "http://a.test/");
}

TEST_CASE("a trusted proxy's scheme brings its port along") {
  http::PeerContext peer;
  peer.scheme = "http";
  peer.port_text = "8080";
  http::Forwarded decided;
  decided.proto = peer.scheme;
  decided.port = peer.port_text;
  CHECK(ClientView::from(decided, peer).port == 8080);
  CHECK(ClientView::from(decided, peer).scheme == "http");
  decided.proto = "https";
  CHECK(ClientView::from(decided, peer).port == 443);
  decided.port = "8443";
  CHECK(ClientView::from(decided, peer).port == 8443);
}
