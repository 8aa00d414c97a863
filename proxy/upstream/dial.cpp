// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/dial.h"

#include <cerrno>

namespace gatehouse::proxy {
namespace {

Error failed(Fault fault, Retry retry, std::string_view why) {
  return {fault, Side::upstream, retry, why};
}

}  // namespace

Task<Result<void>> dial(io::Socket& socket, const SocketAddress& endpoint, WaitLimits limits) {
  const int fd = io::start_connect(endpoint);
  if (fd < 0) {
    const bool system = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    co_return failed(system ? Fault::system : Fault::refused, Retry::safe, "cannot connect");
  }
  if (!socket.open(fd)) co_return failed(Fault::system, Retry::safe, "cannot watch another connection");
  const io::Wake wake = co_await io::Wait(socket, io::Direction::write, limits.deadline, limits.cancel);
  if (wake == io::Wake::timeout) co_return failed(Fault::timeout, Retry::safe, "connect timed out");
  if (wake == io::Wake::cancelled)
    co_return failed(Fault::cancelled, Retry::never, "the other side went away");
  if (socket.is_broken() && socket.take_error() != 0)
    co_return failed(Fault::refused, Retry::safe, "connection refused");
  co_return Result<void>();
}

}  // namespace gatehouse::proxy
