// SPDX-License-Identifier: Apache-2.0
// What consistent hashing goes by: headers, cookies, parameters, client addresses.
#include "proxy/filters/hash_input.h"

#include <catch2/catch.hpp>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::proxy;
using gatehouse::http::test::fields_of;

namespace {

using Kind = ir::HashSource::Kind;
using Sources = std::vector<ir::HashSource>;
const IpAddress kClient = *IpAddress::parse("192.0.2.1");

std::optional<std::uint64_t> hash(const Sources& sources, const std::vector<std::string_view>& lines,
                                  std::string_view query = {}, const IpAddress& client = kClient) {
  http::RequestHead head;
  head.host = "a.test";
  head.query = query;
  head.fields = fields_of(lines);
  return hash_request(sources, head, client);
}

}  // namespace

TEST_CASE("equal values have equal hashes, others have not") {
  const Sources by_header{{Kind::header, "x-user"}};
  CHECK(hash(by_header, {"X-User: a", "X-User: b"}) == hash(by_header, {"Other: 1", "x-user: a"}));
  CHECK(hash(by_header, {"X-User: a"}) != hash(by_header, {"X-User: b"}));
  CHECK(hash(by_header, {"X-User: a"}).has_value());
  CHECK(hash({{Kind::header, "host"}}, {}).has_value());
}

TEST_CASE("a cookie, a parameter or the client's address may be hashed as well") {
  const auto of_a = hash({{Kind::header, "x-user"}}, {"X-User: a"});
  CHECK(hash({{Kind::cookie, "u"}}, {"Cookie: v=1; u=a"}) == of_a);
  CHECK(hash({{Kind::query, "u"}}, {}, "v=1&u=a&u=b") == of_a);
  CHECK(hash({{Kind::query, "u"}}, {}, "u").has_value());
  CHECK(hash({{Kind::source_ip, ""}}, {}) == hash({{Kind::source_ip, ""}}, {"X: 1"}, "q"));
  CHECK(hash({{Kind::source_ip, ""}}, {}) !=
        hash({{Kind::source_ip, ""}}, {}, {}, *IpAddress::parse("192.0.2.2")));
}

TEST_CASE("the first source that the request carries counts") {
  const Sources sources{{Kind::header, "x-user"}, {Kind::query, "u"}};
  CHECK(hash(sources, {"X-User: a"}, "u=b") == hash(sources, {"X-User: a"}));
  CHECK(hash(sources, {}, "u=b") == hash({{Kind::query, "u"}}, {}, "u=b"));
}

TEST_CASE("a request that carries none of the sources has no hash") {
  CHECK_FALSE(hash({{Kind::header, "x-user"}, {Kind::cookie, "u"}, {Kind::query, "u"}},
                   {"Cookie: U=1", "X-Users: 1"}, "uu=1&=u&&x=u"));
  CHECK_FALSE(hash({}, {"X: 1"}));
}

TEST_CASE("hashes are the same in every release") {
  CHECK(hash({{Kind::header, "x-user"}}, {"X-User: alice"}) == 0xc5dcd63138588b66);
}
