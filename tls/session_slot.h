// SPDX-License-Identifier: Apache-2.0
// What a client remembers of its last session with one server.
#pragma once

#include <cstdint>

#include "base/ref.h"
#include "tls/handles.h"

namespace gatehouse::tls {

/// One per endpoint and worker; shared by the endpoint and its connections. A session is only good for the
/// context that made it: another one may trust other certificates. Thread: the worker's.
class SessionSlot final : public RefCounted<SessionSlot> {
 public:
  void keep(SessionHandle session, std::uint64_t context_id) {
    session_ = std::move(session);
    context_id_ = context_id;
  }
  /// Null: a full handshake is due.
  const ssl_session_st* find(std::uint64_t context_id) const {
    return context_id == context_id_ ? session_.get() : nullptr;
  }

 private:
  SessionHandle session_;
  std::uint64_t context_id_ = 0;
};

}  // namespace gatehouse::tls
