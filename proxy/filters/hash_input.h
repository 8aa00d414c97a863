// SPDX-License-Identifier: Apache-2.0
// The number by which ring hash and Maglev keep like requests together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/ip.h"
#include "config/ir/policy.h"
#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// The hash of the first of `sources` that the request carries, or nullopt. The same for equal values in
/// every worker, process and release. Of repeated headers, cookies and parameters the first counts; query
/// texts are taken as they stand. Allocates nothing.
std::optional<std::uint64_t> hash_request(std::span<const ir::HashSource> sources,
                                          const http::RequestHead& head, const IpAddress& client);

}  // namespace gatehouse::proxy
