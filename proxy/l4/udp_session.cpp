// SPDX-License-Identifier: Apache-2.0
#include "proxy/l4/udp_session.h"

#include <unistd.h>

#include <cerrno>

#include "proxy/l4/l4_record.h"
#include "proxy/l4/udp_listener.h"

namespace gatehouse::proxy {
namespace {

constexpr int kBatchesPerTurn = 4;

int open_connected(const SocketAddress& to) {
  sockaddr_storage address;
  const socklen_t size = to.write(address);
  const int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

UdpSession::UdpSession(UdpListener& listener, const UdpClient& client, const L4RouteRuntime& route)
    : io::Waiter(&UdpSession::on_readable),
      io::Timer(&UdpSession::on_timeout),
      listener_(listener),
      client_(client),
      route_key_(route.config()->key),
      route_id_(route.metric_id()),
      probe_(worker().probes.l4_route((*worker().runtime())->l4_row(route_id_))),
      started_(worker().loop.now()),
      active_(started_) {
  draw(route);
  worker().loop.timers().arm(*this, active_ + listener_.limits().udp_session_timeout);
}

UdpSession::~UdpSession() {
  disconnect();
  if (counted_) probe_.closed();
  log();
}

WorkerContext& UdpSession::worker() const {
  return listener_.worker_;
}

void UdpSession::draw(const L4RouteRuntime& route) {
  cluster_id_ = route.pick(worker().dice());
  cluster_ = Ref<Cluster>(worker().cluster(cluster_id_));
  if (!cluster_) {
    probe_.refused();
    reason_ = "no_backend";
    return;
  }
  reason_ = {};
  if (!std::exchange(counted_, true)) probe_.opened();
}

void UdpSession::adopt(const L4RouteRuntime& route) {
  const bool is_same =
      cluster_ && worker().cluster(cluster_id_) == cluster_.get() && route.leads_to(cluster_id_);
  if (is_same && (!lease_ || lease_.is_listed())) return;
  disconnect();
  if (!is_same) draw(route);
}

bool UdpSession::connect() {
  if (fd_ >= 0) return true;
  if (!cluster_) return false;
  PickRequest request;
  const auto& sources = cluster_->config().load_balancer.hash;
  if (!sources.empty()) request.hash = hash_of_client(sources, client_.address.ip);
  if (refused_by_) request.avoid = {&*refused_by_, 1};
  auto leased = cluster_->lease_session(request);
  if (!leased) {
    reason_ = leased.error().fault == Fault::overload ? "circuit_open" : "no_endpoint";
    return false;
  }
  const int fd = open_connected(leased->address());
  if (fd < 0 || !worker().loop.add(fd, *this)) {
    if (fd >= 0) close(fd);
    reason_ = "out_of_descriptors";
    return false;
  }
  fd_ = fd;
  lease_ = std::move(*leased);
  endpoint_ = lease_.address().to_string();
  answered_ = false;
  reason_ = {};
  return true;
}

void UdpSession::disconnect() {
  io::Waiter::unlink();
  if (fd_ >= 0) {
    worker().loop.remove(fd_, *this);
    close(fd_);
  }
  fd_ = -1;
  lease_.release();
}

void UdpSession::pass_up(DatagramBatch& batch, unsigned begin, unsigned end) {
  was_active();
  int refusals = 0;
  while (begin < end) {
    if (batch.was_cut(begin)) {
      dropped(1);
      ++begin;
      continue;
    }
    if (!connect()) return dropped(end - begin);
    const unsigned sent = batch.send(fd_, begin, end);
    std::uint64_t bytes = 0;
    for (unsigned i = begin; i < begin + sent; ++i) bytes += batch.bytes(i).size();
    bytes_up_ += bytes;
    probe_.bytes_received(bytes);
    cluster_->probe().l4_sent(bytes);
    begin += sent;
    if (sent != 0) continue;
    // Of an earlier datagram (ICMP): this one may go elsewhere, once.
    if (errno == ECONNREFUSED && refusals++ == 0) {
      refused();
      continue;
    }
    dropped(1);  // too long for the way, or more than the socket takes
    ++begin;
  }
}

void UdpSession::on_events(std::uint32_t events) {
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) worker().loop.make_ready(*this, io::Wake::ready);
}

void UdpSession::on_readable(io::Waiter& self) {
  static_cast<UdpSession&>(self).drain();
}

void UdpSession::drain() {
  for (int i = 0; i < kBatchesPerTurn; ++i)
    if (!pass_down(listener_.batch_)) return;
  worker().loop.make_ready(*this, io::Wake::ready);
}

bool UdpSession::pass_down(DatagramBatch& batch) {
  const int count = batch.receive(fd_);
  if (count < 0) {
    if (errno != EAGAIN) refused();
    return false;
  }
  was_active();
  if (!std::exchange(answered_, true)) lease_.report(UpstreamOutcome::answered(200));
  const auto end = static_cast<unsigned>(count);
  const unsigned sent = batch.send(listener_.fd_, 0, end, client_.address, client_.local);
  std::uint64_t bytes = 0;
  for (unsigned i = 0; i < sent; ++i) bytes += batch.bytes(i).size();
  bytes_down_ += bytes;
  probe_.bytes_sent(bytes);
  cluster_->probe().l4_received(bytes);
  if (sent < end) dropped(end - sent);
  return end == DatagramBatch::kCount;
}

/// Nobody listens at the endpoint: the next datagram tries another one where there is one.
void UdpSession::refused() {
  cluster_->probe().connect_failed();
  refused_by_ = lease_.address();
  lease_.report(UpstreamOutcome::refused());
  disconnect();
  reason_ = "connection_refused";
}

void UdpSession::dropped(unsigned count) {
  for (unsigned i = 0; i < count; ++i) probe_.datagram_dropped();
}

/// The timer looks for itself how long ago it was.
void UdpSession::was_active() {
  active_ = worker().loop.now();
}

void UdpSession::on_timeout(io::Timer& self) {
  auto& session = static_cast<UdpSession&>(self);
  const MonoTime until = session.active_ + session.listener_.limits().udp_session_timeout;
  if (session.worker().loop.now() >= until) return session.listener_.end(session);
  session.worker().loop.timers().arm(session, until);
}

void UdpSession::log() {
  L4Record record;
  record.protocol = "UDP";
  record.started = started_;
  record.bytes_up = bytes_up_;
  record.bytes_down = bytes_down_;
  record.route = route_key_;
  if (cluster_) record.cluster = cluster_->key();
  record.endpoint = endpoint_;
  record.client = client_.address.ip;
  record.reason = reason_;
  write_log_line(worker(), record);
}

}  // namespace gatehouse::proxy
