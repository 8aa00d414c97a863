// SPDX-License-Identifier: Apache-2.0
// An endpoint in use by a UDP session, which has its own way of talking to it.
#pragma once

#include <utility>

#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/pick_request.h"

namespace gatehouse::proxy {

/// Counted like a connection with one request on it, until it ends. Thread: the worker's.
class SessionLease {
 public:
  SessionLease() = default;
  explicit SessionLease(Ref<Endpoint> endpoint) : endpoint_(std::move(endpoint)) {
    endpoint_->begin_session();
  }
  SessionLease(SessionLease&&) noexcept = default;
  SessionLease& operator=(SessionLease&& other) noexcept {
    release();
    endpoint_ = std::move(other.endpoint_);
    return *this;
  }
  ~SessionLease() { release(); }

  explicit operator bool() const { return static_cast<bool>(endpoint_); }
  const SocketAddress& address() const { return endpoint_->address(); }
  /// Its cluster still lists the endpoint.
  bool is_listed() const { return endpoint_->cluster() != nullptr; }
  void report(UpstreamOutcome outcome);
  void release();

 private:
  Ref<Endpoint> endpoint_;
};

}  // namespace gatehouse::proxy
