// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/session_pin.h"

namespace gatehouse::proxy {
namespace {

class KeyedHasher final : public EndpointHasher {
 public:
  explicit KeyedHasher(const SessionKey& key) : key_(key) {}
  std::uint64_t hash(const SocketAddress& address) const override { return key_.name_of(address); }

 private:
  const SessionKey& key_;
};

}  // namespace

void SessionPin::begin(const ir::SessionPersistence& persistence, const SessionKey& key,
                       const http::HeaderList& fields, UnixTime now) {
  persistence_ = &persistence;
  key_ = &key;
  known_ = find_session(fields, persistence, key, now);
}

const SocketAddress* SessionPin::endpoint_in(Cluster& cluster) const {
  if (!known_ || known_->cluster != key_->name_of(cluster.key())) return nullptr;
  return cluster.find_endpoint(known_->endpoint, KeyedHasher(*key_));
}

std::optional<HeaderField> SessionPin::renew(const Cluster& cluster, const Lease& served_by,
                                             CookieScope scope, UnixTime now, Arena& arena) const {
  Session session;
  session.cluster = key_->name_of(cluster.key());
  session.endpoint = served_by.endpoint_hash(KeyedHasher(*key_));
  session.issued = session.used = now;
  return renew_session(known_, session, *persistence_, *key_, scope, arena);
}

}  // namespace gatehouse::proxy
