// SPDX-License-Identifier: Apache-2.0
#include "proxy/l4/l4_exchange.h"

#include "proxy/http/proxy_protocol.h"
#include "proxy/upstream/http1_client.h"

namespace gatehouse::proxy {
namespace {

std::string_view reason_of(const Error& error) {
  switch (error.fault) {
    case Fault::unreachable:
      return "no_endpoint";
    case Fault::overload:
      return "circuit_open";
    case Fault::timeout:
      return "connect_timeout";
    case Fault::cancelled:
      return "client_gone";
    case Fault::system:
      return "out_of_descriptors";
    default:
      return "connection_refused";
  }
}

/// The address of ours that the client reached: the listener may be bound to all of them.
std::optional<SocketAddress> local_address(const io::Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  return SocketAddress::from(address);
}

/// W4: who the connection comes from, for backends that ask to be told.
std::string proxy_header(ir::ProxyProtocolOut wanted, const L4Client& client) {
  if (wanted == ir::ProxyProtocolOut::off) return {};
  const auto version = wanted == ir::ProxyProtocolOut::v1 ? http::ProxyVersion::v1 : http::ProxyVersion::v2;
  return http::write_proxy_header(version, {client.client, local_address(client.socket)});
}

std::string_view reason_of(TunnelEnd end) {
  switch (end) {
    case TunnelEnd::finished:
      return {};
    case TunnelEnd::idle:
      return "idle_timeout";
    case TunnelEnd::downstream_reset:
      return "client_gone";
    case TunnelEnd::upstream_reset:
      return "upstream_reset";
    case TunnelEnd::cancelled:
      return "aborted";
  }
  return {};
}

}  // namespace

L4Exchange::L4Exchange(WorkerContext& worker, L4Client client, const L4RouteRuntime& route,
                       Duration idle_timeout)
    : worker_(worker),
      client_(std::move(client)),
      route_key_(route.config()->key),
      probe_(worker.probes.l4_route((*worker.runtime())->l4_row(route.metric_id()))),
      cluster_(worker.cluster(route.pick(worker.dice()))),
      idle_timeout_(idle_timeout),
      gone_(worker.loop),
      started_(worker.loop.now()) {}

Task<> L4Exchange::run() {
  auto lease = co_await reach_backend();
  if (!lease) {
    probe_.refused();
    client_.socket.reset_on_close();
    log();
    co_return;
  }
  probe_.opened();
  connected_ = worker_.loop.now();
  co_await tunnel(*lease);
  probe_.closed();
  lease->release();
  log();
}

void L4Exchange::abort() {
  client_.socket.reset_on_close();
  gone_.fire();
  if (tunnel_) tunnel_->cancel();
}

Task<Result<Lease>> L4Exchange::reach_backend() {
  if (!cluster_) {
    reason_ = "no_backend";
    co_return Error{Fault::unreachable, Side::internal, Retry::never, "the route has no backend to use"};
  }
  PickRequest request;
  const auto& sources = cluster_->config().load_balancer.hash;
  if (!sources.empty()) request.hash = hash_of_client(sources, client_.client.ip);
  const std::string header = proxy_header(cluster_->config().proxy_protocol, client_);
  const RawDial raw{client_.encryption == L4Client::Encryption::ours, header};
  request.raw = &raw;
  client_.socket.set_hangup_target(&gone_, false);
  const WaitLimits limits{io::kNoDeadline, &gone_};
  auto lease = co_await cluster_->open(request, Cluster::Warm::no, limits);
  client_.socket.set_hangup_target(nullptr, false);
  if (!lease) {
    reason_ = reason_of(lease.error());
    co_return lease.error();
  }
  endpoint_ = lease->address().to_string();
  lease->report(UpstreamOutcome::answered(200));
  co_return lease;
}

Task<> L4Exchange::tunnel(Lease& lease) {
  io::Socket& upstream = (*lease).as_http1()->socket();
  Tunnel tunnel({client_.socket, upstream}, worker_.buffers, idle_timeout_, this);
  tunnel_ = &tunnel;
  if (gone_.fired()) tunnel.cancel();
  worker_.probes.worker().tunnel_opened();
  const TunnelEnd end = co_await tunnel.run();
  worker_.probes.worker().tunnel_closed();
  tunnel_ = nullptr;
  reason_ = reason_of(end);
}

void L4Exchange::bytes_up(std::uint64_t n) {
  up_ += n;
  probe_.bytes_received(n);
  cluster_->probe().l4_sent(n);
}

void L4Exchange::bytes_down(std::uint64_t n) {
  down_ += n;
  probe_.bytes_sent(n);
  cluster_->probe().l4_received(n);
}

void L4Exchange::log() {
  L4Record record;
  record.protocol = client_.protocol;
  record.server_name = client_.server_name;
  record.started = started_;
  record.bytes_up = up_;
  record.bytes_down = down_;
  record.route = route_key_;
  if (cluster_) record.cluster = cluster_->key();
  record.endpoint = endpoint_;
  if (connected_ != MonoTime{}) record.connect_duration = connected_ - started_;
  record.client = client_.client.ip;
  record.reason = reason_;
  write_log_line(worker_, record);
}

}  // namespace gatehouse::proxy
