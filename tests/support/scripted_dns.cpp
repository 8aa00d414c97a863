// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scripted_dns.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gatehouse::test {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kMostDatagram = 512;
constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kAlias = 5;
constexpr std::uint16_t kAaaa = 28;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kServerFailed = 2;
constexpr std::uint16_t kNoSuchName = 3;

void put16(std::string& to, std::size_t value) {
  to += static_cast<char>(value >> 8 & 0xff);
  to += static_cast<char>(value & 0xff);
}

void put32(std::string& to, std::uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xffff);
}

std::string labels_of(const std::string& name) {
  std::string labels;
  for (std::size_t at = 0; at < name.size();) {
    const auto dot = std::min(name.find('.', at), name.size());
    labels += static_cast<char>(dot - at);
    labels += name.substr(at, dot - at);
    at = dot + 1;
  }
  return labels + '\0';
}

void put_record(std::string& to, const std::string& owner, std::uint16_t type, std::uint32_t ttl,
                const std::string& data) {
  to += labels_of(owner);
  put16(to, type);
  put16(to, 1);
  put32(to, ttl);
  put16(to, data.size());
  to += data;
}

std::string head(std::string_view query, std::uint16_t flags, int answers) {
  std::string bytes(query.substr(0, 2));
  put16(bytes, 0x8180 | flags);
  put16(bytes, 1);
  put16(bytes, static_cast<std::size_t>(answers));
  put32(bytes, 0);
  return bytes;
}

int open_socket(int type, SocketAddress& address) {
  sockaddr_storage storage{};
  socklen_t size = address.write(storage);
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&storage), size) != 0) {
    ::close(fd);
    return -1;
  }
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  address = SocketAddress::from(storage);
  return fd;
}

}  // namespace

ScriptedDns::ScriptedDns() : stop_(::eventfd(0, EFD_CLOEXEC)) {
  for (int tries = 0; tcp_ < 0 && tries < 100; ++tries) {  // until a port is free for both
    if (udp_ >= 0) ::close(udp_);
    address_ = *SocketAddress::parse("127.0.0.1:0");
    udp_ = open_socket(SOCK_DGRAM, address_);
    tcp_ = open_socket(SOCK_STREAM, address_);
  }
  if (udp_ < 0 || tcp_ < 0 || ::listen(tcp_, 16) != 0) throw std::runtime_error("no port for a name server");
  thread_ = std::thread([this] { run(); });
}

ScriptedDns::~ScriptedDns() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(stop_, &one, sizeof one));
  thread_.join();
  for (const int fd : streams_) ::close(fd);
  for (const int fd : {udp_, tcp_, stop_}) ::close(fd);
}

void ScriptedDns::set(const std::string& name, DnsZone zone) {
  const std::lock_guard lock(mutex_);
  zones_[name] = std::move(zone);
}

void ScriptedDns::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  zones_.erase(name);
}

int ScriptedDns::questions(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto at = questions_.find(name);
  return at == questions_.end() ? 0 : at->second;
}

void ScriptedDns::run() {
  for (;;) {
    std::vector<pollfd> polled{{stop_, POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
    for (const int fd : streams_) polled.push_back({fd, POLLIN, 0});
    ::poll(polled.data(), polled.size(), -1);
    if (polled[0].revents != 0) return;
    if (polled[1].revents != 0) answer_datagram();
    for (std::size_t i = 3; i < polled.size(); ++i) {
      if (polled[i].revents == 0 || answer_stream(polled[i].fd)) continue;
      ::close(polled[i].fd);
      std::erase(streams_, polled[i].fd);
    }
    if (polled[2].revents != 0) streams_.push_back(::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC));
  }
}

void ScriptedDns::answer_datagram() {
  std::array<char, 4096> buffer;
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  const auto got =
      ::recvfrom(udp_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  if (got <= 0) return;
  const std::string_view query(buffer.data(), static_cast<std::size_t>(got));
  auto answer = answer_to(query);
  Question question;
  if (answer.size() > kMostDatagram && read_question(query, question))
    answer = head(query, kTruncated, 0) + std::string(query.substr(kHeader, question.end - kHeader));
  if (!answer.empty())
    ::sendto(udp_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
}

/// False at the end of the connection. A query comes in one segment on the loopback.
bool ScriptedDns::answer_stream(int fd) {
  std::array<char, 4096> buffer;
  const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 2) return false;
  const auto answer = answer_to({buffer.data() + 2, static_cast<std::size_t>(got) - 2});
  std::string framed;
  put16(framed, answer.size());
  framed += answer;
  return ::send(fd, framed.data(), framed.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(framed.size());
}

bool ScriptedDns::read_question(std::string_view query, Question& question) {
  std::size_t at = kHeader;
  while (at < query.size() && query[at] != 0) {
    const auto length = static_cast<std::size_t>(query[at]);
    if (!question.name.empty()) question.name += '.';
    question.name += query.substr(at + 1, length);
    at += length + 1;
  }
  if (at + 5 > query.size()) return false;
  question.type = static_cast<std::uint16_t>(static_cast<unsigned char>(query[at + 2]));
  question.end = at + 5;
  return true;
}

std::string ScriptedDns::records_for(const Question& question, const DnsZone& zone, int& count) const {
  std::string records;
  std::string owner = question.name;
  if (!zone.alias.empty()) {
    put_record(records, owner, kAlias, zone.alias_ttl, labels_of(zone.alias));
    owner = zone.alias;
    ++count;
  }
  for (const auto& text : zone.addresses) {
    const auto address = *IpAddress::parse(text);
    if (question.type != (address.v6 ? kAaaa : kA)) continue;
    put_record(records, owner, question.type, zone.ttl,
               {reinterpret_cast<const char*>(address.bytes.data()), address.v6 ? 16U : 4U});
    ++count;
  }
  return records;
}

std::string ScriptedDns::answer_to(std::string_view query) {
  Question question;
  if (!read_question(query, question)) return {};
  const std::string echoed(query.substr(kHeader, question.end - kHeader));
  const std::lock_guard lock(mutex_);
  if (question.type == kA) ++questions_[question.name];
  const auto zone = zones_.find(question.name);
  if (zone == zones_.end()) return head(query, kNoSuchName, 0) + echoed;
  if (zone->second.mood == DnsZone::Mood::silent) return {};
  if (zone->second.mood == DnsZone::Mood::refuses) return head(query, kServerFailed, 0) + echoed;
  int count = 0;
  const auto records = records_for(question, zone->second, count);
  return head(query, 0, count) + echoed + records;
}

}  // namespace gatehouse::test
