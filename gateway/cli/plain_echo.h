// SPDX-License-Identifier: Apache-2.0
// The demo backend of ports that are not HTTP: sends back what comes.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "base/ip.h"

namespace gatehouse::gateway {

/// TCP streams and UDP datagrams come back as they are; a FIN is answered by one, once everything is back.
/// Listen first, then run(), which serves on a thread of its own until the destruction.
class PlainEcho {
 public:
  PlainEcho();
  ~PlainEcho();
  PlainEcho(const PlainEcho&) = delete;
  PlainEcho& operator=(const PlainEcho&) = delete;

  /// Where it listens, with the port that was taken for 0; or one line for the user.
  using Started = std::variant<SocketAddress, std::string>;
  Started listen_tcp(const SocketAddress& address);
  Started listen_udp(const SocketAddress& address);
  void run();

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace gatehouse::gateway
