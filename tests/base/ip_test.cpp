// SPDX-License-Identifier: Apache-2.0
// Addresses and ranges: what parses, what does not, and how they read.
#include "base/ip.h"

#include <catch2/catch.hpp>

namespace gatehouse {
namespace {

TEST_CASE("addresses read back as they are written") {
  const auto text = GENERATE(as<std::string>{}, "0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1",
                             "2001:db8::1", "fe80::1");
  const auto ip = IpAddress::parse(text);
  REQUIRE(ip);
  CHECK(ip->to_string() == text);
}

TEST_CASE("what is not an address is refused") {
  const auto text =
      GENERATE(as<std::string>{}, "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4.", "a.b.c.d", "::g",
               "1::2::3", "[::1]", "1.2.3.4 ", " 1.2.3.4", "fe80::1%eth0", "1.2.3.4/8");
  CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("an IPv4-mapped IPv6 address is the IPv4 address") {
  CHECK(IpAddress::parse("::ffff:10.1.2.3") == IpAddress::parse("10.1.2.3"));
}

TEST_CASE("link-local addresses are known in both families") {
  for (const auto* text : {"169.254.0.1", "169.254.169.254", "fe80::1", "febf::1", "::ffff:169.254.169.254"})
    CHECK(IpAddress::parse(text)->is_link_local());
  for (const auto* text : {"169.253.0.1", "10.0.0.1", "fec0::1", "2001:db8::1"})
    CHECK_FALSE(IpAddress::parse(text)->is_link_local());
}

TEST_CASE("loopback and any are known in both families") {
  CHECK(IpAddress::parse("127.9.9.9")->is_loopback());
  CHECK(IpAddress::parse("::1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("10.0.0.1")->is_loopback());
  CHECK(IpAddress::parse("0.0.0.0")->is_any());
  CHECK(IpAddress::parse("::")->is_any());
  CHECK_FALSE(IpAddress::parse("::1")->is_any());
}

TEST_CASE("a range contains exactly what its prefix says") {
  struct Case {
    const char* range;
    const char* inside;
    const char* outside;
  };
  const auto c = GENERATE(values<Case>({{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
                                        {"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
                                        {"1.2.3.4", "1.2.3.4", "1.2.3.5"},
                                        {"1.2.3.4/31", "1.2.3.5", "1.2.3.6"},
                                        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
                                        {"0.0.0.0/0", "8.8.8.8", "::1"},
                                        {"::/0", "2001::1", "8.8.8.8"}}));
  const auto range = Cidr::parse(c.range);
  REQUIRE(range);
  CHECK(range->contains(*IpAddress::parse(c.inside)));
  CHECK_FALSE(range->contains(*IpAddress::parse(c.outside)));
}

TEST_CASE("what is not a range is refused") {
  const auto text = GENERATE(as<std::string>{}, "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129",
                             "10.0.0.0/8/8", "10.0.0.0/8x", "10.0.0.0/ 8");
  CHECK_FALSE(Cidr::parse(text));
}

TEST_CASE("socket addresses read back as they are written") {
  const auto text = GENERATE(as<std::string>{}, "1.2.3.4:80", "[::1]:8080", "127.0.0.1:65535");
  const auto address = SocketAddress::parse(text);
  REQUIRE(address);
  CHECK(address->to_string() == text);
  sockaddr_storage storage{};
  CHECK(address->write(storage) == (address->ip.v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in)));
  CHECK(SocketAddress::from(storage) == *address);
}

TEST_CASE("what is not a socket address is refused") {
  const auto text =
      GENERATE(as<std::string>{}, "", "1.2.3.4", "1.2.3.4:", ":80", "1.2.3.4:65536", "1.2.3.4:-1",
               "1.2.3.4:8x", "::1:80", "[::1]", "[::1]80", "[1.2.3.4:80", "1.2.3.4:80 ");
  CHECK_FALSE(SocketAddress::parse(text));
}

}  // namespace
}  // namespace gatehouse
