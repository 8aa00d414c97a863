// SPDX-License-Identifier: Apache-2.0
// filters[] of HTTPRoute rules and backendRefs.
#include <fmt/format.h>

#include <array>
#include <set>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::size_t kMaxFilters = 16;
constexpr std::size_t kMaxHeaders = 16;

/// A filter's type and the field that carries its configuration.
struct FilterType {
  std::string_view type;
  std::string_view field;
  bool repeatable;
};

constexpr std::array<FilterType, 8> kTypes{{
    {"RequestHeaderModifier", "requestHeaderModifier", false},
    {"ResponseHeaderModifier", "responseHeaderModifier", false},
    {"RequestMirror", "requestMirror", true},
    {"RequestRedirect", "requestRedirect", false},
    {"URLRewrite", "urlRewrite", false},
    {"CORS", "cors", false},
    {"ExternalAuth", "externalAuth", false},
    {"ExtensionRef", "extensionRef", true},
}};

constexpr auto kTypeNames = [] {
  std::array<std::string_view, kTypes.size()> names{};
  for (std::size_t i = 0; i < kTypes.size(); ++i) names[i] = kTypes[i].type;
  return names;
}();

std::vector<HttpHeader> read_headers(Reader& reader, std::string_view key) {
  std::vector<HttpHeader> headers;
  std::set<std::string> names;
  reader.each(key, kMaxHeaders, [&](Reader& entry) {
    auto& header = headers.emplace_back();
    header.name = entry.required_text("name", check_header_name);
    header.value = entry.required_text("value", check_header_value);
    if (!names.insert(header.name).second)
      entry.error_at("name", {fmt::format("header {} appears twice in {}", header.name, key), "keep one"});
  });
  return headers;
}

HttpHeaderFilter read_header_filter(Reader& reader) {
  HttpHeaderFilter filter;
  filter.set = read_headers(reader, "set");
  filter.add = read_headers(reader, "add");
  filter.remove = reader.texts("remove", kMaxHeaders, check_header_name);
  return filter;
}

void check_fields(Reader& reader, const std::string& type) {
  for (const auto& known : kTypes) {
    const bool given = reader.has(known.field);
    if (known.type == type && !given)
      reader.error_at(known.field, {"is required for type " + type, "add it"});
    if (known.type != type && given && !type.empty())
      reader.error_at(known.field,
                      {"does not go with type " + type, "remove it, or make it a filter of its own"});
  }
}

HttpRouteFilter read_filter(Reader& reader) {
  HttpRouteFilter filter;
  if (!reader.has("type"))
    reader.error_at("type", {"is required", "name the filter, for example RequestHeaderModifier"});
  filter.type = reader.choice("type", kTypeNames, "");
  check_fields(reader, filter.type);
  reader.object("requestHeaderModifier",
                [&](Reader& config) { filter.request_header_modifier = read_header_filter(config); });
  reader.object("responseHeaderModifier",
                [&](Reader& config) { filter.response_header_modifier = read_header_filter(config); });
  return filter;
}

bool is_repeatable(std::string_view type) {
  for (const auto& known : kTypes)
    if (known.type == type) return known.repeatable;
  return true;
}

}  // namespace

std::vector<HttpRouteFilter> decode_filters(Reader& owner) {
  std::vector<HttpRouteFilter> filters;
  std::set<std::string> types;
  owner.each("filters", kMaxFilters, [&](Reader& entry) {
    filters.push_back(read_filter(entry));
    const auto& type = filters.back().type;
    if (!types.insert(type).second && !is_repeatable(type))
      entry.error_at("type", {fmt::format("{} appears twice in one list of filters", type), "merge the two"});
  });
  return filters;
}

}  // namespace gatehouse::objects
