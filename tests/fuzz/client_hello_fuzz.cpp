// SPDX-License-Identifier: Apache-2.0
// ClientHello: the verdict does not depend on how the bytes come, nor on how the message is cut into records.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tls/client_hello.h"

namespace {

using namespace gatehouse::tls;
using State = HelloScan::State;

bool same(const HelloScan& a, const HelloScan& b) {
  return a.state == b.state && a.hello.server_name == b.hello.server_name && a.hello.alpn == b.hello.alpn;
}

/// The bytes as one handshake message in records of `size`.
std::string in_records(std::string_view message, std::size_t size) {
  std::string records;
  for (std::size_t at = 0; at < message.size(); at += size) {
    const auto part = message.substr(at, size);
    records += {22, 3, 1, static_cast<char>(part.size() >> 8), static_cast<char>(part.size() & 0xff)};
    records += part;
  }
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = scan_client_hello(bytes);
  for (std::size_t part = 0; part < size && part < 2'000; ++part) {
    const auto scan = scan_client_hello(bytes.substr(0, part));
    if (scan.state != State::need_more && !same(scan, whole)) std::abort();
  }
  const auto message = bytes.substr(0, 2'000);
  const auto large = scan_client_hello(in_records(message, 2'000));
  const auto small = scan_client_hello(in_records(message, 7));
  if (!same(large, small)) std::abort();
  return 0;
}
