// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/http2_call.h"

#include "base/text.h"

namespace gatehouse::proxy {
namespace {

constexpr int kMostInterim = 16;  // F24

Http2Session::Options client_options() {
  Http2Session::Options options;
  options.role = Http2Session::Role::client;
  return options;
}

}  // namespace

Http2Call::Http2Call(io::EventLoop& loop)
    : session_(loop, buffers_, *this, client_options()),
      channel_(loop, buffers_, Side::upstream),
      ended_(loop) {}

bool Http2Call::start(io::Socket& connected) {
  auto transport = connected.take_transport();
  const int fd = connected.release_fd();
  if (!session_.socket().open(fd)) return false;
  if (transport) session_.socket().set_transport(std::move(transport));
  runs_ = session_.start();
  return runs_;
}

Task<Result<Http2Call::Answer>> Http2Call::ask(std::span<const HeaderField> head, std::string_view body,
                                               WaitLimits limits) {
  channel_.begin(arena_);
  if (!session_.submit_request(channel_, head, body.empty() ? Http2Body::none : Http2Body::follows))
    co_return Error{Fault::closed, Side::upstream, Retry::never, "the connection takes no stream"};
  if (!body.empty()) {
    const Chunk whole{body, true};
    const auto sent = co_await channel_.send_body(whole, nullptr, limits);
    if (!sent) co_return sent.error();
  }
  Answer answer;
  for (int i = 0; i <= kMostInterim && answer.status < 200; ++i) {
    const auto here = co_await channel_.wait_for_head(limits);
    if (!here) co_return here.error();
    take_fields(channel_.next_head(), answer);
  }
  for (;;) {
    const auto chunk = co_await channel_.read_body(limits);
    if (!chunk) co_return chunk.error();
    if (answer.body.size() + chunk->data.size() > kMostBody)
      co_return Error{Fault::too_large, Side::upstream, Retry::never, "the answer is too large"};
    answer.body.append(chunk->data);
    const bool is_last = chunk->end;
    channel_.consume_body(chunk->data.size());
    if (is_last) break;
  }
  take_fields(channel_.trailers(), answer);
  co_return answer;
}

void Http2Call::take_fields(std::span<const HeaderField> fields, Answer& answer) const {
  for (const auto& field : fields) {
    if (field.name == ":status")
      answer.status = static_cast<std::uint16_t>(parse_decimal(field.value).value_or(0));
    if (field.name == "grpc-status") answer.grpc_status = parse_decimal(field.value);
  }
}

Task<> Http2Call::end() {
  channel_.detach();
  if (!runs_ || session_.close()) co_return;
  while (runs_) co_await io::SignalWait(ended_, io::kNoDeadline, nullptr);
}

void Http2Call::session_ended() {
  runs_ = false;
  ended_.raise();
}

}  // namespace gatehouse::proxy
