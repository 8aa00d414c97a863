// SPDX-License-Identifier: Apache-2.0
// What an acceptor knows of its open connections, whatever they speak.
#pragma once

#include "base/ip.h"

namespace gatehouse::proxy {

/// Owns itself: enters its acceptor's list when it begins and leaves it when it ends. Thread: its worker.
class DownstreamConnection {
 public:
  explicit DownstreamConnection(const IpAddress& peer) : peer_ip_(peer) {}
  DownstreamConnection(const DownstreamConnection&) = delete;
  DownstreamConnection& operator=(const DownstreamConnection&) = delete;

  /// Drain (D1): ends now when idle, else after what it carries; tells the client where the protocol can.
  virtual void close_when_idle() = 0;
  /// Breaks the connection; what runs on it ends by itself.
  virtual void abort() = 0;
  /// Who is at the other end of the socket: connection limits count by it.
  const IpAddress& peer_ip() const { return peer_ip_; }

 protected:
  virtual ~DownstreamConnection() = default;

 private:
  friend class Acceptor;
  DownstreamConnection* older_ = nullptr;  ///< the acceptor's list
  DownstreamConnection* newer_ = nullptr;
  bool is_listed_ = false;
  IpAddress peer_ip_;
};

}  // namespace gatehouse::proxy
