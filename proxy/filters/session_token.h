// SPDX-License-Identifier: Apache-2.0
// Session persistence (GEP-1619): the signed token that leads a client back to its endpoint.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/ip.h"
#include "config/ir/policy.h"
#include "proxy/filters/sip_hash.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// Since 1970. Wall time, as tokens outlive processes.
using UnixTime = std::chrono::milliseconds;

/// The secret of all tokens: who knows it can choose endpoints, who does not learns nothing about them.
/// Replicas that serve the same clients share it. Plain value; copies are as secret as the original.
class SessionKey {
 public:
  static constexpr std::size_t kBytes = 32;
  using Bytes = std::array<std::uint8_t, kBytes>;

  SessionKey() = default;
  explicit SessionKey(const Bytes& bytes)
      : tag_key_(SipKey::from(bytes.data())), name_key_(SipKey::from(bytes.data() + kBytes / 2)) {}

  /// How tokens name a cluster and an endpoint; the same for as long as the key is.
  std::uint64_t name_of(std::string_view cluster_key) const { return sip_hash(cluster_key, name_key_); }
  std::uint64_t name_of(const SocketAddress& endpoint) const;

  std::array<std::uint8_t, 16> tag_of(std::string_view token) const { return sip_tag(token, tag_key_); }

 private:
  SipKey tag_key_;
  SipKey name_key_;
};

/// What a token says.
struct Session {
  std::uint64_t cluster = 0;   ///< SessionKey::name_of
  std::uint64_t endpoint = 0;  ///< SessionKey::name_of
  UnixTime issued{};
  UnixTime used{};  ///< when the token was written
  bool operator==(const Session&) const = default;
};

inline constexpr std::size_t kSessionTokenSize = 60;

/// kSessionTokenSize characters of base64url.
std::string_view write_token(const Session& session, const SessionKey& key, Arena& arena);
/// nullopt for anything that this key did not sign. The tag is compared in constant time.
std::optional<Session> read_token(std::string_view token, const SessionKey& key);

/// Neither the absolute nor the idle timeout has passed. A clock that was set back ends no session.
bool is_live(const Session& session, const ir::SessionPersistence& persistence, UnixTime now);

/// The first live session among the cookies or fields of the name; at most kMaxTokens are looked at.
std::optional<Session> find_session(const http::HeaderList& fields, const ir::SessionPersistence& persistence,
                                    const SessionKey& key, UnixTime now);
inline constexpr int kMaxTokens = 8;

enum class CookieScope : std::uint8_t { any_scheme, https_only };

/// The field that tells the client about its session: Set-Cookie, or the header of the name. `served_by` is
/// where the request went, `used` being now. nullopt when what the client has (`known`; may be empty) is good
/// as it is. A session that moves to another endpoint is a new one; with an idle timeout a token is written
/// anew once its second has passed.
std::optional<HeaderField> renew_session(const std::optional<Session>& known, const Session& served_by,
                                         const ir::SessionPersistence& persistence, const SessionKey& key,
                                         CookieScope scope, Arena& arena);

}  // namespace gatehouse::proxy
