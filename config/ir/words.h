// SPDX-License-Identifier: Apache-2.0
// Parts of a configuration in words, as Gateway API names them: for people who read diffs and explanations.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "base/yaml_text.h"
#include "config/ir/cluster.h"
#include "config/ir/listener.h"
#include "config/ir/route.h"

namespace gatehouse::ir {

/// "PathPrefix /api".
std::string words(const PathMatch& path);
/// "PathPrefix /api, method GET, header x-user: ann, query debug ~ [01]"; '~' stands for a regular
/// expression.
std::string words(const RouteMatch& match);
/// "127.0.0.1:80", "[::1]:80 priority 1".
std::string words(const Endpoint& endpoint);
/// "1500ms", "2s", "off" for zero.
std::string words(std::chrono::milliseconds time);
/// "HTTPS"; as Gateway API writes it.
std::string_view words(ListenerProtocol protocol);
/// "HTTP/1.1", "HTTP/2", "by ALPN".
std::string_view words(ClusterProtocol protocol);

/// What a dump() wrote, field by field: "request_headers.set[0].name" -> "x-user".
using Fields = std::map<std::string, std::string>;
Fields fields_of(std::string_view yaml);

/// The fields of one part that dump_parts.h can write; those at their default are not there.
template <typename Part>
Fields fields_of_part(const Part& part) {
  YamlText out;
  dump(out, part);
  return fields_of(out.take());
}

/// "retry.attempts 2 -> 3, redirect added (status 301)": a group of fields that is new or gone is named as
/// one. Empty when the two are equal.
std::string words_of_change(const Fields& before, const Fields& after);

}  // namespace gatehouse::ir
