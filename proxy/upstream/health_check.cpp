// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/health_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/version.h"
#include "proxy/http/head_scanner.h"
#include "proxy/http/http1_codec.h"

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

Task<CheckOutcome> connect(io::Socket& socket, SocketAddress address, Patience patience) {
  const int fd = io::start_connect(address);
  if (fd < 0 || !socket.open(fd)) co_return failed("cannot connect");
  const io::Wake wake = co_await io::Wait(socket, io::Direction::write, patience.deadline, &patience.cancel);
  if (wake != io::Wake::ready) co_return failed(wake);
  if (socket.is_broken() && socket.take_error() != 0) co_return failed("connection refused");
  co_return CheckOutcome{true, {}};
}

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

}  // namespace

Task<CheckOutcome> check_endpoint(io::EventLoop& loop, const SocketAddress& address,
                                  const ir::ActiveHealthCheck& check, io::CancelSource& cancel) {
  const Patience patience{loop.now() + check.timeout, cancel};
  io::Socket socket(loop);
  auto connected = co_await connect(socket, address, patience);
  if (!connected.passed || check.kind == ir::ActiveHealthCheck::Kind::tcp) co_return connected;
  if (has_control_or_space(check.path) || has_control_or_space(check.host))
    co_return failed("the path or host of the check is malformed");
  auto sent = co_await send(socket, request_text(address, check), patience);
  if (!sent.passed) co_return sent;
  co_return co_await read_status(socket, check, patience);
}

}  // namespace gatehouse::proxy
