// SPDX-License-Identifier: Apache-2.0
#include "gateway/dns_client.h"

#include <ares.h>
#include <netdb.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/log.h"

namespace gatehouse::gateway {
namespace {

constexpr const char* kServerFile = "/etc/resolv.conf";

/// Changes when the file is written or replaced.
struct FileStamp {
  ino_t inode = 0;
  timespec changed{};

  static FileStamp of(const char* path) {
    struct stat info {};
    if (::stat(path, &info) != 0) return {};
    return {info.st_ino, info.st_mtim};
  }
  bool operator==(const FileStamp& other) const {
    return inode == other.inode && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
  }
};

DnsAnswer::State state_of(int status) {
  switch (status) {
    case ARES_SUCCESS:
      return DnsAnswer::State::found;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
      return DnsAnswer::State::not_found;
    default:
      return DnsAnswer::State::failed;
  }
}

/// The shortest life among `found`'s records. A name that leads to another lives no longer than that.
int least_ttl(const ares_addrinfo& found) {
  int ttl = found.nodes ? found.nodes->ai_ttl : 0;
  for (const auto* node = found.nodes; node; node = node->ai_next) ttl = std::min(ttl, node->ai_ttl);
  for (const auto* alias = found.cnames; alias; alias = alias->next) ttl = std::min(ttl, alias->ttl);
  return std::max(ttl, 0);
}

std::vector<IpAddress> addresses_of(const ares_addrinfo& found) {
  std::vector<IpAddress> addresses;
  for (const auto* node = found.nodes; node; node = node->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, node->ai_addr, std::min<std::size_t>(node->ai_addrlen, sizeof storage));
    addresses.push_back(IpAddress::from(storage));
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace

/// The c-ares channel and what has come out of it.
struct DnsClient::Channel {
  /// Belongs to c-ares until on_answer.
  struct Lookup {
    Channel& channel;
    std::string name;
  };

  explicit Channel(DnsOptions with) : options(std::move(with)) {
    ares_library_init(ARES_LIB_INIT_ALL);
    open();
  }
  ~Channel() {
    close();
    ares_library_cleanup();
  }

  void open() {
    stamp = FileStamp::of(kServerFile);
    ares_options chosen{};
    chosen.timeout = static_cast<int>(options.timeout.count());
    chosen.tries = options.tries;
    const int failed = ares_init_options(&ares, &chosen, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (failed != ARES_SUCCESS) {
      log_error("dns: {}", ares_strerror(failed));
      ares = nullptr;
      return;
    }
    if (options.servers.empty()) return;
    std::string servers;
    for (const auto& server : options.servers)
      servers.append(servers.empty() ? "" : ",").append(server.to_string());
    ares_set_servers_ports_csv(ares, servers.c_str());
  }

  void close() {
    if (!ares) return;
    ares_destroy(ares);  // calls on_answer for all that is pending
    ares = nullptr;
  }

  void reopen_if_servers_changed() {
    if (pending != 0 || (ares && !options.servers.empty()) || stamp == FileStamp::of(kServerFile)) return;
    close();
    open();
  }

  static void on_answer(void* argument, int status, int timeouts, ares_addrinfo* found) {
    const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(argument));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(found, ares_freeaddrinfo);
    DnsAnswer answer;
    answer.name = std::move(lookup->name);
    answer.state = state_of(status);
    if (found && answer.state == DnsAnswer::State::found) {
      answer.addresses = addresses_of(*found);
      answer.ttl = std::chrono::seconds(least_ttl(*found));
    }
    answer.tries_timed_out = timeouts > 0;
    if (answer.state != DnsAnswer::State::found) answer.why = ares_strerror(status);
    lookup->channel.ended.push_back(std::move(answer));
  }

  /// `wake_fd` first, then the descriptors that c-ares waits for.
  std::vector<pollfd> descriptors(int wake_fd) const {
    std::vector<pollfd> list{{wake_fd, POLLIN, 0}};
    if (!ares) return list;
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
    const auto bits = static_cast<unsigned>(ares_getsock(ares, sockets.data(), ARES_GETSOCK_MAXNUM));
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      const bool reads = (bits & (1U << i)) != 0;
      const bool writes = (bits & (1U << (i + ARES_GETSOCK_MAXNUM))) != 0;
      const auto events = static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
      if (events != 0) list.push_back({sockets[i], events, 0});
    }
    return list;
  }

  int milliseconds_to_wait(std::chrono::milliseconds longest) const {
    if (!ended.empty()) return 0;
    const auto whole = static_cast<int>(std::clamp<std::int64_t>(longest.count(), 0, 3'600'000));
    timeval most{whole / 1000, static_cast<suseconds_t>(whole % 1000) * 1000};
    timeval chosen{};
    const timeval* wait = ares ? ares_timeout(ares, &most, &chosen) : &most;
    return static_cast<int>(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000);
  }

  void process(const std::vector<pollfd>& polled) {
    if (!ares) return;
    for (std::size_t i = 1; i < polled.size(); ++i) {
      const auto [fd, asked, got] = polled[i];
      const bool broken = (got & (POLLERR | POLLHUP | POLLNVAL)) != 0;
      const bool reads = (got & POLLIN) != 0 || (broken && (asked & POLLIN) != 0);
      const bool writes = (got & POLLOUT) != 0 || (broken && (asked & POLLOUT) != 0);
      if (reads || writes) ares_process_fd(ares, reads ? fd : ARES_SOCKET_BAD, writes ? fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has timed out
  }

  DnsOptions options;
  FileStamp stamp;
  ares_channel ares = nullptr;
  std::size_t pending = 0;
  std::vector<DnsAnswer> ended;
};

DnsClient::DnsClient(DnsOptions options) : channel_(std::make_unique<Channel>(std::move(options))) {}

DnsClient::~DnsClient() = default;

void DnsClient::look_up(const std::string& name) {
  channel_->reopen_if_servers_changed();
  ++channel_->pending;
  if (!channel_->ares) {
    channel_->ended.push_back({name, DnsAnswer::State::failed, {}, {}, false, "no resolver"});
    return;
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;  // sorting would try to connect to each
  auto lookup = std::make_unique<Channel::Lookup>(Channel::Lookup{*channel_, name});
  ares_getaddrinfo(channel_->ares, name.c_str(), nullptr, &hints, &Channel::on_answer, lookup.release());
}

std::size_t DnsClient::pending() const {
  return channel_->pending;
}

std::vector<DnsAnswer> DnsClient::wait(int wake_fd, std::chrono::milliseconds longest) {
  auto polled = channel_->descriptors(wake_fd);
  ::poll(polled.data(), polled.size(), channel_->milliseconds_to_wait(longest));
  channel_->process(polled);
  std::vector<DnsAnswer> ended;
  ended.swap(channel_->ended);
  channel_->pending -= ended.size();
  return ended;
}

}  // namespace gatehouse::gateway
