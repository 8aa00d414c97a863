// SPDX-License-Identifier: Apache-2.0
// filters[] of HTTPRoute and GRPCRoute rules, of backendRefs and of listeners.
#include <fmt/format.h>

#include <array>
#include <set>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::size_t kMaxFilters = 16;
constexpr std::size_t kMaxHeaders = 16;
constexpr std::size_t kMaxCorsEntries = 64;
constexpr std::size_t kMaxCorsMethods = 9;
constexpr std::size_t kMaxAuthHeaders = 64;
constexpr Range kPercent{0, 100};
constexpr Range kPositive{1, INT32_MAX};

constexpr std::array<UnionMember, 8> kFilters{{
    {"RequestHeaderModifier", "requestHeaderModifier"},
    {"ResponseHeaderModifier", "responseHeaderModifier"},
    {"RequestMirror", "requestMirror"},
    {"RequestRedirect", "requestRedirect"},
    {"URLRewrite", "urlRewrite"},
    {"CORS", "cors"},
    {"ExternalAuth", "externalAuth"},
    {"ExtensionRef", "extensionRef"},
}};
constexpr std::array<std::string_view, 3> kRepeatable{"RequestMirror", "ExternalAuth", "ExtensionRef"};

constexpr auto kFilterTypes = [] {
  std::array<std::string_view, kFilters.size()> names{};
  for (std::size_t i = 0; i < kFilters.size(); ++i) names[i] = kFilters[i].type;
  return names;
}();

constexpr std::array<UnionMember, 4> kGrpcFilters{{
    {"ResponseHeaderModifier", "responseHeaderModifier"},
    {"RequestHeaderModifier", "requestHeaderModifier"},
    {"RequestMirror", "requestMirror"},
    {"ExtensionRef", "extensionRef"},
}};
constexpr std::array<std::string_view, 4> kGrpcFilterTypes{"ResponseHeaderModifier", "RequestHeaderModifier",
                                                           "RequestMirror", "ExtensionRef"};

constexpr std::array<UnionMember, 2> kPathModifiers{{
    {"ReplaceFullPath", "replaceFullPath"},
    {"ReplacePrefixMatch", "replacePrefixMatch"},
}};
constexpr std::array<std::string_view, 2> kPathModifierTypes{"ReplaceFullPath", "ReplacePrefixMatch"};
constexpr std::array<std::string_view, 2> kSchemes{"http", "https"};
constexpr std::array<std::string_view, 10> kCorsMethods{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                        "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"};
constexpr std::array<UnionMember, 2> kAuthProtocols{{{"HTTP", "http"}, {"GRPC", "grpc"}}};
constexpr std::array<std::string_view, 2> kAuthProtocolNames{"HTTP", "GRPC"};

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

/// The CRD takes any text as a name to remove; one that no header can have removes nothing.
void warn_of_names(Reader& reader, std::string_view key, const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (const auto complaint = check_header_name(name)) reader.warning_at(key, *complaint);
}

HttpHeaderFilter read_header_filter(Reader& reader) {
  HttpHeaderFilter filter;
  filter.set = read_headers(reader, "set");
  filter.add = read_headers(reader, "add");
  filter.remove = reader.text_set("remove", kMaxHeaders, nullptr);
  warn_of_names(reader, "remove", filter.remove);
  return filter;
}

HttpPathModifier read_path_modifier(Reader& reader) {
  HttpPathModifier path;
  path.type = reader.required_choice("type", kPathModifierTypes);
  check_union(reader, kPathModifiers, path.type);
  path.replace_full_path = reader.text("replaceFullPath", check_new_path);
  path.replace_prefix_match = reader.text("replacePrefixMatch", check_new_path);
  return path;
}

HttpRequestRedirect read_redirect(Reader& reader) {
  constexpr std::array<std::int32_t, 5> kCodes{301, 302, 303, 307, 308};
  HttpRequestRedirect redirect;
  redirect.scheme = reader.optional_choice("scheme", kSchemes);
  redirect.hostname = reader.text("hostname", check_precise_hostname);
  reader.object("path", [&](Reader& path) { redirect.path = read_path_modifier(path); });
  redirect.port = reader.small_integer("port", kPortRange);
  const auto code = reader.integer("statusCode", {INT64_MIN, INT64_MAX});
  if (!code) return redirect;
  if (std::find(kCodes.begin(), kCodes.end(), *code) == kCodes.end())
    reader.error_at("statusCode", {fmt::format("{} is not one of {}", *code, fmt::join(kCodes, ", ")),
                                   "write one of them"});
  else
    redirect.status_code = static_cast<std::int32_t>(*code);
  return redirect;
}

HttpUrlRewrite read_rewrite(Reader& reader) {
  HttpUrlRewrite rewrite;
  rewrite.hostname = reader.text("hostname", check_precise_hostname);
  reader.object("path", [&](Reader& path) { rewrite.path = read_path_modifier(path); });
  return rewrite;
}

Fraction read_fraction(Reader& reader) {
  Fraction fraction;
  reader.require("numerator", "add it");
  fraction.numerator = reader.small_integer("numerator", kNotNegative).value_or(0);
  fraction.denominator = reader.small_integer("denominator", kPositive).value_or(fraction.denominator);
  if (fraction.numerator > fraction.denominator)
    reader.error_at("numerator", {"is greater than the denominator", "lower it"});
  return fraction;
}

void read_required_backend(Reader& reader, BackendObjectReference& to) {
  reader.require("backendRef", "name the Service and its port");
  reader.object("backendRef", [&](Reader& ref) { read_backend_ref(ref, to); });
}

HttpRequestMirror read_mirror(Reader& reader) {
  HttpRequestMirror mirror;
  read_required_backend(reader, mirror.backend_ref);
  mirror.percent = reader.small_integer("percent", kPercent);
  reader.object("fraction", [&](Reader& fraction) { mirror.fraction = read_fraction(fraction); });
  if (reader.has("percent") && reader.has("fraction"))
    reader.error_at("fraction", {"does not go with percent", "keep one of the two"});
  return mirror;
}

std::vector<std::string> read_cors_list(Reader& reader, std::string_view key, Check check) {
  auto list = reader.text_set(key, kMaxCorsEntries, check);
  if (list.size() > 1 && std::find(list.begin(), list.end(), "*") != list.end())
    reader.error_at(key, {"has \"*\" beside other entries", "keep only \"*\", or remove it"});
  return list;
}

std::optional<Complaint> check_cors_method(std::string_view text) {
  if (std::find(kCorsMethods.begin(), kCorsMethods.end(), text) != kCorsMethods.end()) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is not one of {}", text, fmt::join(kCorsMethods, ", ")),
                   "write one of them"};
}

HttpCors read_cors(Reader& reader) {
  HttpCors cors;
  cors.allow_origins = read_cors_list(reader, "allowOrigins", check_cors_origin);
  cors.allow_credentials = reader.boolean("allowCredentials");
  cors.allow_methods = read_cors_list(reader, "allowMethods", check_cors_method);
  if (cors.allow_methods.size() > kMaxCorsMethods)
    reader.error_at("allowMethods", {fmt::format("has {} entries, at most {} are allowed",
                                                 cors.allow_methods.size(), kMaxCorsMethods),
                                     "remove some"});
  cors.allow_headers = read_cors_list(reader, "allowHeaders", check_header_name);
  cors.expose_headers = reader.text_set("exposeHeaders", kMaxCorsEntries, check_header_name);
  cors.max_age = reader.small_integer("maxAge", kPositive).value_or(cors.max_age);
  return cors;
}

bool is_repeatable(std::string_view type) {
  return type.empty() || std::find(kRepeatable.begin(), kRepeatable.end(), type) != kRepeatable.end();
}

/// The members that a GRPCRoute has too.
void read_header_and_mirror(Reader& reader, HttpRouteFilter& to) {
  reader.object("requestHeaderModifier",
                [&](Reader& config) { to.request_header_modifier = read_header_filter(config); });
  reader.object("responseHeaderModifier",
                [&](Reader& config) { to.response_header_modifier = read_header_filter(config); });
  reader.object("requestMirror", [&](Reader& config) { to.request_mirror = read_mirror(config); });
  reader.object("extensionRef", [&](Reader& config) { to.extension_ref = read_local_ref(config); });
}

HttpRouteFilter read_http_filter(Reader& reader) {
  HttpRouteFilter filter;
  filter.type = reader.required_choice("type", kFilterTypes);
  check_union(reader, kFilters, filter.type);
  read_header_and_mirror(reader, filter);
  reader.object("requestRedirect", [&](Reader& config) { filter.request_redirect = read_redirect(config); });
  reader.object("urlRewrite", [&](Reader& config) { filter.url_rewrite = read_rewrite(config); });
  reader.object("cors", [&](Reader& config) { filter.cors = read_cors(config); });
  reader.object("externalAuth", [&](Reader& config) { filter.external_auth = read_external_auth(config); });
  return filter;
}

HttpRouteFilter read_grpc_filter(Reader& reader) {
  HttpRouteFilter filter;
  filter.type = reader.required_choice("type", kGrpcFilterTypes);
  check_union(reader, kGrpcFilters, filter.type);
  read_header_and_mirror(reader, filter);
  return filter;
}

}  // namespace

HttpExternalAuth read_external_auth(Reader& reader) {
  HttpExternalAuth auth;
  auth.protocol = reader.required_choice("protocol", kAuthProtocolNames);
  check_union(reader, kAuthProtocols, auth.protocol);
  read_required_backend(reader, auth.backend_ref);
  reader.object("grpc", [&](Reader& grpc) {
    auth.grpc_allowed_headers = grpc.text_set("allowedHeaders", kMaxAuthHeaders, nullptr);
    warn_of_names(grpc, "allowedHeaders", auth.grpc_allowed_headers);
  });
  reader.object("http", [&](Reader& http) {
    auth.http_path = http.text_or("path", "", check_auth_path);
    auth.http_allowed_headers = http.text_set("allowedHeaders", kMaxAuthHeaders, nullptr);
    warn_of_names(http, "allowedHeaders", auth.http_allowed_headers);
    auth.http_allowed_response_headers = http.text_set("allowedResponseHeaders", kMaxAuthHeaders, nullptr);
    warn_of_names(http, "allowedResponseHeaders", auth.http_allowed_response_headers);
  });
  reader.object("forwardBody", [&](Reader& body) {
    auth.forward_body_max_size = body.small_integer("maxSize", kNotNegative);
  });
  return auth;
}

std::vector<HttpRouteFilter> read_filters(Reader& owner, FilterSet set) {
  std::vector<HttpRouteFilter> filters;
  std::set<std::string> types;
  owner.each("filters", kMaxFilters, [&](Reader& entry) {
    filters.push_back(set == FilterSet::http ? read_http_filter(entry) : read_grpc_filter(entry));
    const auto& type = filters.back().type;
    if (!types.insert(type).second && !is_repeatable(type))
      entry.error_at("type", {fmt::format("{} appears twice in one list of filters", type), "merge the two"});
  });
  if (types.contains("RequestRedirect") && types.contains("URLRewrite"))
    owner.error_at("filters", {"have both a RequestRedirect and a URLRewrite", "keep one of the two"});
  return filters;
}

}  // namespace gatehouse::objects
