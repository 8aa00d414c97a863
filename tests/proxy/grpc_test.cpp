// SPDX-License-Identifier: Apache-2.0
// gRPC's content types, statuses, messages, timeouts and frames; gRPC-Web's base64 and trailer frame.
#include "proxy/http/grpc.h"

#include <catch2/catch.hpp>

#include "proxy/exchange/local_reply.h"
#include "proxy/http/grpc_web.h"
#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using namespace std::chrono_literals;

namespace {

std::string frame(std::string_view payload, std::uint8_t flags = 0) {
  std::string bytes(kGrpcFrameHead, '\0');
  write_grpc_frame_head(bytes.data(), flags, static_cast<std::uint32_t>(payload.size()));
  return bytes.append(payload);
}

/// Every payload that comes out of `bytes` in pieces of `step`; "failed" when the reader gives up.
std::vector<std::string> frames_of(std::string_view bytes, std::size_t step, std::size_t most) {
  GrpcFrameReader reader(most);
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto fed = reader.feed(piece);
      piece.remove_prefix(fed.consumed);
      if (fed.state == GrpcFrameReader::State::frame) frames.push_back(reader.payload().data());
      if (fed.state != GrpcFrameReader::State::failed) continue;
      frames.emplace_back("failed");
      return frames;
    }
  }
  if (!reader.is_between_frames()) frames.emplace_back("cut");
  return frames;
}

}  // namespace

TEST_CASE("content types of gRPC are known in any case, with subtype and parameters") {
  const auto [type, kind] = GENERATE(table<const char*, GrpcKind>({
      {"application/grpc", GrpcKind::grpc},
      {"application/grpc+proto", GrpcKind::grpc},
      {"Application/GRPC; charset=utf-8", GrpcKind::grpc},
      {"application/grpc-web", GrpcKind::web},
      {"application/grpc-web+json", GrpcKind::web},
      {"application/grpc-web-text+proto", GrpcKind::web_text},
      {"application/grpc-web-text", GrpcKind::web_text},
      {"application/grpc-web-texture", GrpcKind::none},
      {"application/grpcx", GrpcKind::none},
      {"application/json", GrpcKind::none},
      {"application/grp", GrpcKind::none},
      {"", GrpcKind::none},
  }));
  CHECK(grpc_kind(std::string_view(type)) == kind);
  CHECK(grpc_subtype("application/grpc-web-text+proto; a=b") == "+proto");
  CHECK(grpc_subtype("application/grpc; a=b").empty());
}

TEST_CASE("every local reply has a gRPC status") {
  using proxy::LocalReply;
  const auto upstream = [](Fault fault, Retry retry = Retry::never) {
    return LocalReply::from(Error{fault, Side::upstream, retry, "test"});
  };
  const auto downstream = [](Fault fault) {
    return LocalReply::from(Error{fault, Side::downstream, Retry::never, "test"});
  };
  const auto [reply, status] = GENERATE_COPY(table<LocalReply, int>({
      {LocalReply::no_route(), 12},
      {LocalReply::no_listener(), 12},
      {LocalReply::invalid_backend(), 14},
      {LocalReply::no_backend(), 14},
      {LocalReply::body_too_large(), 8},
      {LocalReply::loop(), 13},
      {upstream(Fault::unreachable), 14},
      {upstream(Fault::refused), 14},
      {upstream(Fault::overload), 14},
      {upstream(Fault::system), 14},
      {upstream(Fault::timeout, Retry::safe), 14},
      {upstream(Fault::timeout), 4},
      {upstream(Fault::bad_request), 14},
      {upstream(Fault::reset), 14},
      {downstream(Fault::timeout), 4},
      {downstream(Fault::too_large), 8},
      {downstream(Fault::bad_request), 13},
      {LocalReply{401, "auth_denied", {}}, 16},
      {LocalReply{403, "auth_denied", {}}, 7},
      {LocalReply{429, "rate_limited", {}}, 8},
      {LocalReply{500, "internal", {}}, 13},
      {LocalReply{418, "other", {}}, 2},
  }));
  CAPTURE(reply.status, reply.reason);
  CHECK(static_cast<int>(reply.grpc_status()) == status);
  CHECK(digits_of(reply.grpc_status()) == std::to_string(status));
}

TEST_CASE("a grpc-status field is a number; unknown ones are told as such") {
  CHECK(parse_grpc_status("0") == GrpcStatus::ok);
  CHECK(parse_grpc_status("16") == GrpcStatus::unauthenticated);
  CHECK(parse_grpc_status("17") == GrpcStatus::unknown);
  CHECK_FALSE(parse_grpc_status(""));
  CHECK_FALSE(parse_grpc_status("-1"));
  CHECK_FALSE(parse_grpc_status("OK"));
}

TEST_CASE("a gRPC message is percent-encoded where it is not printable ASCII") {
  Arena arena;
  CHECK(encode_grpc_message("no route\n", arena) == "no route");
  CHECK(encode_grpc_message("100% of \xc3\xa9\ta\r\nb", arena) == "100%25 of %C3%A9%09a%0D%0Ab");
  CHECK(encode_grpc_message("", arena).empty());
}

TEST_CASE("grpc-timeout is at most eight digits and a unit") {
  CHECK(parse_grpc_timeout("2H") == 2h);
  CHECK(parse_grpc_timeout("3M") == 3min);
  CHECK(parse_grpc_timeout("20S") == 20s);
  CHECK(parse_grpc_timeout("100m") == 100ms);
  CHECK(parse_grpc_timeout("7u") == 7us);
  CHECK(parse_grpc_timeout("99999999n") == 99999999ns);
  CHECK(parse_grpc_timeout("0S") == 0s);
  CHECK(parse_grpc_timeout("99999999H") == std::chrono::hours(24 * 365));
  for (const auto* wrong : {"", "S", "1", "-1S", "1.5S", "123456789S", "1 S", "1s", "1SS"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_grpc_timeout(wrong));
  }
}

TEST_CASE("frames come out whole at any split") {
  const std::string bytes = frame("first") + frame("") + frame("third", 1);
  const auto step = GENERATE(1, 2, 3, 5, 7, 100);
  CHECK(frames_of(bytes, static_cast<std::size_t>(step), 5) ==
        std::vector<std::string>{"first", "", "third"});
  CHECK(frames_of(bytes.substr(0, 8), static_cast<std::size_t>(step), 5) == std::vector<std::string>{"cut"});
}

TEST_CASE("a frame larger than allowed is refused before its payload is kept") {
  CHECK(frames_of(frame("123456"), 1, 5) == std::vector<std::string>{"failed"});
  CHECK(frames_of("\xff\xff\xff\xff\xff", 5, 1'000'000) == std::vector<std::string>{"failed"});
}

TEST_CASE("base64 text decodes at any split, also with padding in the middle") {
  const std::string text =
      "Zm9vYmFy"
      "Zg=="
      "Zm8="
      "Zm9v";
  for (std::size_t split = 0; split <= text.size(); ++split) {
    Base64Stream stream;
    std::string decoded;
    REQUIRE(stream.decode(text.substr(0, split), decoded));
    REQUIRE(stream.decode(text.substr(split), decoded));
    CHECK(stream.is_complete());
    CHECK(decoded == "foobarffofoo");
  }
}

TEST_CASE("what is not base64 is refused") {
  for (const auto* wrong : {"Zm9*", "Z===", "====", "Zm=v", "Zh==", "Zm9=", "Zm9v\n", "Zm-_"}) {
    CAPTURE(wrong);
    Base64Stream stream;
    std::string decoded;
    CHECK_FALSE(stream.decode(wrong, decoded));
    CHECK_FALSE(stream.decode("Zm9v", decoded));
  }
  Base64Stream stream;
  std::string decoded;
  CHECK(stream.decode("Zm9vY", decoded));
  CHECK_FALSE(stream.is_complete());
}

TEST_CASE("all bytes survive base64 in both directions") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    std::string text, decoded;
    append_base64(std::string_view(bytes).substr(0, size), text);
    Base64Stream stream;
    REQUIRE(stream.decode(text, decoded));
    REQUIRE((decoded == bytes.substr(0, size)));
  }
}

TEST_CASE("the trailer frame holds lower-case lines that values cannot leave") {
  std::string bytes;
  append_trailer_frame(http::test::fields_of({"Grpc-Status: 0", "grpc-message: a\r\nb: c"}), bytes);
  const std::string lines = "grpc-status: 0\r\ngrpc-message: a  b: c\r\n";
  CHECK(bytes == frame(lines, kGrpcWebTrailers));
}
