// SPDX-License-Identifier: Apache-2.0
// sessionPersistence, wherever it stands.
#include <array>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 2> kTypes{"Cookie", "Header"};
constexpr std::array<std::string_view, 2> kLifetimes{"Permanent", "Session"};
constexpr std::array<UnionMember, 2> kMembers{{{"Cookie", "cookie"}, {"Header", "header"}}};

SessionCookie read_cookie(Reader& reader) {
  SessionCookie cookie;
  cookie.name = reader.text("name", check_header_name);
  cookie.path = reader.text_or("path", cookie.path, check_new_path);
  cookie.lifetime_type = reader.choice("lifetimeType", kLifetimes, cookie.lifetime_type);
  return cookie;
}

}  // namespace

SessionPersistence read_session_persistence(Reader& reader) {
  SessionPersistence persistence;
  persistence.type = reader.choice("type", kTypes, persistence.type);
  persistence.absolute_timeout = reader.duration("absoluteTimeout");
  check_union(reader, kMembers, persistence.type);
  reader.object("cookie", [&](Reader& cookie) { persistence.cookie = read_cookie(cookie); });
  reader.object("header", [&](Reader& header) {
    persistence.header = SessionHeader{header.required_text("name", check_header_name)};
  });
  const bool permanent = persistence.cookie && persistence.cookie->lifetime_type == "Permanent";
  if (permanent && !reader.has("absoluteTimeout"))
    reader.error_at("absoluteTimeout", {"is required for a cookie of lifetimeType Permanent", "add it"});
  return persistence;
}

}  // namespace gatehouse::objects
