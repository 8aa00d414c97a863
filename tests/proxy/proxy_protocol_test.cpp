// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol read and written, both versions, at any split, with everything wrong that can be.
#include "proxy/http/proxy_protocol.h"

#include <catch2/catch.hpp>

#include <string>

namespace gatehouse::http {
namespace {

using State = ProxyHeaderScan::State;

SocketAddress address(std::string_view text) {
  const auto parsed = SocketAddress::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

ProxyHeader header(std::string_view source, std::string_view destination) {
  return {address(source), address(destination)};
}

std::string binary(std::string_view tail) {
  return std::string("\r\n\r\n\0\r\nQUIT\n", 12).append(tail);
}

TEST_CASE("a version 1 line names both ends") {
  const auto scan = scan_proxy_header("PROXY TCP4 192.0.2.1 198.51.100.2 5000 443\r\nGET /");
  REQUIRE(scan.state == State::complete);
  CHECK(scan.size == 44);
  CHECK(scan.header == header("192.0.2.1:5000", "198.51.100.2:443"));
  const auto v6 = scan_proxy_header("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n");
  REQUIRE(v6.state == State::complete);
  CHECK(v6.header == header("[2001:db8::1]:1", "[2001:db8::2]:65535"));
}

TEST_CASE("an unknown version 1 sender leaves the connection's own addresses") {
  const auto line = GENERATE("PROXY UNKNOWN\r\n", "PROXY UNKNOWN ff::1 anything 1 2\r\n");
  const auto scan = scan_proxy_header(line);
  CHECK(scan.state == State::complete);
  CHECK_FALSE(scan.header.source);
}

TEST_CASE("broken version 1 lines are refused") {
  const auto line = GENERATE(
      "PROXY TCP4 192.0.2.1 198.51.100.2 5000\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 5000 443 9\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 5000 443\n", "PROXY TCP4  192.0.2.1 198.51.100.2 5000 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 5000 443 \r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 05000 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n",
      "PROXY TCP4 ::1 ::2 5000 443\r\n", "PROXY TCP6 192.0.2.1 198.51.100.2 5000 443\r\n",
      "PROXY TCP4 192.0.2.256 198.51.100.2 5000 443\r\n", "PROXY TCP5 192.0.2.1 198.51.100.2 5000 443\r\n",
      "PROXY \r\n", "PROXY TCP4\r\n", "PROXY UNKNOWN \x01\r\n", "PROXY\tTCP4 1.1.1.1 1.1.1.1 1 1\r\n",
      "proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n", "GET / HTTP/1.1\r\n");
  CAPTURE(line);
  CHECK(scan_proxy_header(line).state == State::malformed);
}

TEST_CASE("a version 1 line that does not end is refused at its limit") {
  const std::string line = "PROXY UNKNOWN " + std::string(kMaxProxyLine, 'x');
  CHECK(scan_proxy_header(line.substr(0, kMaxProxyLine - 1)).state == State::need_more);
  CHECK(scan_proxy_header(line.substr(0, kMaxProxyLine)).state == State::malformed);
}

TEST_CASE("a version 2 header names both ends and its extensions are skipped") {
  const std::string bytes = binary(std::string("\x21\x11\x00\x10"
                                               "\xc0\x00\x02\x01\xc6\x33\x64\x02\x13\x88\x01\xbb"
                                               "\x04\x00\x01\x00",
                                               20)) +
                            "GET /";
  const auto scan = scan_proxy_header(bytes);
  REQUIRE(scan.state == State::complete);
  CHECK(scan.size == bytes.size() - 5);
  CHECK(scan.header == header("192.0.2.1:5000", "198.51.100.2:443"));
}

TEST_CASE("version 2 LOCAL, unspecified and UNIX leave the connection's own addresses") {
  const std::string tail = GENERATE(std::string("\x20\x00\x00\x00", 4), std::string("\x20\x11\x00\x03xyz", 7),
                                    std::string("\x21\x00\x00\x02xy", 6),
                                    std::string("\x21\x31\x00\xd8", 4) + std::string(216, '/'));
  const auto scan = scan_proxy_header(binary(tail));
  CHECK(scan.state == State::complete);
  CHECK(scan.size == 12 + tail.size());
  CHECK_FALSE(scan.header.source);
}

TEST_CASE("broken version 2 headers are refused") {
  const std::string tail =
      GENERATE(std::string("\x11\x11\x00\x0c", 4), std::string("\x22\x11\x00\x0c", 4),
               std::string("\x21\x11\x00\x0b", 4) + std::string(11, 'x'),
               std::string("\x21\x21\x00\x23", 4) + std::string(35, 'x'),
               std::string("\x21\x13\x00\x0c", 4) + std::string(12, 'x'),
               std::string("\x21\x41\x00\x0c", 4) + std::string(12, 'x'), std::string("\x21\x11\x10\x00", 4));
  CHECK(scan_proxy_header(binary(tail)).state == State::malformed);
}

TEST_CASE("what is written is read back, at any split") {
  const auto version = GENERATE(ProxyVersion::v1, ProxyVersion::v2);
  const auto written =
      GENERATE(header("192.0.2.1:5000", "198.51.100.2:443"), header("[2001:db8::1]:1", "[2001:db8::2]:2"),
               header("192.0.2.1:5000", "[2001:db8::2]:2"), ProxyHeader{});
  const std::string bytes = write_proxy_header(version, written);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(scan_proxy_header(bytes.substr(0, size)).state == State::need_more);
  const auto scan = scan_proxy_header(bytes + "rest");
  REQUIRE(scan.state == State::complete);
  CHECK(scan.size == bytes.size());
  CHECK(scan.header == written);
}

}  // namespace
}  // namespace gatehouse::http
