// SPDX-License-Identifier: Apache-2.0
// Addresses from settings, X-Forwarded-For and YAML: whatever parses must print as text that parses to the
// same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/ip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto ip = IpAddress::parse(text); ip && IpAddress::parse(ip->to_string()) != ip) std::abort();
  if (const auto socket = SocketAddress::parse(text);
      socket && SocketAddress::parse(socket->to_string()) != socket)
    std::abort();
  if (const auto range = Cidr::parse(text); range && !range->contains(range->base)) std::abort();
  return 0;
}
