// SPDX-License-Identifier: Apache-2.0
// Datagrams taken and sent many at a time (recvmmsg, sendmmsg).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "base/ip.h"

namespace gatehouse::proxy {

/// Room for kCount datagrams of any size; untouched room costs no memory. One at a time is worked on.
class DatagramBatch {
 public:
  static constexpr unsigned kCount = 32;
  static constexpr std::size_t kLargest = 64 * 1024;

  DatagramBatch();

  /// How many came, or -1 with errno.
  int receive(int fd);

  std::string_view bytes(unsigned at) const {
    return {static_cast<const char*>(parts_[at].iov_base), messages_[at].msg_len};
  }
  bool was_cut(unsigned at) const { return messages_[at].msg_hdr.msg_flags & MSG_TRUNC; }
  SocketAddress from(unsigned at) const { return SocketAddress::from(names_[at]); }
  /// The address of ours that it was sent to, where the socket tells.
  std::optional<IpAddress> to(unsigned at) const;

  /// Sends datagrams [begin, end) of what was received over the connected `fd`, or through the unconnected
  /// one to `name`, from `source` where it is set. How many the system took; errno when that is none.
  unsigned send(int fd, unsigned begin, unsigned end);
  unsigned send(int fd, unsigned begin, unsigned end, const SocketAddress& name,
                const std::optional<IpAddress>& source);

 private:
  using Control = std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))>;

  unsigned send_prepared(int fd, unsigned begin, unsigned end);
  static std::size_t write_source(Control& control, const IpAddress& source);

  std::unique_ptr<char[]> bytes_;
  std::array<mmsghdr, kCount> messages_{};
  std::array<iovec, kCount> parts_{};
  std::array<sockaddr_storage, kCount> names_{};
  alignas(cmsghdr) std::array<Control, kCount> controls_{};
};

}  // namespace gatehouse::proxy
