// SPDX-License-Identifier: Apache-2.0
// A downstream stream as a multiplexed protocol has it: in memory, with flow-control windows both ways.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "proxy/stream.h"

namespace gatehouse::proxy {

/// Wakes one wait of a scripted stream. A socketpair, because io::Wait waits for sockets.
class Bell {
 public:
  explicit Bell(io::EventLoop& loop) : socket_(loop) {
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    REQUIRE(socket_.open(fds[0]));
    rope_ = fds[1];
  }
  ~Bell() { close(rope_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring() { static_cast<void>(!write(rope_, "!", 1)); }
  void silence() {
    std::array<char, 64> heard;
    socket_.read(heard);
  }
  io::Socket& socket() { return socket_; }

 private:
  io::Socket socket_;
  int rope_ = -1;
};

/// What came out of the stream towards the client.
struct StreamOutput {
  std::vector<int> interim;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;
  bool ended = false;
  bool was_reset = false;
};

/// Body bytes come in as the peer's credit allows, and only consume_body() returns credit; sends block while
/// the peer's window is closed. Every rule of proxy/stream.h that the exchange breaks is in broken_rules().
/// Thread: the loop's.
class ScriptedStream final : public DownstreamStream {
 public:
  static constexpr std::size_t kReceiveWindow = 64 * 1024;

  explicit ScriptedStream(io::EventLoop& loop) : arrivals_(loop), window_bell_(loop), peer_gone_(loop) {}

  // --- the client's side
  void client_sends(std::string_view bytes) {
    unsent_ += bytes;
    flow();
  }
  void client_ends(std::vector<std::pair<std::string, std::string>> trailers = {}) {
    trailer_text_ = std::move(trailers);
    for (const auto& [name, value] : trailer_text_) trailers_.push_back({name, value, FieldId::other});
    client_ended_ = true;
    arrivals_.ring();
  }
  void client_leaves() {
    gone_ = true;
    peer_gone_.fire();
    arrivals_.ring();
    window_bell_.ring();
  }
  /// Adds to what the exchange may send.
  void open_window(std::size_t bytes) {
    send_window_ += bytes;
    window_bell_.ring();
  }
  /// The operation with this number, and all after it, fail as on a broken connection.
  void fail_at(int operation) { fail_at_ = operation; }

  const StreamOutput& output() const { return output_; }
  const std::vector<std::string>& broken_rules() const { return broken_rules_; }
  int operations() const { return operations_; }
  std::size_t unsent() const { return unsent_.size() - flown_; }
  std::size_t largest_arrived() const { return largest_arrived_; }
  bool is_tunnel() const { return tunnel_; }

  // --- DownstreamStream
  Chunk buffered_body() override { return {arrived_, client_ended_ && unsent() == 0}; }

  Task<Result<Chunk>> read_body(WaitLimits limits) override {
    if (reading_) rule("two reads at once");
    reading_ = true;
    auto result = co_await read_one(limits);
    reading_ = false;
    co_return result;
  }

  void consume_body(std::size_t size) override {
    if (size > arrived_.size()) return rule("consumed more than had arrived");
    arrived_.erase(0, size);
    flow();
  }

  const http::HeaderList& trailers() const override { return trailers_; }

  Task<Result<void>> send_head(http::ResponseHead& head, Chunk first, WaitLimits limits) override {
    if (output_.status != 0) rule("a head behind the final one");
    if (output_.was_reset) rule("a head after reset");
    if (const auto failed = failing()) co_return *failed;
    if (head.status < 200 && head.status != 101) {
      output_.interim.push_back(head.status);
      co_return Result<void>();
    }
    output_.status = head.status;
    for (const auto& field : head.fields)
      output_.fields.emplace_back(std::string(field.name), std::string(field.value));
    const bool no_body = head.framing.kind == http::BodyKind::none && head.status != 101;
    co_return co_await send_all(Chunk{first.data, first.end || no_body}, nullptr, limits);
  }

  Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) override {
    if (output_.status == 0) rule("a body before the head");
    if (output_.ended) rule("a body behind its end");
    if (output_.was_reset) rule("a body after reset");
    if (sending_) rule("two sends at once");
    if (const auto failed = failing()) co_return *failed;
    co_return co_await send_all(chunk, trailers, limits);
  }

  void reset(const Error&) override { output_.was_reset = true; }
  void start_tunnel() override { tunnel_ = true; }
  io::CancelSource& peer_gone() override { return peer_gone_; }

 private:
  void rule(std::string what) { broken_rules_.push_back(std::move(what)); }

  std::optional<Error> failing() {
    const bool fails = fail_at_ >= 0 && operations_ >= fail_at_;
    ++operations_;
    if (fails || gone_) return Error{Fault::reset, Side::downstream, Retry::never, "scripted failure"};
    return std::nullopt;
  }

  void flow() {
    const auto room = kReceiveWindow - arrived_.size();
    const auto size = std::min(room, unsent());
    arrived_.append(unsent_, flown_, size);
    flown_ += size;
    largest_arrived_ = std::max(largest_arrived_, arrived_.size());
    if (size != 0) arrivals_.ring();
  }

  static Error error_of(io::Wake wake) {
    const auto fault = wake == io::Wake::timeout ? Fault::timeout : Fault::cancelled;
    return Error{fault, Side::downstream, Retry::never, "scripted wait ended"};
  }

  Task<Result<Chunk>> read_one(WaitLimits limits) {
    if (const auto failed = failing()) co_return *failed;
    for (;;) {
      const Chunk chunk = buffered_body();
      if (chunk.end || !chunk.data.empty()) co_return chunk;
      if (gone_) co_return Error{Fault::reset, Side::downstream, Retry::never, "the client is gone"};
      const io::Wake wake =
          co_await io::Wait(arrivals_.socket(), io::Direction::read, limits.deadline, limits.cancel);
      if (wake != io::Wake::ready) co_return error_of(wake);
      arrivals_.silence();
    }
  }

  Task<Result<void>> send_all(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) {
    sending_ = true;
    while (!chunk.data.empty()) {
      if (gone_) break;
      const auto size = std::min(send_window_, chunk.data.size());
      output_.body += chunk.data.substr(0, size);
      chunk.data.remove_prefix(size);
      send_window_ -= size;
      if (chunk.data.empty()) break;
      const io::Wake wake =
          co_await io::Wait(window_bell_.socket(), io::Direction::read, limits.deadline, limits.cancel);
      if (wake != io::Wake::ready) {
        sending_ = false;
        co_return error_of(wake);
      }
      window_bell_.silence();
    }
    sending_ = false;
    if (gone_) co_return Error{Fault::reset, Side::downstream, Retry::never, "the client is gone"};
    if (chunk.end) output_.ended = true;
    if (chunk.end && trailers)
      for (const auto& field : *trailers)
        output_.trailers.emplace_back(std::string(field.name), std::string(field.value));
    co_return Result<void>();
  }

  Bell arrivals_;
  Bell window_bell_;
  io::CancelSource peer_gone_;
  std::string unsent_;     ///< all that the client wrote
  std::size_t flown_ = 0;  ///< of it, within the window
  std::string arrived_;    ///< within the window, not consumed
  std::vector<std::pair<std::string, std::string>> trailer_text_;
  http::HeaderList trailers_;
  StreamOutput output_;
  std::vector<std::string> broken_rules_;
  std::size_t send_window_ = 0;
  std::size_t largest_arrived_ = 0;
  int operations_ = 0;
  int fail_at_ = -1;
  bool client_ended_ = false;
  bool gone_ = false;
  bool tunnel_ = false;
  bool reading_ = false;
  bool sending_ = false;
};

}  // namespace gatehouse::proxy
