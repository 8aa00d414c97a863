// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/health_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/version.h"
#include "proxy/http/grpc.h"
#include "proxy/http/head_scanner.h"
#include "proxy/http/http1_codec.h"
#include "proxy/http/protobuf_wire.h"
#include "proxy/upstream/http2_call.h"

namespace gatehouse::proxy {
namespace {

using io::Task;

constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::size_t kReadSize = 2 * 1024;
constexpr std::string_view kTooSlow = "no answer in time";
constexpr std::string_view kBroken = "the connection broke";

/// Of one check.
struct Patience {
  MonoTime deadline;
  io::CancelSource& cancel;
};

CheckOutcome failed(std::string_view why) {
  return {false, std::string(why)};
}

CheckOutcome failed(io::Wake wake) {
  return failed(wake == io::Wake::timeout ? kTooSlow : std::string_view());
}

bool is_expected(const ir::ActiveHealthCheck& check, std::uint16_t status) {
  return std::any_of(check.expected.begin(), check.expected.end(),
                     [status](const auto& range) { return range.first <= status && status <= range.last; });
}

/// What would end a line or a word early.
bool has_control_or_space(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

std::string request_text(const SocketAddress& address, const ir::ActiveHealthCheck& check) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gatehouse/{} health check\r\nAccept: */*\r\n"
      "Connection: close\r\n\r\n",
      check.path, check.host.empty() ? address.to_string() : check.host, kVersion);
}

/// Reads the bytes of a response up to the end of its final head.
class HeadReader {
 public:
  enum class State : std::uint8_t { need_more, complete, broken };

  State take(std::string_view more) {
    bytes_.append(more);
    for (;;) {
      const auto scan = scanner_.scan(bytes_);
      if (scan == http::HeadScanner::State::need_more)
        return bytes_.size() < kMaxHead ? State::need_more : State::broken;
      if (scan != http::HeadScanner::State::complete) return State::broken;
      http::ResponseHead head;
      if (http::parse_response_head(std::string_view(bytes_).substr(0, scanner_.size()), head))
        return State::broken;
      status_ = head.status;
      if (status_ >= 200 || status_ == 101) return State::complete;
      bytes_.erase(0, scanner_.size());  // an interim response: the final one follows
      scanner_.reset();
    }
  }
  std::uint16_t status() const { return status_; }

 private:
  std::string bytes_;
  http::HeadScanner scanner_;
  std::uint16_t status_ = 0;
};

Task<CheckOutcome> send(io::Socket& socket, std::string text, Patience patience) {
  for (std::size_t sent = 0; sent < text.size();) {
    const io::Wake wake =
        co_await io::Wait(socket, io::Direction::write, patience.deadline, &patience.cancel);
    if (wake != io::Wake::ready) co_return failed(wake);
    const iovec part{text.data() + sent, text.size() - sent};
    const auto written = socket.write({&part, 1});
    if (written.state == io::Transfer::State::failed) co_return failed(kBroken);
    sent += written.bytes;
  }
  co_return CheckOutcome{true, {}};
}

Task<CheckOutcome> read_status(io::Socket& socket, const ir::ActiveHealthCheck& check, Patience patience) {
  HeadReader reader;
  std::array<char, kReadSize> buffer;
  for (;;) {
    const io::Wake wake = co_await io::Wait(socket, io::Direction::read, patience.deadline, &patience.cancel);
    if (wake != io::Wake::ready) co_return failed(wake);
    const auto got = socket.read(buffer);
    if (got.state == io::Transfer::State::would_block) continue;
    if (got.state != io::Transfer::State::done) co_return failed(kBroken);
    const auto state = reader.take({buffer.data(), got.bytes});
    if (state == HeadReader::State::broken) co_return failed("the answer is not HTTP");
    if (state == HeadReader::State::need_more) continue;
    if (is_expected(check, reader.status())) co_return CheckOutcome{true, {}};
    co_return CheckOutcome{false, fmt::format("status {}", reader.status())};
  }
}

/// Why no connection came about, or a call over it failed.
CheckOutcome failed(const Error& error) {
  switch (error.fault) {
    case Fault::cancelled:
      return failed(std::string_view());
    case Fault::timeout:
      return failed(kTooSlow);
    case Fault::reset:
    case Fault::closed:
      return failed(kBroken);
    default:
      return failed(error.detail);
  }
}

/// HealthCheckRequest with its one field, in a gRPC frame.
std::string health_question(std::string_view service) {
  http::ProtobufWriter message;
  if (!service.empty()) message.text(1, service);
  std::string frame(http::kGrpcFrameHead, '\0');
  http::write_grpc_frame_head(frame.data(), 0, static_cast<std::uint32_t>(message.data().size()));
  return frame.append(message.data());
}

/// HealthCheckResponse: its status is SERVING.
CheckOutcome judge_health(const Http2Call::Answer& answer) {
  constexpr std::uint64_t kServing = 1;
  if (answer.status != 200) return {false, fmt::format("status {}", answer.status)};
  if (answer.grpc_status != 0U) return {false, fmt::format("grpc-status {}", answer.grpc_status.value_or(2))};
  http::GrpcFrameReader reader(Http2Call::kMostBody);
  if (reader.feed(answer.body).state != http::GrpcFrameReader::State::frame || reader.flags() != 0)
    return failed("the answer is not one gRPC message");
  std::uint64_t status = 0;
  http::ProtobufReader message(reader.payload());
  while (const auto field = message.next())
    if (field->number == 1) status = field->value;
  if (message.is_broken()) return failed("the answer is broken");
  return status == kServing ? CheckOutcome{true, {}} : failed("the service is not serving");
}

/// One request, whichever the check wants.
struct Http2Question {
  http::HeaderList head;
  std::string body;
};

Http2Question question_of(const std::string& authority, const ir::ActiveHealthCheck& check, bool secure) {
  const bool grpc = check.kind == ir::ActiveHealthCheck::Kind::grpc;
  Http2Question question;
  const auto add = [&question](std::string_view name, std::string_view value) {
    question.head.push_back({name, value, field_id(name)});
  };
  add(":method", grpc ? "POST" : "GET");
  add(":scheme", secure ? "https" : "http");
  add(":authority", authority);
  add(":path", grpc ? std::string_view("/grpc.health.v1.Health/Check") : std::string_view(check.path));
  add("user-agent", "gatehouse health check");
  if (!grpc) return question;
  add("content-type", "application/grpc");
  add("te", "trailers");
  question.body = health_question(check.host);
  return question;
}

Task<CheckOutcome> check_over_http2(io::Socket& socket, const SocketAddress& address,
                                    const ir::ActiveHealthCheck& check, Patience patience) {
  const bool grpc = check.kind == ir::ActiveHealthCheck::Kind::grpc;
  const std::string authority = grpc || check.host.empty() ? address.to_string() : check.host;
  const auto question = question_of(authority, check, socket.transport() != nullptr);
  Http2Call call(socket.loop());
  if (!call.start(socket)) co_return failed("cannot connect");
  const WaitLimits limits{patience.deadline, &patience.cancel};
  const auto answer = co_await call.ask(question.head, question.body, limits);
  co_await call.end();
  if (!answer) co_return failed(answer.error());
  if (grpc) co_return judge_health(*answer);
  if (is_expected(check, answer->status)) co_return CheckOutcome{true, {}};
  co_return CheckOutcome{false, fmt::format("status {}", answer->status)};
}

}  // namespace

Task<CheckOutcome> check_endpoint(io::EventLoop& loop, const SocketAddress& address,
                                  const ir::ActiveHealthCheck& check, const DialPlan& plan,
                                  io::CancelSource& cancel) {
  using Kind = ir::ActiveHealthCheck::Kind;
  const Patience patience{loop.now() + check.timeout, cancel};
  io::Socket socket(loop);
  DialPlan wanted = plan;
  if (check.kind == Kind::grpc) wanted.protocol = ir::ClusterProtocol::http2;
  const WaitLimits limits{patience.deadline, &cancel};
  const Ref<tls::SessionSlot> no_session;
  const auto spoken = co_await dial(socket, address, wanted, no_session, limits);
  if (!spoken) co_return failed(spoken.error());
  if (check.kind == Kind::tcp) co_return CheckOutcome{true, {}};
  if (has_control_or_space(check.path) || has_control_or_space(check.host))
    co_return failed("the path or host of the check is malformed");
  if (*spoken == Spoken::http2) co_return co_await check_over_http2(socket, address, check, patience);
  auto sent = co_await send(socket, request_text(address, check), patience);
  if (!sent.passed) co_return sent;
  co_return co_await read_status(socket, check, patience);
}

}  // namespace gatehouse::proxy
