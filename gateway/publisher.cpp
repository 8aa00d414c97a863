// SPDX-License-Identifier: Apache-2.0
#include "gateway/publisher.h"

#include <atomic>

#include "base/log.h"

namespace gatehouse::gateway {
namespace {

std::string name_of(const std::pair<SocketAddress, ir::Transport>& key) {
  return key.first.to_string() + (key.second == ir::Transport::udp ? " (UDP)" : "");
}

}  // namespace

void Publisher::publish(std::shared_ptr<const proxy::Runtime> runtime, std::function<void()> adopted) {
  forget_unlisted(*runtime);
  const auto opened = open_missing(*runtime);
  auto waiting = std::make_shared<std::atomic<std::size_t>>(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Publication publication;
    publication.runtime = runtime;
    for (const auto& socket : opened)
      if (socket.error.empty())
        publication.listen.push_back({socket.address, socket.fds[i], socket.transport});
    publication.adopted = [this, waiting, adopted] {
      if (waiting->fetch_sub(1, std::memory_order_acq_rel) == 1) post_(adopted);
    };
    workers_[i]->publish(std::move(publication));
  }
}

/// Also tries again what could not be bound before.
std::vector<OpenedSocket> Publisher::open_missing(const proxy::Runtime& runtime) {
  std::vector<OpenedSocket> opened;
  for (const auto& socket : runtime.sockets()) {
    const Key key(socket.address, socket.transport);
    const auto known = bound_.find(key);
    if (known != bound_.end() && known->second.empty()) continue;
    auto result = open_listening_sockets(socket.address, static_cast<int>(workers_.size()), socket.transport);
    const bool is_news = known == bound_.end() || known->second != result.error;
    if (is_news && !result.error.empty()) log_error("listener: {}", result.error);
    if (result.error.empty()) log_info("listening on {}", name_of(key));
    bound_[key] = result.error;
    opened.push_back(std::move(result));
  }
  return opened;
}

void Publisher::forget_unlisted(const proxy::Runtime& runtime) {
  std::erase_if(bound_, [&](const auto& entry) {
    const auto& [address, transport] = entry.first;
    const bool gone = runtime.find_socket(address, transport) == nullptr;
    if (gone && entry.second.empty()) log_info("no longer listening on {}", name_of(entry.first));
    return gone;
  });
}

std::vector<translate::BindOutcome> Publisher::outcomes() const {
  std::vector<translate::BindOutcome> outcomes;
  for (const auto& [key, error] : bound_) outcomes.push_back({key.first, error, key.second});
  return outcomes;
}

bool Publisher::has_failed_binds() const {
  for (const auto& [key, error] : bound_)
    if (!error.empty()) return true;
  return false;
}

}  // namespace gatehouse::gateway
