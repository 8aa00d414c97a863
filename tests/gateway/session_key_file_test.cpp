// SPDX-License-Identifier: Apache-2.0
// The key of session tokens: made once, kept, read again.
#include "gateway/session_key_file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/config/temp_folder.h"

namespace gatehouse::gateway {
namespace {

using test::TempFolder;

std::shared_ptr<const ir::Config> config_with(ir::SessionPersistence::Kind of_rule,
                                              ir::SessionPersistence::Kind of_backend) {
  auto route = std::make_shared<ir::HttpRoute>();
  route->rules.emplace_back().persistence.kind = of_rule;
  route->rules.back().backends.emplace_back().persistence.kind = of_backend;
  auto listener = std::make_shared<ir::Listener>();
  listener->routes.push_back({route, {}});
  auto config = std::make_shared<ir::Config>();
  config->listeners.push_back(listener);
  return config;
}

const auto kNone = ir::SessionPersistence::Kind::none;
const auto kCookie = ir::SessionPersistence::Kind::cookie;

bool same_key(const SessionKeyFile& a, const SessionKeyFile& b) {
  return a.key().name_of("x") == b.key().name_of("x") && a.key().tag_of("x") == b.key().tag_of("x");
}

}  // namespace

TEST_CASE("a session key survives a restart once something keeps sessions") {
  const TempFolder folder;
  const auto path = folder.path("state/session.key");
  SessionKeyFile first(path);
  first.look_at(GENERATE(config_with(kCookie, kNone), config_with(kNone, kCookie)));
  const SessionKeyFile second(path);
  CHECK(same_key(first, second));
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path("state")), {}) == 1);
}

TEST_CASE("without sessions no key is written") {
  const TempFolder folder;
  const auto path = folder.path("session.key");
  SessionKeyFile first(path);
  const auto plain = config_with(kNone, kNone);
  first.look_at(plain);
  first.look_at(plain);
  first.look_at(nullptr);
  CHECK_FALSE(std::filesystem::exists(path));
  const SessionKeyFile second(path);
  CHECK_FALSE(same_key(first, second));
}

TEST_CASE("a session that comes with a later change is noticed") {
  const TempFolder folder;
  const auto path = folder.path("session.key");
  SessionKeyFile key(path);
  const auto plain = config_with(kNone, kNone);
  key.look_at(plain);
  auto more = std::make_shared<ir::Config>(*plain);
  auto listener = std::make_shared<ir::Listener>(*more->listeners[0]);
  listener->routes.push_back(config_with(kNone, kCookie)->listeners[0]->routes[0]);
  more->listeners[0] = listener;
  CHECK(keeps_sessions(*more, plain.get()));
  CHECK_FALSE(keeps_sessions(*more, more.get()));
  key.look_at(more);
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("a key file of anybody's making is used as it is") {
  const TempFolder folder;
  folder.write("key", "0123456789abcdef\n");
  SessionKeyFile first(folder.path("key"));
  const SessionKeyFile second(folder.path("key"));
  CHECK(first.error().empty());
  CHECK(same_key(first, second));
  first.look_at(config_with(kCookie, kNone));
  CHECK(std::filesystem::file_size(folder.path("key")) == 17);
}

TEST_CASE("a key file that was named and cannot be used is an error") {
  const TempFolder folder;
  folder.write("short", "0123456789abcde");
  CHECK(SessionKeyFile(folder.path("short")).error() ==
        "session-key-file: " + folder.path("short") + ": it holds fewer than 16 bytes");
  CHECK_FALSE(SessionKeyFile(folder.path()).error().empty());
  CHECK(SessionKeyFile(folder.path("missing")).error().empty());
}

TEST_CASE("a key that cannot be kept lasts as long as the process") {
  const TempFolder folder;
  folder.write("file", "x");
  SessionKeyFile key(folder.path("file/session.key"));
  const auto name = key.key().name_of("x");
  key.look_at(config_with(kCookie, kNone));
  CHECK(key.key().name_of("x") == name);
}

}  // namespace gatehouse::gateway
