// SPDX-License-Identifier: Apache-2.0
#include "proxy/l4/udp_listener.h"

#include <unistd.h>

#include <cstring>

namespace gatehouse::proxy {
namespace {

/// Then others have their turn.
constexpr int kBatchesPerTurn = 4;

}  // namespace

std::size_t UdpListener::HashClient::operator()(const UdpClient& client) const {
  std::array<char, 34> text{};
  std::memcpy(text.data(), client.address.ip.bytes.data(), 16);
  std::memcpy(text.data() + 16, &client.address.port, sizeof client.address.port);
  if (client.local) std::memcpy(text.data() + 18, client.local->bytes.data(), 16);
  return std::hash<std::string_view>()({text.data(), text.size()});
}

UdpListener::UdpListener(WorkerContext& worker, const SocketAddress& address, int fd)
    : io::Waiter(&UdpListener::on_readable), worker_(worker), address_(address), fd_(fd) {
  if (worker_.loop.add(fd_, *this)) return;
  close(fd_);
  fd_ = -1;
}

UdpListener::~UdpListener() {
  sessions_.clear();
  if (fd_ < 0) return;
  worker_.loop.remove(fd_, *this);
  close(fd_);
}

void UdpListener::set_current(const SocketRuntime* current) {
  current_ = current;
  const L4RouteRuntime* now = route();
  if (!now) return sessions_.clear();
  for (auto& [client, session] : sessions_) session->adopt(*now);
}

const L4RouteRuntime* UdpListener::route() const {
  return current_ ? current_->first().l4.find({}) : nullptr;
}

void UdpListener::on_events(std::uint32_t events) {
  if (events & (EPOLLIN | EPOLLERR)) worker_.loop.make_ready(*this, io::Wake::ready);
}

void UdpListener::on_readable(io::Waiter& self) {
  static_cast<UdpListener&>(self).drain();
}

void UdpListener::drain() {
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    const int count = batch_.receive(fd_);
    // An error is an answer's that could not be delivered; it concerns nobody any more, and more may be here.
    if (count < 0 && errno != EAGAIN) continue;
    if (count > 0) hand_out(static_cast<unsigned>(count));
    if (count < static_cast<int>(DatagramBatch::kCount)) return;
  }
  worker_.loop.make_ready(*this, io::Wake::ready);
}

/// Datagrams of one client in a row are passed on together.
void UdpListener::hand_out(unsigned count) {
  const bool bound_to_all = address_.ip.is_any();
  for (unsigned begin = 0, end = 0; begin < count; begin = end) {
    const UdpClient client{batch_.from(begin), bound_to_all ? batch_.to(begin) : std::nullopt};
    for (end = begin + 1; end < count && batch_.from(end) == client.address; ++end)
      if (bound_to_all && batch_.to(end) != client.local) break;
    if (UdpSession* session = session_of(client)) session->pass_up(batch_, begin, end);
  }
}

UdpSession* UdpListener::session_of(const UdpClient& client) {
  if (const auto known = sessions_.find(client); known != sessions_.end()) return known->second.get();
  const L4RouteRuntime* where = route();
  if (!where || !accepting_) return nullptr;
  const std::uint32_t most = limits().max_udp_sessions;
  if (most != 0 && sessions_.size() >= most) {
    worker_.probes.worker().refused(Refusal::connection_limit);
    return nullptr;
  }
  auto& session = sessions_[client];
  session = std::make_unique<UdpSession>(*this, client, *where);
  return session.get();
}

void UdpListener::end(UdpSession& session) {
  const auto found = sessions_.find(session.client());
  if (found != sessions_.end()) sessions_.erase(found);
}

}  // namespace gatehouse::proxy
