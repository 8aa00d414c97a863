// SPDX-License-Identifier: Apache-2.0
// Session tokens: signatures, timeouts, cookies and headers.
#include "proxy/filters/session_token.h"

#include <catch2/catch.hpp>

#include "proxy/filters/cookies.h"
#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::proxy;
using gatehouse::http::test::fields_of;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Kind = ir::SessionPersistence::Kind;
constexpr UnixTime kNow{1'700'000'000'000};

SessionKey key_of(std::uint8_t seed) {
  SessionKey::Bytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(seed + i);
  return SessionKey(bytes);
}

ir::SessionPersistence persistence_of(Kind kind) {
  ir::SessionPersistence persistence;
  persistence.kind = kind;
  persistence.name = kind == Kind::cookie ? "sid" : "X-Session";
  return persistence;
}

Session session_at(UnixTime time) {
  return {.cluster = 1, .endpoint = 2, .issued = time, .used = time};
}

std::string renewed(const std::optional<Session>& known, const Session& served_by,
                    const ir::SessionPersistence& persistence, CookieScope scope = CookieScope::any_scheme) {
  Arena arena;
  const auto field = renew_session(known, served_by, persistence, key_of(0), scope, arena);
  if (!field) return {};
  return std::string(field->name) + ": " + std::string(field->value);
}

std::string token_of(const Session& session) {
  Arena arena;
  return std::string(write_token(session, key_of(0), arena));
}

std::optional<Session> found(const std::vector<std::string>& lines, const ir::SessionPersistence& persistence,
                             UnixTime now = kNow) {
  std::vector<std::string_view> views(lines.begin(), lines.end());
  return find_session(fields_of(views), persistence, key_of(0), now);
}

std::vector<std::string> cookies(const std::vector<std::string_view>& lines, std::string_view name) {
  const auto fields = fields_of(lines);
  CookieValues values(fields, name);
  std::vector<std::string> all;
  while (const auto value = values.next()) all.emplace_back(*value);
  return all;
}

}  // namespace

TEST_CASE("SipHash-2-4 gives the published values") {
  std::string text;
  for (char c = 0; c < 15; ++c) text += c;
  SessionKey::Bytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  const auto key = SipKey::from(bytes.data());
  CHECK(sip_hash(text, key) == 0xa129ca6149be45e5);
  CHECK(sip_hash("", key) == 0x726fdb47dd0e0e31);
  CHECK(sip_tag("", key) == std::array<std::uint8_t, 16>{0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d,
                                                         0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93});
}

TEST_CASE("a token is read back as it was written") {
  const Session session{
      .cluster = 0x1122334455667788, .endpoint = 0x99aabbccddeeff00, .issued = kNow, .used = kNow + hours(1)};
  const auto token = token_of(session);
  CHECK(token.size() == kSessionTokenSize);
  CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  CHECK(read_token(token, key_of(0)) == session);
}

TEST_CASE("a token with any character changed is nobody's") {
  const auto token = token_of(session_at(kNow));
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(read_token(changed, key_of(0)));
    changed[i] = '=';
    CHECK_FALSE(read_token(changed, key_of(0)));
  }
  CHECK_FALSE(read_token("", key_of(0)));
  CHECK_FALSE(read_token(token + "A", key_of(0)));
  CHECK_FALSE(read_token(token.substr(1), key_of(0)));
}

TEST_CASE("a token of another key is nobody's") {
  CHECK_FALSE(read_token(token_of(session_at(kNow)), key_of(1)));
}

TEST_CASE("a token names clusters and endpoints only to who has the key") {
  const auto a = *SocketAddress::parse("10.0.0.1:80");
  const auto b = *SocketAddress::parse("10.0.0.1:81");
  const auto mapped = *SocketAddress::parse("[a00:1::]:80");
  CHECK(key_of(0).name_of(a) == key_of(0).name_of(a));
  CHECK(key_of(0).name_of(a) != key_of(0).name_of(b));
  CHECK(key_of(0).name_of(a) != key_of(0).name_of(mapped));
  CHECK(key_of(0).name_of(a) != key_of(1).name_of(a));
  CHECK(key_of(0).name_of("Service/a/b/80") != key_of(0).name_of("Service/a/c/80"));
}

TEST_CASE("a session ends with its absolute timeout, and when it idles for too long") {
  auto persistence = persistence_of(Kind::cookie);
  Session session{.cluster = 1, .endpoint = 2, .issued = kNow, .used = kNow + seconds(50)};
  CHECK(is_live(session, persistence, kNow + hours(10'000)));
  persistence.absolute_timeout = seconds(100);
  CHECK(is_live(session, persistence, kNow + milliseconds(99'999)));
  CHECK_FALSE(is_live(session, persistence, kNow + seconds(100)));
  persistence.absolute_timeout = {};
  persistence.idle_timeout = seconds(20);
  CHECK(is_live(session, persistence, kNow + milliseconds(69'999)));
  CHECK_FALSE(is_live(session, persistence, kNow + seconds(70)));
}

TEST_CASE("D8: a clock that was set back ends no session") {
  auto persistence = persistence_of(Kind::cookie);
  persistence.absolute_timeout = persistence.idle_timeout = seconds(1);
  CHECK(is_live(session_at(kNow), persistence, kNow - hours(24)));
}

TEST_CASE("cookies are found by their exact name, in every Cookie field") {
  CHECK(cookies({"Cookie: a=1; sid=2;b=3", "X: sid=9", "cookie: sid=4"}, "sid") ==
        std::vector<std::string>{"2", "4"});
  CHECK(cookies({"Cookie: SID=1; sid2=2; xsid=3; sid"}, "sid").empty());
  CHECK(cookies({"Cookie:  ; ;; sid = \"q\" ;sid=;sid=a=b"}, "sid") ==
        std::vector<std::string>{"q", "", "a=b"});
  CHECK(cookies({"Cookie:", "Accept: */*"}, "sid").empty());
}

TEST_CASE("the first live session among several tokens counts") {
  auto persistence = persistence_of(Kind::cookie);
  persistence.absolute_timeout = seconds(10);
  const auto live = session_at(kNow - seconds(1));
  const auto dead = session_at(kNow - seconds(10));
  CHECK(found({"Cookie: sid=junk; sid=" + token_of(dead), "Cookie: sid=" + token_of(live)}, persistence) ==
        live);
  CHECK_FALSE(found({"Cookie: sid=" + token_of(dead)}, persistence));
  CHECK_FALSE(found({"Cookie: sid2=" + token_of(live)}, persistence));
  CHECK_FALSE(found({"sid: " + token_of(live)}, persistence));
  CHECK_FALSE(found({"Cookie: sid=" + token_of(live)}, {}));
}

TEST_CASE("at most eight tokens of a request are looked at") {
  const auto persistence = persistence_of(Kind::cookie);
  std::string line = "Cookie: ";
  for (int i = 0; i < 7; ++i) line += "sid=x; ";
  const auto token = token_of(session_at(kNow));
  CHECK(found({line + "sid=" + token}, persistence));
  CHECK_FALSE(found({line + "sid=x; sid=" + token}, persistence));
}

TEST_CASE("a session may travel in a header") {
  const auto persistence = persistence_of(Kind::header);
  const auto session = session_at(kNow);
  CHECK(found({"Cookie: X-Session=1", "x-session: " + token_of(session)}, persistence) == session);
  CHECK(renewed({}, session, persistence) == "X-Session: " + token_of(session));
}

TEST_CASE("a client without a session gets a cookie") {
  auto persistence = persistence_of(Kind::cookie);
  const auto session = session_at(kNow);
  const auto pair = "Set-Cookie: sid=" + token_of(session);
  CHECK(renewed({}, session, persistence) == pair + "; Path=/; HttpOnly; SameSite=Lax");
  CHECK(renewed({}, session, persistence, CookieScope::https_only) ==
        pair + "; Path=/; HttpOnly; SameSite=Lax; Secure");
  persistence.path = "/shop";
  persistence.absolute_timeout = milliseconds(90'500);
  CHECK(renewed({}, session, persistence) == pair + "; Path=/shop; HttpOnly; SameSite=Lax");
  persistence.permanent = true;
  CHECK(renewed({}, session, persistence) == pair + "; Path=/shop; HttpOnly; SameSite=Lax; Max-Age=91");
}

TEST_CASE("a client whose session stays where it is gets nothing new") {
  const auto persistence = persistence_of(GENERATE(Kind::cookie, Kind::header));
  CHECK(renewed(session_at(kNow), session_at(kNow + hours(1)), persistence).empty());
}

TEST_CASE("a session that moves to another endpoint starts anew") {
  const auto persistence = persistence_of(Kind::header);
  auto moved = session_at(kNow + hours(1));
  moved.endpoint = 3;
  CHECK(renewed(session_at(kNow), moved, persistence) == "X-Session: " + token_of(moved));
}

TEST_CASE("an idle timeout counts from the last request, the absolute one from the first") {
  auto persistence = persistence_of(Kind::cookie);
  persistence.idle_timeout = seconds(30);
  persistence.absolute_timeout = seconds(100);
  persistence.permanent = true;
  CHECK(renewed(session_at(kNow), session_at(kNow + milliseconds(999)), persistence).empty());
  const Session used_again{.cluster = 1, .endpoint = 2, .issued = kNow, .used = kNow + seconds(20)};
  CHECK(renewed(session_at(kNow), session_at(kNow + seconds(20)), persistence) ==
        "Set-Cookie: sid=" + token_of(used_again) + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=80");
}

TEST_CASE("H3: names and paths cannot add attributes or fields") {
  auto persistence = persistence_of(Kind::cookie);
  persistence.path = GENERATE(as<std::string>(), "/a; Domain=evil.test", "/a\r\nX: y", "a", "");
  CHECK(renewed({}, session_at(kNow), persistence).find("; Path=/; HttpOnly") != std::string::npos);
  persistence.name = "sid=1; Domain";
  CHECK(renewed({}, session_at(kNow), persistence).empty());
}
