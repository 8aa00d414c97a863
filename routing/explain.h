// SPDX-License-Identifier: Apache-2.0
// Why a request meets the rule it meets: every match of a listener, and what it won or lost by. For people;
// the request path never comes here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/ir/listener.h"
#include "routing/compiled_route.h"
#include "routing/request_view.h"
#include "routing/route_table.h"

namespace gatehouse::routing {

/// The first difference to the match that serves the request.
enum class Verdict : std::uint8_t {
  serves,
  // does not hold for this request:
  other_host,
  other_path,
  other_method,
  other_header,
  other_query,
  // holds, and ranks below the one that serves:
  less_specific_host,
  lower_path_type,
  shorter_path,
  without_method,
  fewer_headers,
  fewer_query,
  younger,
  later_name,
  later_in_route,
};

struct Candidate {
  const CompiledMatch* match = nullptr;
  Verdict verdict = Verdict::other_host;
  std::string_view hostname;  ///< of the route's, the most specific that covers the host; empty: any, or none
  std::string name;           ///< of the header or query parameter that does not hold
};

/// All matches of `table`'s routes: the one that serves first, then those that hold in their order of
/// precedence, then the others as configured. `listener` is what the table was compiled from; views point
/// into it. The one that serves is find()'s.
std::vector<Candidate> explain(const ir::Listener& listener, const RouteTable& table,
                               const RequestView& request);

}  // namespace gatehouse::routing
