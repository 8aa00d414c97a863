// SPDX-License-Identifier: Apache-2.0
#include "tls/handshake.h"

#include <array>

namespace gatehouse::tls {
namespace {

using io::Task;
using io::Transfer;

constexpr std::size_t kPeekBytes = kMaxClientHello + 8;

Error wake_error(io::Wake wake, Side side) {
  const Retry retry = side == Side::upstream ? Retry::safe : Retry::never;
  if (wake == io::Wake::timeout) return {Fault::timeout, side, retry, "the TLS handshake took too long"};
  return {Fault::cancelled, side, Retry::never, "the other side went away"};
}

Error hello_error(Fault fault, std::string_view why) {
  return {fault, Side::downstream, Retry::never, why};
}

/// Bytes on the stack of one call only: a coroutine that waits does not hold them.
struct Peeked {
  Transfer transfer;
  HelloScan scan;
};

Peeked peek_once(io::Socket& socket, std::size_t known) {
  static thread_local std::array<char, kPeekBytes> bytes;
  Peeked peeked;
  peeked.transfer = socket.peek(bytes, known);
  if (peeked.transfer.state == Transfer::State::done)
    peeked.scan = scan_client_hello({bytes.data(), peeked.transfer.bytes});
  return peeked;
}

}  // namespace

Task<Result<ClientHello>> peek_client_hello(io::Socket& socket, HandshakeLimits limits) {
  std::size_t known = 0;
  for (;;) {
    if (!socket.is_open()) co_return wake_error(io::Wake::cancelled, Side::downstream);
    auto peeked = peek_once(socket, known);
    switch (peeked.transfer.state) {
      case Transfer::State::done:
        known = peeked.transfer.bytes;
        if (peeked.scan.state == HelloScan::State::complete) co_return std::move(peeked.scan.hello);
        if (peeked.scan.state == HelloScan::State::not_tls)
          co_return hello_error(Fault::bad_request, "the client does not speak TLS");
        if (peeked.scan.state == HelloScan::State::malformed)
          co_return hello_error(Fault::bad_request, "the client's first TLS message is broken");
        break;
      case Transfer::State::would_block:
        break;
      case Transfer::State::end:
        co_return hello_error(Fault::closed, "the client went away before its first TLS message");
      case Transfer::State::failed:
        co_return hello_error(Fault::reset, "the connection broke before the first TLS message");
    }
    const io::Wake wake = co_await io::Wait(socket, io::Direction::read, limits.deadline, limits.cancel);
    if (wake != io::Wake::ready) co_return wake_error(wake, Side::downstream);
  }
}

Task<Result<HandshakeFacts>> handshake(io::Socket& socket, HandshakeLimits limits) {
  if (!socket.is_open()) co_return wake_error(io::Wake::cancelled, Side::internal);
  const Side side = static_cast<TlsStream*>(socket.transport())->other_side();
  if (!limits.gate) static_cast<TlsStream*>(socket.transport())->permit();
  for (;;) {
    if (!socket.is_open()) co_return wake_error(io::Wake::cancelled, side);
    auto& stream = *static_cast<TlsStream*>(socket.transport());
    const auto step = socket.read({});
    if (stream.is_established()) co_return stream.facts();
    if (step.state != Transfer::State::would_block) co_return stream.failure();
    io::Wake wake = io::Wake::ready;
    if (stream.wants_permit()) {
      wake = co_await GateWait(*limits.gate, limits.deadline, limits.cancel);
      if (wake == io::Wake::ready && socket.is_open()) stream.permit();
    } else {
      wake = co_await io::Wait(socket, io::Direction::read, limits.deadline, limits.cancel);
    }
    if (wake != io::Wake::ready) co_return wake_error(wake, side);
  }
}

}  // namespace gatehouse::tls
