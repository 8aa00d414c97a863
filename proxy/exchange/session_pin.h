// SPDX-License-Identifier: Apache-2.0
// Session persistence in one exchange: which endpoint the client belongs to, and what it is told afterwards.
#pragma once

#include <optional>
#include <string_view>

#include "proxy/filters/session_token.h"
#include "proxy/upstream/cluster.h"

namespace gatehouse::proxy {

/// Inactive unless the rule or its backend keeps sessions. GEP-1619 as of v1.7 (Traffic Splitting): it
/// looks for an endpoint within the backend that the weights chose, and never overrides their choice.
/// `persistence` and `key` outlive it.
class SessionPin {
 public:
  bool is_active() const { return persistence_ != nullptr; }
  void begin(const ir::SessionPersistence& persistence, const SessionKey& key, const http::HeaderList& fields,
             UnixTime now);
  /// Null: any endpoint will do.
  const SocketAddress* endpoint_in(Cluster& cluster) const;
  /// The field that makes the client come back, if it needs one; in `arena`.
  std::optional<HeaderField> renew(const Cluster& cluster, const Lease& served_by, CookieScope scope,
                                   UnixTime now, Arena& arena) const;

 private:
  const ir::SessionPersistence* persistence_ = nullptr;
  const SessionKey* key_ = nullptr;
  std::optional<Session> known_;
};

}  // namespace gatehouse::proxy
