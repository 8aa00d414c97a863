// SPDX-License-Identifier: Apache-2.0
// A TCP socket on the loopback whose every wait has a deadline.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace gatehouse::test {

/// Far more than any step takes; only a test that fails waits that long.
constexpr std::chrono::milliseconds kPatience{5'000};

/// An owned, connected, non-blocking socket with TCP_NODELAY. One thread at a time.
class WireSocket {
 public:
  WireSocket() = default;
  explicit WireSocket(int fd);
  ~WireSocket() { close(); }
  WireSocket(WireSocket&& other) noexcept;
  WireSocket& operator=(WireSocket&& other) noexcept;
  WireSocket(const WireSocket&) = delete;
  WireSocket& operator=(const WireSocket&) = delete;

  /// Fails the test when the connection is refused.
  static WireSocket connect(const SocketAddress& to);

  enum class Got { bytes, end, reset, timeout, interrupted };
  /// Got::bytes also when the end or an error is there to be read.
  Got wait_readable(std::chrono::milliseconds patience = kPatience, int interrupt = -1);
  /// Appends what is there; waits for at least one byte. `interrupt` is a descriptor whose readability ends
  /// the wait; -1: none.
  Got read(std::string& into, std::chrono::milliseconds patience = kPatience, int interrupt = -1);
  /// All of it, or false when the peer is gone or takes nothing for the patience.
  bool write(std::string_view bytes, std::chrono::milliseconds patience = kPatience, int interrupt = -1);

  void half_close();  ///< FIN; reading goes on
  void reset();       ///< RST
  void close();
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

/// A listening socket on 127.0.0.1 and a port that the system chose, non-blocking.
struct WireListener {
  int fd = -1;
  SocketAddress address;
};
WireListener listen_on_loopback();

}  // namespace gatehouse::test
