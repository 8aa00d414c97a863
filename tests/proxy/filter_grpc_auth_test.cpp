// SPDX-License-Identifier: Apache-2.0
// ExternalAuth over gRPC: what a CheckRequest says, and what a CheckResponse does.
#include "proxy/filters/grpc_auth.h"

#include <catch2/catch.hpp>
#include <map>

#include "proxy/http/grpc.h"
#include "proxy/http/protobuf_wire.h"
#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::proxy;
using gatehouse::http::is_utf8;
using gatehouse::http::ProtobufReader;
using gatehouse::http::ProtobufWriter;
using gatehouse::http::test::fields_of;
using gatehouse::http::test::text_of;

namespace {

std::string message(std::initializer_list<std::pair<std::uint32_t, std::string>> fields) {
  ProtobufWriter writer;
  for (const auto& [number, bytes] : fields) writer.bytes(number, bytes);
  return writer.data();
}

std::string number(std::uint32_t field, std::uint64_t value) {
  ProtobufWriter writer;
  writer.number(field, value);
  return writer.data();
}

/// HeaderValueOption.
std::string header(const std::string& name, const std::string& value, const std::string& how = {}) {
  return message({{1, message({{1, name}, {2, value}})}}) + how;
}
const std::string kAppend = message({{2, number(1, 1)}});
const std::string kAddIfAbsent = number(3, 1);
const std::string kOverwriteIfPresent = number(3, 3);

std::string framed(const std::string& payload) {
  std::string frame(http::kGrpcFrameHead, '\0');
  http::write_grpc_frame_head(frame.data(), 0, static_cast<std::uint32_t>(payload.size()));
  return frame + payload;
}

std::string allowed(std::initializer_list<std::pair<std::uint32_t, std::string>> ok) {
  return message({{1, ""}, {3, message(ok)}});
}
std::string denied(std::uint64_t status, std::initializer_list<std::pair<std::uint32_t, std::string>> more) {
  return message({{1, number(1, 7)}, {2, message({{1, number(1, status)}}) + message(more)}});
}

/// Answers from memory and remembers the question.
class ScriptedServer final : public Subrequest {
 public:
  io::Task<Result<Answer>> ask(std::string_view, const http::RequestHead& head, std::string_view body,
                               MonoTime) override {
    ++asked;
    line = std::string(head.method_name) + " " + std::string(head.authority) + std::string(head.path) + "|" +
           text_of(head.fields);
    question = body;
    if (error) return io::Task<Result<Answer>>::ready(*error);
    return io::Task<Result<Answer>>::ready(Answer{&answer, frame, &trailers});
  }

  http::ResponseHead answer = http::test::response(200, {"Content-Type: application/grpc"});
  http::HeaderList trailers = fields_of({"grpc-status: 0"});
  std::string frame = framed(allowed({}));
  std::optional<Error> error;
  int asked = 0;
  std::string line;
  std::string question;
};

struct Scene {
  ir::ExternalAuth auth;
  http::RequestHead head;
  http::RequestHead question;
  ScriptedServer server;
  Arena arena;
  std::string body;

  Scene() {
    auth.protocol = ir::ExternalAuth::Protocol::grpc;
    auth.cluster = "Service/ns/auth/9000";
    head.method_name = "POST";
    head.authority = "a.test";
    head.path = "/foo";
    head.query = "q=1";
    head.has_query = true;
    head.fields = fields_of({"Accept: x", "X-User: forged", "Cookie: c=1", "accept: y", "Cookie: d=2"});
  }

  AuthVerdict run() {
    const AuthPeer peer{"192.0.2.7", "https", "id-1"};
    const AuthInput input{auth, head, body, question, server, MonoTime{}, arena, peer};
    AuthVerdict verdict;
    io::spawn(wait(input, verdict));
    return verdict;
  }

 private:
  static io::Task<> wait(const AuthInput& input, AuthVerdict& verdict) {
    verdict = co_await authorize(input);
  }
};

/// The values of one message by field number; those of a map by key.
struct Message {
  std::map<std::uint32_t, std::string> bytes;
  std::map<std::uint32_t, std::uint64_t> numbers;
  std::map<std::string, std::string> map;
};

Message read(std::string_view text, std::uint32_t map_field = 0) {
  Message message;
  ProtobufReader reader(text);
  while (const auto field = reader.next()) {
    message.bytes[field->number] = field->bytes;
    message.numbers[field->number] = field->value;
    if (field->number != map_field) continue;
    const auto entry = read(field->bytes);
    message.map[entry.bytes.at(1)] = entry.bytes.at(2);
  }
  CHECK_FALSE(reader.is_broken());
  return message;
}

Message http_of(const std::string& frame) {
  const auto attributes = read(read(std::string_view(frame).substr(http::kGrpcFrameHead)).bytes.at(1));
  return read(read(attributes.bytes.at(4)).bytes.at(2), 3);
}

}  // namespace

TEST_CASE("the authorization service is asked by its method, in one frame") {
  Scene scene;
  CHECK(scene.run().allowed);
  CHECK(scene.server.line ==
        "POST auth.ns/envoy.service.auth.v3.Authorization/Check|content-type: application/grpc|te: trailers");
  const auto& frame = scene.server.question;
  REQUIRE(frame.size() > http::kGrpcFrameHead);
  CHECK(frame.substr(0, 3) == std::string(3, '\0'));
  const auto length = static_cast<unsigned char>(frame[3]) * 256U + static_cast<unsigned char>(frame[4]);
  CHECK(length == frame.size() - http::kGrpcFrameHead);
}

TEST_CASE("a CheckRequest has the request, all its headers and who sent it") {
  Scene scene;
  scene.run();
  const auto http = http_of(scene.server.question);
  CHECK(http.bytes.at(1) == "id-1");
  CHECK(http.bytes.at(2) == "POST");
  CHECK(http.bytes.at(4) == "/foo?q=1");
  CHECK(http.bytes.at(5) == "a.test");
  CHECK(http.bytes.at(6) == "https");
  CHECK(http.numbers.at(9) == 0);
  CHECK(http.bytes.at(10) == "HTTP/1.1");
  CHECK(http.bytes.count(11) == 0);
  const std::map<std::string, std::string> expected = {
      {":authority", "a.test"}, {":method", "POST"},    {":path", "/foo?q=1"}, {":scheme", "https"},
      {"accept", "x,y"},        {"cookie", "c=1; d=2"}, {"x-user", "forged"},
  };
  CHECK(http.map == expected);
  const auto attributes = read(read(std::string_view(scene.server.question).substr(5)).bytes.at(1));
  CHECK(read(read(read(attributes.bytes.at(1)).bytes.at(1)).bytes.at(1)).bytes.at(2) == "192.0.2.7");
}

TEST_CASE("only the headers that the filter names are sent") {
  Scene scene;
  scene.auth.allowed_headers = {"cookie"};
  scene.run();
  const std::map<std::string, std::string> expected = {{"cookie", "c=1; d=2"}};
  CHECK(http_of(scene.server.question).map == expected);
}

TEST_CASE("the body goes along as text, or as bytes when it is none, and only as a whole") {
  Scene scene;
  scene.auth.max_body_bytes = 5;
  scene.body = "12345";
  scene.run();
  CHECK(http_of(scene.server.question).bytes.at(11) == "12345");
  scene.body = "\xff\xfe";
  scene.run();
  CHECK(http_of(scene.server.question).bytes.at(12) == "\xff\xfe");
  CHECK(http_of(scene.server.question).bytes.count(11) == 0);
  scene.body = "123456";
  const auto verdict = scene.run();
  CHECK(verdict.status == 413);
  CHECK(scene.server.asked == 2);
}

TEST_CASE("text that is not UTF-8 is sent with question marks") {
  Scene scene;
  scene.head.fields = fields_of({"X-A: \xff\xc3\xa9", "X-B: \xc3\xa9"});
  scene.run();
  const auto map = http_of(scene.server.question).map;
  CHECK(map.at("x-a") == "???");
  CHECK(map.at("x-b") == "\xc3\xa9");
}

TEST_CASE("headers of an answer that allows overwrite, append or add to those of the request") {
  Scene scene;
  scene.server.frame = framed(allowed({{2, header("X-User", "alice")},
                                       {2, header("accept", "z", kAppend)},
                                       {2, header("Cookie", "no", kAddIfAbsent)},
                                       {2, header("x-new", "1", kAddIfAbsent)},
                                       {2, header("x-none", "1", kOverwriteIfPresent)},
                                       {2, header("Host", "evil")},
                                       {2, header("transfer-encoding", "chunked")},
                                       {2, header(":path", "/evil")},
                                       {2, header("x-split", "a\r\nb: c")}}));
  CHECK(scene.run().allowed);
  CHECK(text_of(scene.head.fields) ==
        "Accept: x|Cookie: c=1|accept: y|Cookie: d=2|X-User: alice|accept: z|x-new: 1");
}

TEST_CASE("an answer that allows can take headers away, but none of the codec") {
  Scene scene;
  scene.head.fields = fields_of({"X-User: forged", "Content-Length: 3", "A: 1"});
  scene.server.frame = framed(allowed({{5, "x-user"}, {5, "content-length"}}));
  CHECK(scene.run().allowed);
  CHECK(text_of(scene.head.fields) == "Content-Length: 3|A: 1");
}

TEST_CASE("a denial is the client's answer, with its status, headers and body") {
  Scene scene;
  scene.server.frame = framed(denied(
      401, {{2, header("WWW-Authenticate", "Basic")}, {2, header("Content-Length", "9")}, {3, "who?"}}));
  const auto verdict = scene.run();
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.status == 401);
  CHECK(verdict.reason == "auth_denied");
  CHECK(verdict.body == "who?");
  http::ResponseHead response;
  write_refusal(response, verdict);
  CHECK(text_of(response.fields) == "WWW-Authenticate: Basic");
  CHECK(text_of(scene.head.fields).find("X-User: forged") != std::string::npos);
}

TEST_CASE("a denial without a status, or with one of success, is 403") {
  Scene scene;
  scene.server.frame = framed(GENERATE(message({{1, number(1, 16)}}), denied(200, {}), denied(0, {}),
                                       denied(99999, {}), message({{1, number(1, 7)}, {3, ""}})));
  const auto verdict = scene.run();
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.status == 403);
}

TEST_CASE("over gRPC nothing passes without a usable answer") {
  struct Row {
    const char* trailers;
    std::uint16_t http;
    std::string frame;
    std::uint16_t status;
  };
  const std::string good = framed(allowed({}));
  const auto row = GENERATE_COPY(values<Row>({
      {"grpc-status: 14", 200, good, 503},
      {"grpc-status: 12", 200, good, 503},
      {"grpc-status: 4", 200, good, 504},
      {"x: 1", 200, good, 502},
      {"grpc-status: 0", 404, good, 502},
      {"grpc-status: 0", 200, "", 502},
      {"grpc-status: 0", 200, good.substr(0, good.size() - 1), 502},
      {"grpc-status: 0", 200, good + good, 502},
      {"grpc-status: 0", 200, framed("\x0a\xff"), 502},
      {"grpc-status: 0", 200,
       framed(message({{1, ""},
                       {3, message({{2,
                                     "\x0a\x05"
                                     "a"}})}})),
       502},
  }));
  Scene scene;
  scene.server.trailers = fields_of({row.trailers});
  scene.server.answer.status = row.http;
  scene.server.frame = row.frame;
  const auto verdict = scene.run();
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.status == row.status);
}

TEST_CASE("a status that comes with the head counts like one in the trailers") {
  Scene scene;
  scene.server.trailers.clear();
  scene.server.answer.fields = fields_of({"grpc-status: 16"});
  scene.server.frame.clear();
  CHECK(scene.run().status == 503);
}

TEST_CASE("protobuf fields of unknown numbers and types are passed over, broken ones are not") {
  ProtobufWriter writer;
  writer.number(99, 300);
  const std::string fixed = std::string(
                                "\x0d"
                                "abcd",
                                5) +
                            std::string(
                                "\x11"
                                "abcdefgh",
                                9);
  const std::string bytes = writer.data() + fixed;
  ProtobufReader reader(bytes);
  const auto first = reader.next();
  REQUIRE(first);
  CHECK(first->number == 99);
  CHECK(first->value == 300);
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.is_broken());
  for (const auto* text : {"\x0a",
                           "\x0a\x05"
                           "abc",
                           "\x0b",
                           "\x0d"
                           "abc",
                           "\x80", "\x08"}) {
    ProtobufReader broken{std::string_view(text)};
    while (broken.next()) continue;
    CHECK(broken.is_broken());
  }
}

TEST_CASE("UTF-8 is told from what is not") {
  for (const auto* good : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    CHECK(is_utf8(good));
  for (const auto* bad : {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
    CHECK_FALSE(is_utf8(bad));
}
