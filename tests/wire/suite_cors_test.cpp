// SPDX-License-Identifier: Apache-2.0
// Gateway API conformance: HTTPRouteCORS.
#include "tests/wire/suite_objects.h"

namespace gatehouse::test {
namespace {

const std::string kRoutes = route("cors", R"(
  rules:
    - matches: [{path: {type: PathPrefix, value: /lists}}]
      filters:
        - type: CORS
          cors:
            allowOrigins: ["https://www.foo.com", "https://*.bar.com"]
            allowMethods: [GET, OPTIONS]
            allowHeaders: [x-header-1, x-header-2]
            exposeHeaders: [x-header-3, x-header-4]
            allowCredentials: true
            maxAge: 3600
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /any-method}}]
      filters: [{type: CORS, cors: {allowOrigins: ["https://www.foo.com"], allowMethods: ["*"]}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /any-origin}}]
      filters: [{type: CORS, cors: {allowOrigins: ["*"], allowMethods: [PUT], allowCredentials: false}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /any-with-credentials}}]
      filters:
        - type: CORS
          cors: {allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"], allowCredentials: true}
      backendRefs: [{name: infra-backend-v1, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /any}}]
      filters: [{type: CORS, cors: {allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"]}}]
      backendRefs: [{name: infra-backend-v1, port: 8080}])");

Ask preflight(const std::string& path, const std::string& origin, const std::string& method,
              const std::string& headers = "") {
  Ask ask{.target = path,
          .method = "OPTIONS",
          .fields = {"Origin: " + origin, "access-control-request-method: " + method}};
  if (!headers.empty()) ask.fields.push_back("access-control-request-headers: " + headers);
  return ask;
}

bool is_ok(const Answer& answer) {
  return answer.backend.empty() && (answer.status == 200 || answer.status == 204);
}

}  // namespace

TEST_CASE("HTTPRouteCORS: a preflight of an allowed origin is answered by the gateway") {
  YamlRig rig(kRoutes);
  const auto origin =
      GENERATE(as<std::string>(), "https://www.foo.com", "https://www.bar.com", "https://xpto.www.bar.com");
  const auto answer = rig.ask(preflight("/lists", origin, "GET", "x-header-1, x-header-2"));
  CHECK(is_ok(answer));
  const auto& response = answer.response;
  CHECK(response.all("Access-Control-Allow-Origin") == std::vector<std::string>{origin});
  CHECK(response.field("Access-Control-Allow-Methods") == "GET, OPTIONS");
  CHECK(response.field("Access-Control-Allow-Headers") == "x-header-1, x-header-2");
  CHECK(response.field("Access-Control-Expose-Headers") == "x-header-3, x-header-4");
  CHECK(response.field("Access-Control-Max-Age") == "3600");
  CHECK(response.field("Access-Control-Allow-Credentials") == "true");
  CHECK(rig.backend(kV1).connections() == 0);
}

TEST_CASE("HTTPRouteCORS: a preflight of a foreign origin is allowed nothing and not forwarded") {
  YamlRig rig(kRoutes);
  const auto answer = rig.ask(preflight("/lists", "https://foobar.com", "GET"));
  CHECK(answer.status == 403);
  CHECK(answer.backend.empty());
  CHECK_FALSE(answer.response.has("Access-Control-Allow-Origin"));
  CHECK(rig.backend(kV1).connections() == 0);
}

TEST_CASE("HTTPRouteCORS: other requests are forwarded, and their answers name an allowed origin") {
  YamlRig rig(kRoutes);
  const auto ask = [&rig](const std::string& origin) {
    return rig.ask({.target = "/lists",
                    .fields = {"Origin: " + origin, "access-control-request-method: GET",
                               "X-Answer: Access-Control-Allow-Origin: *"}});
  };
  for (const auto* origin : {"https://www.foo.com", "https://www.bar.com"}) {
    const auto answer = ask(origin);
    CHECK(outcome_of(answer) == "infra-backend-v1 200");
    CHECK(answer.response.all("Access-Control-Allow-Origin") == std::vector<std::string>{origin});
    CHECK(answer.request.field("Origin") == origin);
  }
  const auto foreign = ask("https://foobar.com");
  CHECK(outcome_of(foreign) == "infra-backend-v1 200");
  CHECK_FALSE(foreign.response.has("Access-Control-Allow-Origin"));
}

TEST_CASE("HTTPRouteCORS: any method is the one that was asked for") {
  YamlRig rig(kRoutes);
  const auto answer = rig.ask(preflight("/any-method", "https://www.foo.com", "POST"));
  CHECK(is_ok(answer));
  CHECK(answer.response.field("Access-Control-Allow-Methods") == "POST");
  CHECK(answer.response.field("Access-Control-Allow-Origin") == "https://www.foo.com");
  CHECK(answer.response.field("Access-Control-Max-Age") == "5");
  CHECK_FALSE(answer.response.has("Access-Control-Allow-Credentials"));
}

TEST_CASE("HTTPRouteCORS: any origin, whatever its port") {
  YamlRig rig(kRoutes);
  const auto origin = GENERATE(as<std::string>(), "https://foobar.com", "https://foobar.com:12345");
  const auto asked = rig.ask(preflight("/any-origin", origin, "PUT"));
  CHECK(is_ok(asked));
  CHECK(asked.response.field("Access-Control-Allow-Origin") == "*");
  CHECK(asked.response.field("Access-Control-Allow-Methods") == "PUT");
  CHECK_FALSE(asked.response.has("Access-Control-Allow-Credentials"));
  const auto put = rig.ask({.target = "/any-origin", .method = "PUT", .fields = {"Origin: " + origin}});
  CHECK(outcome_of(put) == "infra-backend-v1 200");
  CHECK(put.response.field("Access-Control-Allow-Origin") == "*");
  CHECK_FALSE(put.response.has("Access-Control-Allow-Credentials"));
}

TEST_CASE("HTTPRouteCORS: with credentials no wildcard is answered") {
  YamlRig rig(kRoutes);
  const std::string origin = "https://other.foo.com";
  const auto answer = rig.ask(preflight("/any-with-credentials", origin, "PUT", "x-header-1, x-header-2"));
  CHECK(is_ok(answer));
  CHECK(answer.response.field("Access-Control-Allow-Origin") == origin);
  CHECK(answer.response.field("Access-Control-Allow-Methods") == "PUT");
  CHECK(answer.response.field("Access-Control-Allow-Headers") == "x-header-1, x-header-2");
  CHECK(answer.response.field("Access-Control-Allow-Credentials") == "true");
  const auto get = rig.ask({.target = "/any-with-credentials", .fields = {"Origin: " + origin}});
  CHECK(get.response.field("Access-Control-Allow-Origin") == origin);
  CHECK(get.response.field("Access-Control-Allow-Credentials") == "true");
}

TEST_CASE("HTTPRouteCORS: without credentials nothing is said about them") {
  YamlRig rig(kRoutes);
  const std::string origin = "https://other.foo.com";
  const auto answer = rig.ask(preflight("/any", origin, "PUT", "x-header-1, x-header-2"));
  CHECK(is_ok(answer));
  CHECK_FALSE(answer.response.has("Access-Control-Allow-Credentials"));
  CHECK(answer.response.field("Access-Control-Allow-Headers") == "x-header-1, x-header-2");
  const auto get = rig.ask({.target = "/any", .fields = {"Origin: " + origin}});
  CHECK(get.backend == kV1);
  CHECK_FALSE(get.response.has("Access-Control-Allow-Credentials"));
}

TEST_CASE("OPTIONS that is no preflight goes to the backend") {
  YamlRig rig(kRoutes);
  CHECK(outcome_of(rig.ask({.target = "/lists", .method = "OPTIONS"})) == "infra-backend-v1 200");
  CHECK(outcome_of(
            rig.ask({.target = "/lists", .method = "OPTIONS", .fields = {"Origin: https://www.foo.com"}})) ==
        "infra-backend-v1 200");
}

}  // namespace gatehouse::test
