// SPDX-License-Identifier: Apache-2.0
// Tokens are base64url of: version, cluster, endpoint, issued, used, tag over all of it.
#include "proxy/filters/session_token.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/filters/cookies.h"

namespace gatehouse::proxy {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNameBytes = 8;
constexpr std::size_t kTimeBytes = 6;
constexpr std::size_t kSignedBytes = 1 + 2 * kNameBytes + 2 * kTimeBytes;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kTokenBytes = kSignedBytes + kTagBytes;
static_assert(kTokenBytes % 3 == 0 && kTokenBytes / 3 * 4 == kSessionTokenSize, "base64url without padding");

using TokenBytes = std::array<std::uint8_t, kTokenBytes>;
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::uint8_t* put(std::uint8_t* to, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) *to++ = static_cast<std::uint8_t>(value >> (8 * i));
  return to;
}

std::uint64_t take(const std::uint8_t*& from, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{*from++} << (8 * i);
  return value;
}

std::string_view signed_part(const TokenBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), kSignedBytes};
}

std::string_view to_base64url(const TokenBytes& bytes, Arena& arena) {
  char* const begin = arena.allocate(kSessionTokenSize);
  char* to = begin;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
    for (const int shift : {18, 12, 6, 0}) *to++ = kDigits[group >> shift & 63];
  }
  return {begin, kSessionTokenSize};
}

int digit_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

std::optional<TokenBytes> from_base64url(std::string_view text) {
  if (text.size() != kSessionTokenSize) return std::nullopt;
  TokenBytes bytes{};
  auto* to = bytes.data();
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (const char c : text.substr(i, 4)) {
      const int value = digit_value(c);
      if (value < 0) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    *to++ = static_cast<std::uint8_t>(group >> 16);
    *to++ = static_cast<std::uint8_t>(group >> 8);
    *to++ = static_cast<std::uint8_t>(group);
  }
  return bytes;
}

/// Takes as long for a tag that is wrong in its first byte as for one that is wrong in its last.
bool has_tag(const TokenBytes& bytes, const std::array<std::uint8_t, kTagBytes>& tag) {
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < kTagBytes; ++i) difference |= bytes[kSignedBytes + i] ^ tag[i];
  return difference == 0;
}

UnixTime age(UnixTime since, UnixTime now) {
  return std::max(now - since, UnixTime::zero());
}

/// Walks the tokens that a request may hold, wherever the configuration says they are.
class TokenTexts {
 public:
  TokenTexts(const http::HeaderList& fields, const ir::SessionPersistence& persistence)
      : fields_(fields), persistence_(persistence), cookies_(fields, persistence.name) {}

  std::optional<std::string_view> next() {
    if (persistence_.kind == ir::SessionPersistence::Kind::cookie) return cookies_.next();
    for (; index_ < fields_.size(); ++index_)
      if (equals_ignoring_case(fields_[index_].name, persistence_.name)) return fields_[index_++].value;
    return std::nullopt;
  }

 private:
  const http::HeaderList& fields_;
  const ir::SessionPersistence& persistence_;
  CookieValues cookies_;
  std::size_t index_ = 0;
};

/// A path that could end the attribute is as good as none.
std::string_view cookie_path(const ir::SessionPersistence& persistence) {
  const auto breaks = [](char c) { return c == ';' || c < ' ' || c == '\x7f'; };
  const std::string_view path = persistence.path;
  const bool usable = path.starts_with('/') && std::none_of(path.begin(), path.end(), breaks);
  return usable ? path : std::string_view("/");
}

/// "; Max-Age=N": what is left of the absolute timeout, at least a second.
std::string_view max_age(const Session& session, const ir::SessionPersistence& persistence, Arena& arena) {
  if (!persistence.permanent || persistence.absolute_timeout.count() == 0) return {};
  const auto left = persistence.absolute_timeout - age(session.issued, session.used);
  const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(left).count(), std::int64_t{1});
  char digits[20];
  const char* end = write_decimal(digits, static_cast<std::uint64_t>(seconds));
  return arena.concat("; Max-Age=", {digits, static_cast<std::size_t>(end - digits)});
}

HeaderField make_field(const Session& session, const ir::SessionPersistence& persistence,
                       const SessionKey& key, CookieScope scope, Arena& arena) {
  const auto token = write_token(session, key, arena);
  if (persistence.kind == ir::SessionPersistence::Kind::header)
    return {persistence.name, token, field_id(persistence.name)};
  const std::string_view secure = scope == CookieScope::https_only ? "; Secure" : "";
  const auto pair = arena.concat(persistence.name, "=", token);
  const auto attributes =
      arena.concat("; Path=", cookie_path(persistence), "; HttpOnly; SameSite=Lax", secure);
  return {"Set-Cookie", arena.concat(pair, attributes, max_age(session, persistence, arena)), FieldId::other};
}

}  // namespace

std::uint64_t SessionKey::name_of(const SocketAddress& endpoint) const {
  std::array<char, sizeof(endpoint.ip.bytes) + 3> text{};
  auto* to = std::copy(endpoint.ip.bytes.begin(), endpoint.ip.bytes.end(), text.begin());
  *to++ = endpoint.ip.v6 ? 6 : 4;
  *to++ = static_cast<char>(endpoint.port >> 8);
  *to++ = static_cast<char>(endpoint.port);
  return sip_hash({text.data(), text.size()}, name_key_);
}

std::string_view write_token(const Session& session, const SessionKey& key, Arena& arena) {
  TokenBytes bytes{};
  auto* to = put(bytes.data(), kVersion, 1);
  to = put(to, session.cluster, kNameBytes);
  to = put(to, session.endpoint, kNameBytes);
  to = put(to, static_cast<std::uint64_t>(session.issued.count()), kTimeBytes);
  to = put(to, static_cast<std::uint64_t>(session.used.count()), kTimeBytes);
  const auto tag = key.tag_of(signed_part(bytes));
  std::copy(tag.begin(), tag.end(), to);
  return to_base64url(bytes, arena);
}

std::optional<Session> read_token(std::string_view token, const SessionKey& key) {
  const auto bytes = from_base64url(token);
  if (!bytes || !has_tag(*bytes, key.tag_of(signed_part(*bytes)))) return std::nullopt;
  const auto* from = bytes->data();
  if (take(from, 1) != kVersion) return std::nullopt;
  Session session;
  session.cluster = take(from, kNameBytes);
  session.endpoint = take(from, kNameBytes);
  session.issued = UnixTime(take(from, kTimeBytes));
  session.used = UnixTime(take(from, kTimeBytes));
  return session;
}

bool is_live(const Session& session, const ir::SessionPersistence& persistence, UnixTime now) {
  const auto within = [now](UnixTime since, UnixTime timeout) {
    return timeout.count() == 0 || age(since, now) < timeout;
  };
  return within(session.issued, persistence.absolute_timeout) &&
         within(session.used, persistence.idle_timeout);
}

std::optional<Session> find_session(const http::HeaderList& fields, const ir::SessionPersistence& persistence,
                                    const SessionKey& key, UnixTime now) {
  if (persistence.kind == ir::SessionPersistence::Kind::none) return std::nullopt;
  TokenTexts texts(fields, persistence);
  for (int i = 0; i < kMaxTokens; ++i) {
    const auto text = texts.next();
    if (!text) return std::nullopt;
    const auto session = read_token(*text, key);
    if (session && is_live(*session, persistence, now)) return session;
  }
  return std::nullopt;
}

std::optional<HeaderField> renew_session(const std::optional<Session>& known, const Session& served_by,
                                         const ir::SessionPersistence& persistence, const SessionKey& key,
                                         CookieScope scope, Arena& arena) {
  if (persistence.kind == ir::SessionPersistence::Kind::none || !is_token(persistence.name))
    return std::nullopt;
  Session session = served_by;
  session.issued = served_by.used;
  const bool stays = known && known->cluster == served_by.cluster && known->endpoint == served_by.endpoint;
  if (stays) {
    const bool fresh = age(known->used, served_by.used) < std::chrono::seconds(1);
    if (persistence.idle_timeout.count() == 0 || fresh) return std::nullopt;
    session.issued = known->issued;
  }
  return make_field(session, persistence, key, scope, arena);
}

}  // namespace gatehouse::proxy
