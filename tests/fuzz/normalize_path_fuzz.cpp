// SPDX-License-Identifier: Apache-2.0
// U5: whatever path is accepted has a normal form that is its own normal form and stays inside the root.
#include <cstdlib>
#include <string>

#include "proxy/http/field_syntax.h"
#include "proxy/http/normalize_path.h"

using namespace gatehouse;
using namespace gatehouse::http;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool has_dot_segment(std::string_view path) {
  const auto closed = std::string(path) + "/";
  return closed.find("/./") != std::string::npos || closed.find("/../") != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  PathRules rules;
  rules.merge_slashes = (data[0] & 1) != 0;
  rules.escaped_slashes = (data[0] & 2) != 0 ? EscapedSlashes::reject : EscapedSlashes::keep;
  // A copy of its own size: reading past the path is seen.
  const std::string raw(reinterpret_cast<const char*>(data) + 1, size - 1);

  Arena arena;
  const auto once = normalize_path(raw, rules, arena);
  if (!once) return 0;
  const auto twice = normalize_path(*once, rules, arena);
  require(twice && *twice == *once);
  require(once->front() == '/' && once->size() <= raw.size());
  require(is_target_text(*once) && !has_dot_segment(*once));
  require(!rules.merge_slashes || once->find("//") == std::string_view::npos);
  return 0;
}
