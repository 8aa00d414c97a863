// SPDX-License-Identifier: Apache-2.0
#include "config/translate/hostname.h"

namespace gatehouse::translate {
namespace {

bool is_wildcard(std::string_view hostname) {
  return hostname.starts_with("*.");
}

/// Whether every host that `narrow` stands for is one that the wildcard `wide` matches.
bool covers(std::string_view wide, std::string_view narrow) {
  const auto suffix = wide.substr(1);  // ".example.com"
  if (is_wildcard(narrow)) return narrow.substr(1).ends_with(suffix);
  return narrow.size() > suffix.size() && narrow.ends_with(suffix);
}

}  // namespace

bool hostnames_intersect(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty() || a == b) return true;
  return (is_wildcard(a) && covers(a, b)) || (is_wildcard(b) && covers(b, a));
}

}  // namespace gatehouse::translate
