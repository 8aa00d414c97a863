// SPDX-License-Identifier: Apache-2.0
#include "gateway/publisher.h"

#include <atomic>

#include "base/log.h"

namespace gatehouse::gateway {

void Publisher::publish(std::shared_ptr<const proxy::Runtime> runtime, std::function<void()> adopted) {
  forget_unlisted(*runtime);
  const auto opened = open_missing(*runtime);
  auto waiting = std::make_shared<std::atomic<std::size_t>>(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Publication publication;
    publication.runtime = runtime;
    for (const auto& socket : opened)
      if (socket.error.empty()) publication.listen.emplace_back(socket.address, socket.fds[i]);
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
    const auto known = bound_.find(socket.address);
    if (known != bound_.end() && known->second.empty()) continue;
    auto result = open_listening_sockets(socket.address, static_cast<int>(workers_.size()));
    const bool is_news = known == bound_.end() || known->second != result.error;
    if (is_news && !result.error.empty()) log_error("listener: {}", result.error);
    if (result.error.empty()) log_info("listening on {}", socket.address.to_string());
    bound_[socket.address] = result.error;
    opened.push_back(std::move(result));
  }
  return opened;
}

void Publisher::forget_unlisted(const proxy::Runtime& runtime) {
  std::erase_if(bound_, [&](const auto& entry) {
    const bool gone = runtime.find_socket(entry.first) == nullptr;
    if (gone && entry.second.empty()) log_info("no longer listening on {}", entry.first.to_string());
    return gone;
  });
}

std::vector<translate::BindOutcome> Publisher::outcomes() const {
  std::vector<translate::BindOutcome> outcomes;
  for (const auto& [address, error] : bound_) outcomes.push_back({address, error});
  return outcomes;
}

bool Publisher::has_failed_binds() const {
  for (const auto& [address, error] : bound_)
    if (!error.empty()) return true;
  return false;
}

}  // namespace gatehouse::gateway
