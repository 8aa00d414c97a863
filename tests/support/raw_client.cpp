// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raw_client.h"

namespace gatehouse::test {

RawClient::RawClient(const SocketAddress& to, std::function<void()> settle)
    : socket_(WireSocket::connect(to)), settle_(std::move(settle)) {}

bool RawClient::send(std::string_view bytes) {
  if (!settle_) return socket_.write(bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!socket_.write(bytes.substr(i, 1))) return false;
    settle_();
  }
  return true;
}

bool RawClient::send_segments(std::initializer_list<std::string_view> parts) {
  for (const auto part : parts) {
    if (!socket_.write(part)) return false;
    if (settle_) settle_();
  }
  return true;
}

bool RawClient::read_more(std::chrono::milliseconds patience) {
  if (ended_) return false;
  switch (socket_.read(rest_, patience)) {
    case WireSocket::Got::bytes:
      return true;
    case WireSocket::Got::reset:
      reset_ = true;
      [[fallthrough]];
    case WireSocket::Got::end:
      ended_ = true;
      return false;
    default:
      return false;
  }
}

std::optional<WireMessage> RawClient::read_response(HasBody body) {
  for (;;) {
    std::string_view left(rest_);
    // A reset is no end that a body may be delimited by.
    const auto stream = ended_ && !reset_ ? Stream::ended : Stream::open;
    if (auto response = take_response(left, body, stream)) {
      rest_ = std::string(left);
      return response;
    }
    if (!read_more(kPatience) && (!ended_ || stream == Stream::ended || reset_)) return std::nullopt;
  }
}

std::optional<WireMessage> RawClient::read_final_response(HasBody body) {
  for (;;) {
    auto response = read_response(body);
    if (!response || response->status() >= 200 || response->status() == 101) return response;
  }
}

bool RawClient::wait_for(std::string_view text) {
  while (rest_.find(text) == std::string::npos)
    if (!read_more(kPatience)) return false;
  return true;
}

bool RawClient::is_closed(std::chrono::milliseconds patience) {
  while (read_more(patience)) {
  }
  return ended_;
}

}  // namespace gatehouse::test
