// SPDX-License-Identifier: Apache-2.0
// A connection of a cluster, or a stream of one, in use by one exchange.
#pragma once

#include <memory>
#include <utility>

#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/pick_request.h"

namespace gatehouse::proxy {

/// Gives the stream back to its endpoint when it ends; keeps the endpoint alive until then.
/// Thread: the worker's.
class Lease {
 public:
  Lease() = default;
  Lease(Ref<Endpoint> endpoint, std::unique_ptr<UpstreamStream> stream)
      : endpoint_(std::move(endpoint)), stream_(std::move(stream)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    release();
    endpoint_ = std::move(other.endpoint_);
    stream_ = std::move(other.stream_);
    return *this;
  }
  ~Lease() { release(); }

  explicit operator bool() const { return stream_ != nullptr; }
  UpstreamStream& operator*() const { return *stream_; }
  UpstreamStream* operator->() const { return stream_.get(); }
  const SocketAddress& address() const { return endpoint_->address(); }
  /// For the session token that brings the client back here.
  std::uint64_t endpoint_hash(const EndpointHasher& hasher) const { return endpoint_->name_hash(hasher); }

  /// Once per try, as soon as it is known how it went; what is not reported says nothing about the endpoint.
  void report(UpstreamOutcome outcome) {
    const bool good = outcome.kind == UpstreamOutcome::Kind::answered && outcome.status < 500;
    if (!good || !endpoint_->standing.is_clean()) record(outcome);
  }
  void release() {
    if (!stream_) return;
    if (endpoint_->standing.state() == EndpointStanding::State::probing) forget_probe();
    endpoint_->give_back(std::move(stream_));
    endpoint_.reset();
  }

 private:
  void record(UpstreamOutcome outcome);
  void forget_probe();

  Ref<Endpoint> endpoint_;
  std::unique_ptr<UpstreamStream> stream_;
};

}  // namespace gatehouse::proxy
