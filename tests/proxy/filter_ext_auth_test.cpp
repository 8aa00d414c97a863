// SPDX-License-Identifier: Apache-2.0
// ExternalAuth: what is asked, what answers mean, what a request gains and loses.
#include "proxy/filters/ext_auth.h"

#include <catch2/catch.hpp>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::proxy;
using gatehouse::http::test::fields_of;
using gatehouse::http::test::text_of;

namespace {

using Lines = std::vector<std::string_view>;

/// Answers from memory and remembers the question.
class ScriptedSubrequest final : public Subrequest {
 public:
  io::Task<Result<Answer>> ask(std::string_view cluster, const http::RequestHead& head, std::string_view body,
                               MonoTime) override {
    asked = std::string(cluster) + " " + std::string(head.method_name) + " " + std::string(head.authority) +
            std::string(head.path) + (head.has_query ? "?" + std::string(head.query) : "") + "|" +
            text_of(head.fields) + "|" + std::to_string(head.framing.length) + ":" + std::string(body);
    if (error) return io::Task<Result<Answer>>::ready(*error);
    return io::Task<Result<Answer>>::ready(Answer{&answer, "body"});
  }

  http::ResponseHead answer = http::test::response(200, {});
  std::optional<Error> error;
  std::string asked;
};

struct Scene {
  ir::ExternalAuth auth;
  http::RequestHead head;
  http::RequestHead question;
  ScriptedSubrequest server;
  Arena arena;
  std::string body;

  Scene() {
    auth.cluster = "auth";
    head.method_name = "POST";
    head.authority = "a.test";
    head.path = "/foo";
    head.query = "q=1";
    head.has_query = true;
    head.fields = fields_of({"Accept: x", "Authorization: t", "X-User: forged", "Cookie: c=1"});
  }

  AuthVerdict run() {
    const AuthInput input{auth, head, body, question, server, MonoTime{}, arena, {}};
    AuthVerdict verdict;
    io::spawn(wait(input, verdict));
    return verdict;
  }

 private:
  static io::Task<> wait(const AuthInput& input, AuthVerdict& verdict) {
    verdict = co_await authorize(input);
  }
};

}  // namespace

TEST_CASE("an authorization server is asked with method, target, Host and Authorization") {
  Scene scene;
  CHECK(scene.run().allowed);
  CHECK(scene.server.asked == "auth POST a.test/foo?q=1|Authorization: t|0:");
  CHECK(scene.question.framing.kind == http::BodyKind::length);
}

TEST_CASE("the question has the path prefix and the allowed headers") {
  Scene scene;
  scene.auth.path = GENERATE(as<std::string>(), "/check", "/check/", "check");
  scene.auth.allowed_headers = {"cookie", "authorization", "content-length", "host"};
  scene.head.fields.push_back({"Content-Length", "3", FieldId::content_length});
  scene.run();
  CHECK(scene.server.asked == "auth POST a.test/check/foo?q=1|Authorization: t|Cookie: c=1|0:");
}

TEST_CASE("a question about OPTIONS * has a path of its own only behind a prefix") {
  Scene scene;
  scene.head.path = "*";
  scene.head.has_query = false;
  scene.run();
  CHECK(scene.server.asked.find("a.test*|") != std::string::npos);
  scene.auth.path = "/check";
  scene.run();
  CHECK(scene.server.asked.find("a.test/check/|") != std::string::npos);
}

TEST_CASE("the body goes along only when the filter says so, and only as a whole") {
  Scene scene;
  scene.body = "12345";
  scene.run();
  CHECK(scene.server.asked.ends_with("|0:"));
  scene.auth.max_body_bytes = 5;
  CHECK(scene.run().allowed);
  CHECK(scene.server.asked.ends_with("|5:12345"));
  scene.auth.max_body_bytes = 4;
  scene.server.asked.clear();
  const auto verdict = scene.run();
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.status == 413);
  CHECK(scene.server.asked.empty());
}

TEST_CASE("every field of a 200 is copied to the request when the filter names none") {
  Scene scene;
  scene.server.answer = http::test::response(
      200, {"X-User: alice", "x-group: 1", "X-Group: 2", "Host: evil", "Authority: evil", "Content-Length: 4",
            "Content-Type: text/plain", "Date: now", "Connection: close", "Transfer-Encoding: chunked"});
  CHECK(scene.run().allowed);
  CHECK(text_of(scene.head.fields) ==
        "Accept: x|Authorization: t|Cookie: c=1|X-User: alice|x-group: 1|X-Group: 2");
}

TEST_CASE("only named fields of a 200 are copied, and a client's own ones of these names go") {
  Scene scene;
  scene.auth.response_headers = {"x-user", "x-group", "host"};
  scene.server.answer = http::test::response(200, {"X-Group: 1", "X-Other: 2", "Host: evil"});
  CHECK(scene.run().allowed);
  CHECK(text_of(scene.head.fields) == "Accept: x|Authorization: t|Cookie: c=1|X-Group: 1");
}

TEST_CASE("what a 200 gave outlives the answer") {
  Scene scene;
  std::string value = "alice";
  scene.server.answer.fields = {{"X-User", value, FieldId::other}};
  scene.run();
  value = "mallo";
  CHECK(scene.head.fields.back().value == "alice");
}

TEST_CASE("any other answer is the client's") {
  Scene scene;
  scene.server.answer = http::test::response(
      GENERATE(as<std::uint16_t>(), 302, 401, 403, 500),
      {"WWW-Authenticate: Basic", "Location: /login", "Content-Length: 4", "Connection: close"});
  const auto verdict = scene.run();
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.reason == "auth_denied");
  CHECK(verdict.body == "body");
  http::ResponseHead response = http::test::response(200, {"Old: 1"});
  write_refusal(response, verdict);
  CHECK(response.status == scene.server.answer.status);
  CHECK(text_of(response.fields) == "WWW-Authenticate: Basic|Location: /login");
  CHECK(text_of(scene.head.fields) == "Accept: x|Authorization: t|X-User: forged|Cookie: c=1");
}

TEST_CASE("an answer that looks like a success but is not 200 becomes 403") {
  Scene scene;
  scene.server.answer = http::test::response(GENERATE(as<std::uint16_t>(), 101, 201, 204, 299), {"A: 1"});
  const auto verdict = scene.run();
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.status == 403);
  http::ResponseHead response;
  write_refusal(response, verdict);
  CHECK(text_of(response.fields) == "Content-Type: text/plain; charset=utf-8");
}

TEST_CASE("without a usable answer nothing passes") {
  struct Row {
    Fault fault;
    std::uint16_t status;
  };
  const auto row = GENERATE(values<Row>({{Fault::timeout, 504},
                                         {Fault::refused, 503},
                                         {Fault::unreachable, 503},
                                         {Fault::reset, 503},
                                         {Fault::overload, 503},
                                         {Fault::bad_request, 502},
                                         {Fault::too_large, 502},
                                         {Fault::cancelled, 499}}));
  Scene scene;
  scene.server.error = Error{row.fault, Side::upstream, Retry::never, "test"};
  const auto verdict = scene.run();
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.status == row.status);
  CHECK_FALSE(verdict.reason.empty());
}

TEST_CASE("an authorization that cannot be asked refuses every request") {
  Scene scene;
  scene.auth.cluster.clear();
  if (GENERATE(true, false)) scene.auth.protocol = ir::ExternalAuth::Protocol::grpc;
  const auto verdict = scene.run();
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.status == 500);
  CHECK(scene.server.asked.empty());
}
