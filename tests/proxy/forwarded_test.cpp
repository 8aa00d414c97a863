// SPDX-License-Identifier: Apache-2.0
// H2, H5: who is believed about the client, and what the backend is told.
#include "proxy/http/forwarded.h"

#include <catch2/catch.hpp>

#include "tests/proxy/heads.h"

using namespace gatehouse;
using namespace gatehouse::http;
using gatehouse::http::test::fields_of;
using gatehouse::http::test::text_of;

namespace {

TrustRules trust(const std::vector<std::string_view>& ranges, std::uint32_t hops = 0) {
  TrustRules rules;
  for (const auto range : ranges) rules.trusted.push_back(*Cidr::parse(range));
  rules.trusted_hops = hops;
  return rules;
}

/// One request from 10.0.0.9 over plain http on port 80, asking for "a.example".
struct Decided {
  RequestIdGenerator ids{{1, 2, 3, 4}};
  Arena arena;
  RequestHead head;
  Forwarded result;

  Decided(const std::vector<std::string_view>& lines, const TrustRules& rules) {
    head.authority = "a.example";
    head.fields = fields_of(lines);
    const PeerContext peer{&ids, *IpAddress::parse("10.0.0.9"), "10.0.0.9", "http", {}, "80"};
    result = decide_forwarded(head, peer, rules, arena);
    write_forwarded(head.fields, result);
  }
  std::string value(FieldId id) const {
    std::string all;
    for (const auto& field : head.fields)
      if (field.id == id) all += "[" + std::string(field.value) + "]";
    return all;
  }
};

std::string client_of(std::string_view chain, const TrustRules& rules) {
  const std::string line = "X-Forwarded-For: " + std::string(chain);
  const Decided d({line}, rules);
  CHECK(d.result.client == *IpAddress::parse(d.result.client_text));
  return std::string(d.result.client_text);
}

}  // namespace

TEST_CASE("H2: a request without forwarding fields gets the gateway's own") {
  const Decided d({"Accept: x", "B: c"}, {});
  CHECK_FALSE(d.result.any_present);
  CHECK(text_of(d.head.fields) ==
        "Accept: x|B: c|X-Forwarded-For: 10.0.0.9|X-Forwarded-Proto: http|X-Forwarded-Host: a.example|"
        "X-Forwarded-Port: 80|X-Real-IP: 10.0.0.9|X-Request-Id: " +
            std::string(d.result.request_id));
  CHECK(d.result.client == *IpAddress::parse("10.0.0.9"));
}

TEST_CASE("H2: what an untrusted peer says is overwritten, X-Forwarded-For is appended to") {
  const std::vector<std::string_view> lines = {"X-Forwarded-For: 1.1.1.1",  "X-Forwarded-Proto: https",
                                               "X-Forwarded-Host: evil",    "X-Forwarded-Port: 443",
                                               "X-Real-IP: 1.1.1.1",        "Forwarded: for=1.1.1.1",
                                               "X-Forwarded-For: 2.2.2.2 ", "Proxy: http://evil"};
  const Decided d(lines, trust({"192.168.0.0/16"}));
  CHECK_FALSE(d.result.peer_trusted);
  CHECK(d.value(FieldId::x_forwarded_for) == "[1.1.1.1, 2.2.2.2, 10.0.0.9]");
  CHECK(d.value(FieldId::x_forwarded_proto) == "[http]");
  CHECK(d.value(FieldId::x_forwarded_host) == "[a.example]");
  CHECK(d.value(FieldId::x_forwarded_port) == "[80]");
  CHECK(d.value(FieldId::x_real_ip) == "[10.0.0.9]");
  CHECK(d.value(FieldId::forwarded) == "");
  CHECK(d.value(FieldId::proxy) == "");
  CHECK(d.result.client_text == "10.0.0.9");
}

TEST_CASE("H2: an untrusted chain may be replaced instead") {
  auto rules = trust({});
  rules.untrusted_for = UntrustedFor::overwrite;
  CHECK(Decided({"X-Forwarded-For: 1.1.1.1"}, rules).value(FieldId::x_forwarded_for) == "[10.0.0.9]");
}

TEST_CASE("H2: a trusted peer is believed where it makes sense") {
  const Decided d({"X-Forwarded-For: 1.1.1.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: b.example:444",
                   "X-Forwarded-Port: 444", "X-Real-IP: 6.6.6.6", "Forwarded: for=1.1.1.1", "Proxy: x"},
                  trust({"10.0.0.0/8"}));
  CHECK(d.result.peer_trusted);
  CHECK(d.value(FieldId::x_forwarded_for) == "[1.1.1.1, 10.0.0.9]");
  CHECK(d.value(FieldId::x_forwarded_proto) == "[https]");
  CHECK(d.value(FieldId::x_forwarded_host) == "[b.example:444]");
  CHECK(d.value(FieldId::x_forwarded_port) == "[444]");
  CHECK(d.value(FieldId::x_real_ip) == "[1.1.1.1]");
  CHECK(d.value(FieldId::forwarded) == "[for=1.1.1.1]");
  CHECK(d.value(FieldId::proxy) == "");
}

TEST_CASE("H2: nonsense and duplicates from a trusted peer are overwritten") {
  const Decided d({"X-Forwarded-Proto: gopher", "X-Forwarded-Host: a@b", "X-Forwarded-Port: 0"},
                  trust({"10.0.0.0/8"}));
  CHECK(d.value(FieldId::x_forwarded_proto) == "[http]");
  CHECK(d.value(FieldId::x_forwarded_host) == "[a.example]");
  CHECK(d.value(FieldId::x_forwarded_port) == "[80]");
  const Decided twice({"X-Forwarded-Proto: https", "X-Forwarded-Proto: http"}, trust({"10.0.0.0/8"}));
  CHECK(twice.value(FieldId::x_forwarded_proto) == "[http]");
}

TEST_CASE("H2: the client is the first address from the right that is no proxy of ours") {
  const auto ours = trust({"10.0.0.0/8", "2001:db8::/32"});
  CHECK(client_of("6.6.6.6, 1.1.1.1, 10.1.1.1", ours) == "1.1.1.1");
  CHECK(client_of("6.6.6.6,1.1.1.1", ours) == "1.1.1.1");
  CHECK(client_of("10.2.2.2, 10.1.1.1", ours) == "10.2.2.2");
  CHECK(client_of("1.1.1.1, [2001:db8::1]:443", ours) == "1.1.1.1");
  CHECK(client_of("1.1.1.1:5555, 2001:db8::1", ours) == "1.1.1.1");
  CHECK(client_of("2002::7", ours) == "2002::7");
  CHECK(client_of("1.1.1.1, unknown, 10.1.1.1", ours) == "10.1.1.1");
  CHECK(client_of("1.1.1.1, 10.1.1.1x", ours) == "10.0.0.9");
  CHECK(client_of(" , ,", ours) == "10.0.0.9");
  CHECK(client_of("", ours) == "10.0.0.9");
  CHECK(client_of("1.1.1.1", trust({"192.168.0.0/16"})) == "10.0.0.9");
}

TEST_CASE("H2: hops are counted from the right, the peer first") {
  CHECK(client_of("3.3.3.3, 2.2.2.2, 1.1.1.1", trust({}, 0)) == "10.0.0.9");
  CHECK(client_of("3.3.3.3, 2.2.2.2, 1.1.1.1", trust({}, 1)) == "1.1.1.1");
  CHECK(client_of("3.3.3.3, 2.2.2.2, 1.1.1.1", trust({}, 2)) == "2.2.2.2");
  CHECK(client_of("3.3.3.3, 2.2.2.2, 1.1.1.1", trust({}, 9)) == "3.3.3.3");
}

TEST_CASE("H2: the chain goes over several lines") {
  const Decided d({"X-Forwarded-For: 3.3.3.3, 2.2.2.2", "A: b", "X-Forwarded-For: 10.5.5.5"},
                  trust({"10.0.0.0/8"}));
  CHECK(d.result.client_text == "2.2.2.2");
  CHECK(d.value(FieldId::x_forwarded_for) == "[3.3.3.3, 2.2.2.2, 10.5.5.5, 10.0.0.9]");
}

TEST_CASE("H2: a chain of more than 64 proxies is not followed to its end") {
  std::string chain = "9.9.9.9";
  for (int i = 0; i < 80; ++i) chain += ", 10.0.0." + std::to_string(i);
  CHECK(client_of(chain, trust({"10.0.0.0/8"})) == "10.0.0.17");
}

TEST_CASE("H5: a valid request id is kept, anything else is replaced") {
  const auto id_after = [](std::vector<std::string_view> lines) {
    const Decided d(lines, {});
    CHECK(d.value(FieldId::x_request_id) == "[" + std::string(d.result.request_id) + "]");
    return std::string(d.result.request_id);
  };
  CHECK(id_after({"X-Request-Id: abc-123"}) == "abc-123");
  const std::string longest = "X-Request-Id: " + std::string(128, 'x');
  CHECK(id_after({longest}) == std::string(128, 'x'));
  const std::string longer = longest + "x";
  for (const std::string_view line :
       {std::string_view(longer), std::string_view("X-Request-Id: a b"), std::string_view("X-Request-Id:"),
        std::string_view("X-Request-Id: \xc3\xa9")})
    CHECK(id_after({line}).size() == RequestIdGenerator::kSize);
  CHECK(id_after({"X-Request-Id: a", "X-Request-Id: b"}).size() == RequestIdGenerator::kSize);
}

TEST_CASE("H2: an HTTP/1.0 request without Host gets no X-Forwarded-Host") {
  Decided d({}, {});
  d.head.fields.clear();
  d.result.host = {};
  write_forwarded(d.head.fields, d.result);
  CHECK(d.value(FieldId::x_forwarded_host) == "");
  CHECK(d.head.fields.size() == 5);
}
