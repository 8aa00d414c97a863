// SPDX-License-Identifier: Apache-2.0
#include "proxy/l4/datagram_batch.h"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>

namespace gatehouse::proxy {

DatagramBatch::DatagramBatch() : bytes_(new char[kCount * kLargest]) {}

int DatagramBatch::receive(int fd) {
  for (unsigned i = 0; i < kCount; ++i) {
    parts_[i] = {bytes_.get() + i * kLargest, kLargest};
    messages_[i].msg_hdr = {};
    messages_[i].msg_hdr.msg_name = &names_[i];
    messages_[i].msg_hdr.msg_namelen = sizeof names_[i];
    messages_[i].msg_hdr.msg_iov = &parts_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_control = controls_[i].data();
    messages_[i].msg_hdr.msg_controllen = controls_[i].size();
  }
  int count;
  do {
    count = recvmmsg(fd, messages_.data(), kCount, MSG_DONTWAIT, nullptr);
  } while (count < 0 && errno == EINTR);
  return count;
}

std::optional<IpAddress> DatagramBatch::to(unsigned at) const {
  auto header = messages_[at].msg_hdr;
  for (cmsghdr* entry = CMSG_FIRSTHDR(&header); entry; entry = CMSG_NXTHDR(&header, entry)) {
    IpAddress address;
    if (entry->cmsg_level == IPPROTO_IP && entry->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(entry), sizeof info);
      std::memcpy(address.bytes.data(), &info.ipi_addr, sizeof info.ipi_addr);
      return address;
    }
    if (entry->cmsg_level == IPPROTO_IPV6 && entry->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(entry), sizeof info);
      std::memcpy(address.bytes.data(), &info.ipi6_addr, sizeof info.ipi6_addr);
      address.v6 = true;
      return address;
    }
  }
  return std::nullopt;
}

std::size_t DatagramBatch::write_source(Control& control, const IpAddress& source) {
  control.fill(0);
  auto* entry = reinterpret_cast<cmsghdr*>(control.data());
  if (source.v6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, source.bytes.data(), sizeof info.ipi6_addr);
    entry->cmsg_level = IPPROTO_IPV6;
    entry->cmsg_type = IPV6_PKTINFO;
    entry->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(entry), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }
  in_pktinfo info{};
  std::memcpy(&info.ipi_spec_dst, source.bytes.data(), sizeof info.ipi_spec_dst);
  entry->cmsg_level = IPPROTO_IP;
  entry->cmsg_type = IP_PKTINFO;
  entry->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(entry), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

unsigned DatagramBatch::send(int fd, unsigned begin, unsigned end) {
  for (unsigned i = begin; i < end; ++i) {
    messages_[i].msg_hdr.msg_name = nullptr;
    messages_[i].msg_hdr.msg_namelen = 0;
    messages_[i].msg_hdr.msg_control = nullptr;
    messages_[i].msg_hdr.msg_controllen = 0;
  }
  return send_prepared(fd, begin, end);
}

unsigned DatagramBatch::send(int fd, unsigned begin, unsigned end, const SocketAddress& name,
                             const std::optional<IpAddress>& source) {
  const socklen_t size = name.write(names_[begin]);
  const std::size_t control = source ? write_source(controls_[begin], *source) : 0;
  for (unsigned i = begin; i < end; ++i) {
    messages_[i].msg_hdr.msg_name = &names_[begin];
    messages_[i].msg_hdr.msg_namelen = size;
    messages_[i].msg_hdr.msg_control = source ? controls_[begin].data() : nullptr;
    messages_[i].msg_hdr.msg_controllen = control;
  }
  return send_prepared(fd, begin, end);
}

unsigned DatagramBatch::send_prepared(int fd, unsigned begin, unsigned end) {
  for (unsigned i = begin; i < end; ++i) {
    parts_[i].iov_len = messages_[i].msg_len;
    messages_[i].msg_hdr.msg_flags = 0;
  }
  int sent;
  do {
    sent = sendmmsg(fd, messages_.data() + begin, end - begin, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? 0 : static_cast<unsigned>(sent);
}

}  // namespace gatehouse::proxy
