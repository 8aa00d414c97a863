// SPDX-License-Identifier: Apache-2.0
// A connection of a cluster in use by one exchange.
#pragma once

#include <memory>
#include <utility>

#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/http1_client.h"
#include "proxy/upstream/pick_request.h"

namespace gatehouse::proxy {

/// Gives the connection back to its endpoint when it ends; keeps the endpoint alive until then.
/// Thread: the worker's.
class Lease {
 public:
  Lease() = default;
  Lease(Ref<Endpoint> endpoint, std::unique_ptr<Http1Client> connection)
      : endpoint_(std::move(endpoint)), connection_(std::move(connection)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    release();
    endpoint_ = std::move(other.endpoint_);
    connection_ = std::move(other.connection_);
    return *this;
  }
  ~Lease() { release(); }

  explicit operator bool() const { return connection_ != nullptr; }
  Http1Client& operator*() const { return *connection_; }
  Http1Client* operator->() const { return connection_.get(); }
  const SocketAddress& address() const { return endpoint_->address(); }
  /// For the session token that brings the client back here.
  std::uint64_t endpoint_hash(const EndpointHasher& hasher) const { return endpoint_->name_hash(hasher); }

  /// Once per try, as soon as it is known how it went; what is not reported says nothing about the endpoint.
  void report(UpstreamOutcome outcome) {
    const bool good = outcome.kind == UpstreamOutcome::Kind::answered && outcome.status < 500;
    if (!good || !endpoint_->standing.is_clean()) record(outcome);
  }
  void release() {
    if (!connection_) return;
    if (endpoint_->standing.state() == EndpointStanding::State::probing) forget_probe();
    endpoint_->give_back(std::move(connection_));
    endpoint_.reset();
  }

 private:
  void record(UpstreamOutcome outcome);
  void forget_probe();

  Ref<Endpoint> endpoint_;
  std::unique_ptr<Http1Client> connection_;
};

}  // namespace gatehouse::proxy
