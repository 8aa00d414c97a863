// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/http2_link.h"

#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/http2_client.h"

namespace gatehouse::proxy {
namespace {

Http2Session::Options options_of(const ir::PoolLimits& limits) {
  Http2Session::Options options;
  options.role = Http2Session::Role::client;
  options.idle_timeout = limits.idle_timeout;
  return options;
}

}  // namespace

Http2Link::Http2Link(io::EventLoop& loop, io::BufferPool& buffers, const ir::PoolLimits& limits,
                     Endpoint& endpoint)
    : buffers_(buffers),
      session_(loop, buffers, *this, options_of(limits)),
      settings_(loop),
      endpoint_(&endpoint),
      max_requests_(limits.max_requests_per_connection) {}

bool Http2Link::start(io::Socket& connected) {
  auto transport = connected.take_transport();
  const int fd = connected.release_fd();
  if (!session_.socket().open(fd)) return false;
  if (transport) session_.socket().set_transport(std::move(transport));
  self_ = Ref<Http2Link>(this);
  if (session_.start()) return true;
  self_.reset();
  return false;
}

std::unique_ptr<Http2Client> Http2Link::open_stream() {
  return std::make_unique<Http2Client>(Ref<Http2Link>(this));
}

bool Http2Link::may_open_stream() const {
  const bool is_spent = max_requests_ != 0 && session_.streams_begun() >= max_requests_;
  if (is_fresh() && streams_ > 0) return false;
  return !is_spent && !is_retired_ && streams_ < session_.stream_limit() && session_.may_open_stream();
}

void Http2Link::stream_began() {
  if (streams_++ == 0 && endpoint_) endpoint_->link_busy();
}

void Http2Link::stream_ended() {
  if (--streams_ != 0) return;
  if (endpoint_) endpoint_->link_idle();
  const bool is_spent = max_requests_ != 0 && session_.streams_begun() >= max_requests_;
  if (is_retired_ || is_spent) close();
}

void Http2Link::retire() {
  is_retired_ = true;
  if (streams_ == 0) close();
}

void Http2Link::close() {
  leave_endpoint();
  if (session_.close()) self_.reset();
}

void Http2Link::capacity_changed() {
  settings_.raise();
  if (endpoint_) endpoint_->link_changed();
}

void Http2Link::session_ended() {
  settings_.raise();
  leave_endpoint();
  self_.reset();
}

void Http2Link::leave_endpoint() {
  if (Endpoint* endpoint = std::exchange(endpoint_, nullptr)) endpoint->forget(*this);
}

}  // namespace gatehouse::proxy
