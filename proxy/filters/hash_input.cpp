// SPDX-License-Identifier: Apache-2.0
// Header, cookie, query parameter or client address, hashed.
#include "proxy/filters/hash_input.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/filters/cookies.h"
#include "proxy/filters/sip_hash.h"

namespace gatehouse::proxy {
namespace {

/// Public on purpose: two gateways in front of the same endpoints shall agree.
constexpr SipKey kSpreadKey{0x67617465686f7573, 0x6520737072656164};

std::optional<std::string_view> find_header(const http::HeaderList& fields, std::string_view name) {
  for (const auto& field : fields)
    if (equals_ignoring_case(field.name, name)) return field.value;
  return std::nullopt;
}

std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) return pair.substr(std::min(equals + 1, pair.size()));
  }
  return std::nullopt;
}

std::string_view bytes_of(const IpAddress& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), address.v6 ? std::size_t{16} : std::size_t{4}};
}

std::optional<std::string_view> find_value(const ir::HashSource& source, const http::RequestHead& head,
                                           const IpAddress& client) {
  switch (source.kind) {
    case ir::HashSource::Kind::header:
      if (source.name == "host") return head.host;  // the codec's own field, in its one form
      return find_header(head.fields, source.name);
    case ir::HashSource::Kind::cookie:
      return CookieValues(head.fields, source.name).next();
    case ir::HashSource::Kind::query:
      return find_parameter(head.query, source.name);
    case ir::HashSource::Kind::source_ip:
      return bytes_of(client);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> hash_request(std::span<const ir::HashSource> sources,
                                          const http::RequestHead& head, const IpAddress& client) {
  for (const auto& source : sources)
    if (const auto value = find_value(source, head, client)) return sip_hash(*value, kSpreadKey);
  return std::nullopt;
}

}  // namespace gatehouse::proxy
