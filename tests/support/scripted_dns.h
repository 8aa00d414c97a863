// SPDX-License-Identifier: Apache-2.0
// A name server on the loopback, UDP and TCP, that answers what the test says.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/ip.h"

namespace gatehouse::test {

/// What there is under one name.
struct DnsZone {
  enum class Mood : std::uint8_t {
    answers,
    refuses,  ///< SERVFAIL
    silent,
  };
  std::vector<std::string> addresses;  ///< of both families
  std::uint32_t ttl = 300;
  Mood mood = Mood::answers;
  std::string alias{};  ///< a CNAME to this name, whose addresses these are
  std::uint32_t alias_ttl = 300;
};

/// Answers from construction to destruction. Names without a zone do not exist (NXDOMAIN). What does not fit
/// into 512 bytes is truncated, and complete over TCP. Any thread.
class ScriptedDns {
 public:
  ScriptedDns();
  ~ScriptedDns();
  ScriptedDns(const ScriptedDns&) = delete;
  ScriptedDns& operator=(const ScriptedDns&) = delete;

  const SocketAddress& address() const { return address_; }
  void set(const std::string& name, DnsZone zone);
  void remove(const std::string& name);
  /// Questions for the A records of `name` so far.
  int questions(const std::string& name) const;

 private:
  struct Question {
    std::string name;
    std::uint16_t type = 0;
    std::size_t end = 0;  ///< behind it in the query
  };

  void run();
  void answer_datagram();
  bool answer_stream(int fd);
  std::string answer_to(std::string_view query);
  static bool read_question(std::string_view query, Question& question);
  std::string records_for(const Question& question, const DnsZone& zone, int& count) const;

  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;
  SocketAddress address_;
  std::vector<int> streams_;
  mutable std::mutex mutex_;
  std::map<std::string, DnsZone> zones_;
  std::map<std::string, int> questions_;
  std::thread thread_;
};

}  // namespace gatehouse::test
