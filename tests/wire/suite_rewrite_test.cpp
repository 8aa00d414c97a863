// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: URLRewrite of rules and of backends.
#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

std::string rule(const std::string& path, const std::string& rewrite, const std::string& more_filters = "") {
  return "    - matches: [{path: {type: PathPrefix, value: " + path +
         "}}]\n      filters: [{type: URLRewrite, urlRewrite: {" + rewrite + "}}" + more_filters +
         "]\n      backendRefs: [{name: infra-backend-v1, port: 8080}]\n";
}

const std::string kModifier =
    ", {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Set, value: new}], "
    "add: [{name: X-Add, value: more}], remove: [X-Remove]}}";

std::string prefix_to(const std::string& value) {
  return "path: {type: ReplacePrefixMatch, replacePrefixMatch: " + value + "}";
}

std::string full_to(const std::string& value) {
  return "path: {type: ReplaceFullPath, replaceFullPath: " + value + "}";
}

}  // namespace

TEST_CASE("HTTPRouteRewritePath: prefixes by whole segments, full paths, headers along with them") {
  YamlRig rig(route("rewrite", "  rules:\n" + rule("/prefix/one", prefix_to("/one")) +
                                   rule("/strip-prefix", prefix_to("/")) +
                                   rule("/full/one", full_to("/one")) +
                                   rule("/full/headers", full_to("/test"), kModifier) +
                                   rule("/prefix/headers", prefix_to("/prefix"), kModifier)));
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"/prefix/one/two", "/one/two"},
      {"/strip-prefix/three", "/three"},
      {"/strip-prefix", "/"},
      {"/strip-prefix/", "/"},
      {"/strip-prefix?q=1", "/?q=1"},
      {"/full/one/two", "/one"},
      {"/full/one/two?q=1", "/one?q=1"},
      {"/full/headers/test", "/test"},
      {"/prefix/headers/one", "/prefix/one"},
      {"/prefix/one/a%2Fb;c", "/one/a%2Fb;c"},
  };
  for (const auto& [sent, arrives] : rows) {
    const auto answer = rig.ask({.target = sent, .fields = {"X-Remove: 1", "X-Add: one"}});
    CHECK(answer.backend == kV1);
    CHECK(answer.request.start_line == "GET " + arrives + " HTTP/1.1");
    if (sent.find("headers") == std::string::npos) continue;
    CHECK(answer.request.field("X-Set") == "new");
    CHECK(answer.request.field("X-Add") == "one,more");
    CHECK_FALSE(answer.request.has("X-Remove"));
  }
}

TEST_CASE("HTTPRouteRewriteHost: the backend sees the new host, and is told of the old one") {
  YamlRig rig(route("rewrite", "  hostnames: [rewrite.example]\n  rules:\n" +
                                   rule("/one", "hostname: one.example.org") +
                                   rule("/headers", "hostname: test.example.org", kModifier)));
  const auto plain = rig.ask({.target = "/one", .host = "rewrite.example"});
  CHECK(plain.request.start_line == "GET /one HTTP/1.1");
  CHECK(plain.request.all("Host") == std::vector<std::string>{"one.example.org"});
  CHECK(plain.request.field("X-Forwarded-Host") == "rewrite.example");
  const auto modified = rig.ask({.target = "/headers", .host = "rewrite.example", .fields = {"X-Remove: 1"}});
  CHECK(modified.request.field("Host") == "test.example.org");
  CHECK(modified.request.field("X-Set") == "new");
  CHECK_FALSE(modified.request.has("X-Remove"));
}

TEST_CASE("HTTPRouteBackendURLRewrite: a rewrite of one backend") {
  const auto backend_rule = [](const std::string& path, const std::string& rewrite) {
    return "    - matches: [{path: {type: PathPrefix, value: " + path +
           "}}]\n      backendRefs:\n        - name: infra-backend-v1\n          port: 8080\n"
           "          filters: [{type: URLRewrite, urlRewrite: {" +
           rewrite + "}}]\n";
  };
  YamlRig rig(route("rewrite", "  rules:\n" + backend_rule("/full", full_to("/new-full")) +
                                   backend_rule("/prefix", prefix_to("/new-prefix"))));
  CHECK(rig.ask({.target = "/full/original"}).request.start_line == "GET /new-full HTTP/1.1");
  CHECK(rig.ask({.target = "/prefix/original"}).request.start_line == "GET /new-prefix/original HTTP/1.1");
}

TEST_CASE("H2: a backend is told the host, port and scheme that the client used") {
  YamlRig rig(route("plain", R"(
  rules: [{backendRefs: [{name: infra-backend-v1, port: 8080}]}])"));
  const auto answer = rig.ask({.host = "a.test:80"});
  CHECK(answer.request.field("X-Forwarded-Port") == "80");
  CHECK(answer.request.field("X-Forwarded-Proto") == "http");
  CHECK(answer.request.field("X-Forwarded-Host") == "a.test:80");
}

}  // namespace gatehouse::test
