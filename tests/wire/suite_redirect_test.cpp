// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: RequestRedirect.
#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

/// One rule that redirects what is below `path`.
std::string rule(const std::string& path, const std::string& redirect) {
  return "    - matches: [{path: {type: PathPrefix, value: " + path +
         "}}]\n      filters: [{type: RequestRedirect, requestRedirect: {" + redirect + "}}]\n";
}

struct Redirected {
  std::string target;
  int status;
  std::string location;
};

void check(YamlRig& rig, const std::vector<Redirected>& rows,
           const std::string& gateway_name = "same-namespace", std::uint16_t port = 80) {
  for (const auto& row : rows) {
    INFO(row.target);
    const auto answer = rig.ask({.target = row.target, .gateway = "default/" + gateway_name, .port = port});
    CHECK(answer.status == row.status);
    CHECK(answer.backend.empty());
    CHECK(answer.response.field("Location") == row.location);
  }
}

}  // namespace

TEST_CASE("HTTPRouteRedirectHostAndStatus: 302 unless the filter says otherwise") {
  YamlRig rig(route("redirect", "  rules:\n" + rule("/hostname", "hostname: example.org") +
                                    rule("/status", "statusCode: 301") +
                                    rule("/both", "hostname: example.org, statusCode: 301")));
  check(rig, {{"/hostname", 302, "http://example.org/hostname"},
              {"/hostname/x?q=1&r", 302, "http://example.org/hostname/x?q=1&r"},
              {"/status", 301, "http://a.test/status"},
              {"/both", 301, "http://example.org/both"}});
}

TEST_CASE("HTTPRouteRedirectScheme") {
  YamlRig rig(route("redirect", "  rules:\n" + rule("/scheme", "scheme: https") +
                                    rule("/scheme-and-host", "scheme: https, hostname: example.org") +
                                    rule("/scheme-and-status", "scheme: https, statusCode: 301") +
                                    rule("/all", "scheme: https, hostname: example.org, statusCode: 302")));
  check(rig, {{"/scheme", 302, "https://a.test/scheme"},
              {"/scheme-and-host", 302, "https://example.org/scheme-and-host"},
              {"/scheme-and-status", 301, "https://a.test/scheme-and-status"},
              {"/all", 302, "https://example.org/all"}});
}

TEST_CASE("HTTPRouteRedirectPort") {
  YamlRig rig(route("redirect", "  rules:\n" + rule("/port", "port: 8083") +
                                    rule("/port-and-host", "port: 8083, hostname: example.org") +
                                    rule("/port-and-status", "port: 8083, statusCode: 301") +
                                    rule("/all", "port: 8083, hostname: example.org, statusCode: 302")));
  check(rig, {{"/port", 302, "http://a.test:8083/port"},
              {"/port-and-host", 302, "http://example.org:8083/port-and-host"},
              {"/port-and-status", 301, "http://a.test:8083/port-and-status"},
              {"/all", 302, "http://example.org:8083/all"}});
}

TEST_CASE("HTTPRouteRedirectPath") {
  const std::string prefix = "path: {type: ReplacePrefixMatch, replacePrefixMatch: /new-prefix}";
  const std::string full = "path: {type: ReplaceFullPath, replaceFullPath: /new-path}";
  YamlRig rig(route("redirect", "  rules:\n" + rule("/prefix", prefix) + rule("/full", full) +
                                    rule("/path-and-host", "hostname: example.org, " + prefix) +
                                    rule("/path-and-status", "statusCode: 301, " + prefix) +
                                    rule("/full-and-host", "hostname: example.org, " + full) +
                                    rule("/full-and-status", "statusCode: 301, " + full)));
  check(rig, {{"/prefix/lemon", 302, "http://a.test/new-prefix/lemon"},
              {"/full/path/original", 302, "http://a.test/new-path"},
              {"/path-and-host", 302, "http://example.org/new-prefix"},
              {"/path-and-status", 301, "http://a.test/new-prefix"},
              {"/full-and-host", 302, "http://example.org/new-path"},
              {"/full-and-status", 301, "http://a.test/new-path"}});
}

TEST_CASE(
    "HTTPRouteRedirectPortAndScheme: the port follows the scheme, else the listener, and may be left out") {
  const auto rules = [](const std::string& parent) {
    const std::string host = "hostname: example.org";
    return "  parentRefs: [{name: " + parent + "}]\n  rules:\n" + rule("/nil-nil", host) +
           rule("/nil-80", host + ", port: 80") + rule("/nil-8080", host + ", port: 8080") +
           rule("/https-nil", host + ", scheme: https") +
           rule("/https-443", host + ", scheme: https, port: 443") +
           rule("/https-8443", host + ", scheme: https, port: 8443");
  };
  YamlRig rig(gateway("on-8080", "    - {name: http, port: 8080, protocol: HTTP}") +
              route("on-80", rules("same-namespace")) + route("on-8080", rules("on-8080")));
  check(rig, {{"/nil-nil", 302, "http://example.org/nil-nil"},
              {"/nil-80", 302, "http://example.org/nil-80"},
              {"/nil-8080", 302, "http://example.org:8080/nil-8080"},
              {"/https-nil", 302, "https://example.org/https-nil"},
              {"/https-443", 302, "https://example.org/https-443"},
              {"/https-8443", 302, "https://example.org:8443/https-8443"}});
  check(rig,
        {{"/nil-nil", 302, "http://example.org:8080/nil-nil"},
         {"/nil-80", 302, "http://example.org/nil-80"},
         {"/https-nil", 302, "https://example.org/https-nil"}},
        "on-8080", 8080);
}

TEST_CASE("HTTPRoute303Redirect, HTTPRoute307Redirect, HTTPRoute308Redirect") {
  const auto status = GENERATE(303, 307, 308);
  YamlRig rig(route("redirect", "  rules:\n" + rule("/see", "hostname: example.org, statusCode: " +
                                                                std::to_string(status))));
  check(rig, {{"/see", status, "http://example.org/see"}});
}

TEST_CASE("a redirect of one backend answers that backend's share") {
  YamlRig rig(route("redirect", R"(
  rules:
    - backendRefs:
        - name: infra-backend-v1
          port: 8080
          filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org}}])"));
  check(rig, {{"/x", 302, "http://example.org/x"}});
}

TEST_CASE("a redirected request does not reach a backend, and its connection stays open") {
  YamlRig rig(route("redirect", "  rules:\n" + rule("/", "scheme: https")));
  auto client = rig.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody");
    const auto response = client.read_response();
    REQUIRE(response);
    CHECK(response->status() == 302);
  }
  CHECK(rig.backend(kV1).connections() == 0);
}

}  // namespace gatehouse::test
