// SPDX-License-Identifier: Apache-2.0
// Parts that routes of several kinds have alike.
#include <fmt/format.h>

#include <array>
#include <set>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 2> kScopes{"All", "None"};
constexpr std::array<std::string_view, 2> kValueTypes{"Exact", "RegularExpression"};
constexpr std::size_t kMaxParentRefs = 32;
constexpr std::size_t kMaxHostnames = 16;
constexpr std::size_t kMaxValueMatches = 16;
constexpr std::size_t kMaxMatchesPerRoute = 128;

bool same_parent(const ParentReference& a, const ParentReference& b) {
  return a.group == b.group && a.kind == b.kind && a.name == b.name && a.ns == b.ns;
}

/// Several references to one parent all say which part they mean, each another, in the same way.
void check_parent_refs(Reader& spec, const std::vector<ParentReference>& refs) {
  for (std::size_t i = 0; i < refs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto &a = refs[i], &b = refs[j];
      if (!same_parent(a, b)) continue;
      if (a == b)
        return spec.error_at("parentRefs", {fmt::format("parent {} is named twice", a.name),
                                            "remove one, or give each its sectionName or port"});
      if (a.section_name.has_value() != b.section_name.has_value() ||
          a.port.has_value() != b.port.has_value())
        return spec.error_at(
            "parentRefs",
            {fmt::format("parent {} is named once with and once without sectionName or port", a.name),
             "give each reference the same of the two"});
    }
}

}  // namespace

std::vector<ParentReference> read_parent_refs(Reader& spec) {
  std::vector<ParentReference> refs;
  spec.each("parentRefs", kMaxParentRefs, [&](Reader& ref) { refs.push_back(read_parent_ref(ref)); });
  check_parent_refs(spec, refs);
  return refs;
}

std::string read_default_gateways(Reader& spec) {
  return spec.choice("useDefaultGateways", kScopes, "");
}

std::vector<std::string> read_hostnames(Reader& spec) {
  auto hostnames = spec.texts("hostnames", kMaxHostnames, check_hostname);
  for (const auto& hostname : hostnames) warn_of_address(spec, "hostnames", hostname);
  return hostnames;
}

std::vector<HttpValueMatch> read_value_matches(Reader& reader, std::string_view key, Check value) {
  std::vector<HttpValueMatch> matches;
  std::set<std::string> names;
  reader.each(key, kMaxValueMatches, [&](Reader& entry) {
    auto& match = matches.emplace_back();
    match.type = entry.choice("type", kValueTypes, match.type);
    match.name = entry.required_text("name", check_header_name);
    match.value = entry.required_text("value", value);
    if (!names.insert(match.name).second)
      entry.error_at("name", {fmt::format("\"{}\" appears twice in {}", match.name, key), "remove one"});
  });
  return matches;
}

HttpBackendRef read_http_backend(Reader& reader, FilterSet set) {
  HttpBackendRef ref;
  read_backend_ref(reader, ref);
  ref.weight = reader.small_integer("weight", kWeightRange).value_or(ref.weight);
  ref.filters = read_filters(reader, set);
  return ref;
}

void check_rule_names(Reader& spec, const std::vector<std::optional<std::string>>& names) {
  std::set<std::string> seen;
  for (const auto& name : names)
    if (name && !seen.insert(*name).second)
      spec.error_at("rules", {fmt::format("two rules have the name {}", *name), "rename one"});
}

void check_match_count(Reader& spec, std::size_t matches) {
  if (matches > kMaxMatchesPerRoute)
    spec.error_at("rules",
                  {fmt::format("have {} matches, at most {} are allowed", matches, kMaxMatchesPerRoute),
                   "split the route"});
}

}  // namespace gatehouse::objects
