// SPDX-License-Identifier: Apache-2.0
// PROXY protocol headers: the verdict does not depend on how the bytes come, and what is read can be written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proxy/http/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::http;
  using State = ProxyHeaderScan::State;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = scan_proxy_header(bytes);
  if (whole.state == State::need_more && size >= kMaxProxyHeader) std::abort();
  for (std::size_t part = 0; part < size; ++part) {
    const auto scan = scan_proxy_header(bytes.substr(0, part));
    if (scan.state == State::need_more) continue;
    if (scan.state != whole.state || scan.size != whole.size || scan.header != whole.header) std::abort();
  }
  if (whole.state != State::complete) return 0;
  if (whole.size > size) std::abort();
  for (const auto version : {ProxyVersion::v1, ProxyVersion::v2}) {
    const auto again = scan_proxy_header(write_proxy_header(version, whole.header));
    if (again.state != State::complete || again.header != whole.header) std::abort();
  }
  return 0;
}
