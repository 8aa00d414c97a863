// SPDX-License-Identifier: Apache-2.0
// Asks the Domain Name System for the addresses of names, many at a time, without blocking (c-ares).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace gatehouse::gateway {

/// What became of the lookup of one name.
struct DnsAnswer {
  enum class State : std::uint8_t { found, not_found, failed };
  std::string name;
  State state = State::failed;
  std::vector<IpAddress> addresses;  ///< A and AAAA, sorted, each once; empty unless found
  std::chrono::seconds ttl{0};       ///< the shortest of the records; 0 for what stands in /etc/hosts
  bool tries_timed_out = false;      ///< found, but perhaps not all of it
  std::string_view why;              ///< not found or failed: in words
};

struct DnsOptions {
  std::vector<SocketAddress> servers;        ///< empty: those of /etc/resolv.conf, read again when it changes
  std::chrono::milliseconds timeout{2'000};  ///< of the first try; later ones wait longer
  int tries = 3;
};

/// Looks at /etc/hosts and the search domains as getaddrinfo does. Answers are checked against their question
/// by c-ares, which also picks random ids and source ports (B10). One thread. Lookups that are under way when
/// it ends are dropped at once.
class DnsClient {
 public:
  explicit DnsClient(DnsOptions options);
  ~DnsClient();
  DnsClient(const DnsClient&) = delete;
  DnsClient& operator=(const DnsClient&) = delete;

  void look_up(const std::string& name);
  std::size_t pending() const;  ///< lookups whose answer wait() has not returned yet

  /// Waits until a lookup has ended, `wake_fd` is readable, or `longest` has passed. Returns what has ended.
  std::vector<DnsAnswer> wait(int wake_fd, std::chrono::milliseconds longest);

 private:
  struct Channel;
  std::unique_ptr<Channel> channel_;
};

}  // namespace gatehouse::gateway
