// SPDX-License-Identifier: Apache-2.0
// The conditions of a match beyond its path: method, headers, query parameters.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "config/ir/route.h"
#include "routing/request_view.h"

namespace gatehouse::routing {

/// What a regex condition looks at when it must be built first (a repeated header joined, a parameter
/// decoded) may be this long; beyond, the condition does not hold.
inline constexpr std::size_t kMaxBuiltSubject = 64 * 1024;

/// One compiled header or query condition. `source` belongs to the route's IR.
/// A header that comes several times is looked at as its values joined by ",". Of a repeated query parameter
/// the first counts; names and values are compared after percent-decoding, '+' being a space, bad escapes
/// literal.
struct ValueCondition {
  const ir::ValueMatch* source = nullptr;
  const Regex* regex = nullptr;  ///< null: exact
};

bool holds_for_headers(const ValueCondition& condition, std::span<const HeaderField> headers);
bool holds_for_query(const ValueCondition& condition, std::string_view query);

/// All conditions of one match. The views are into the route's IR and into the compiled route.
struct Conditions {
  std::string_view method;  ///< empty = any
  std::vector<ValueCondition> headers;
  std::vector<ValueCondition> query;

  bool empty() const { return method.empty() && headers.empty() && query.empty(); }
  /// Allocates nothing.
  bool hold(const RequestView& request) const;
};

}  // namespace gatehouse::routing
