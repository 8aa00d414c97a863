// SPDX-License-Identifier: Apache-2.0
// What a route decision looks at: views into one request head.
#pragma once

#include <span>
#include <string_view>

#include "base/header_field.h"

namespace gatehouse::routing {

/// Valid for one call of find(). `host` is lower case without port and trailing dot (http-rules U4), `path`
/// is normalised (U5) and without query, `query` is what follows the '?', `headers` are as received.
struct RequestView {
  std::string_view host;
  std::string_view path;
  std::string_view query;
  std::string_view method;
  std::span<const HeaderField> headers;
};

}  // namespace gatehouse::routing
