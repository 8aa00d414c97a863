// SPDX-License-Identifier: Apache-2.0
// Origins, and the Access-Control fields by Gateway API HTTPCORSFilter and the Fetch standard.
#include "proxy/filters/cors.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace gatehouse::proxy {
namespace {

constexpr std::string_view kPrefix = "access-control-";
constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";
constexpr std::string_view kAllowCredentials = "Access-Control-Allow-Credentials";
constexpr std::string_view kAllowMethods = "Access-Control-Allow-Methods";
constexpr std::string_view kAllowHeaders = "Access-Control-Allow-Headers";
constexpr std::string_view kExposeHeaders = "Access-Control-Expose-Headers";
constexpr std::string_view kMaxAge = "Access-Control-Max-Age";

struct Origin {
  std::string_view scheme;
  std::string_view host;
  std::uint64_t port = 0;
};

std::optional<Origin> parse_origin(std::string_view text) {
  const auto mark = text.find("://");
  if (mark == std::string_view::npos) return std::nullopt;
  Origin origin;
  origin.scheme = text.substr(0, mark);
  origin.host = text.substr(mark + 3);
  // An origin has no path; without this "https://evil.com#.good.com" would end like a good host.
  if (origin.host.empty() || origin.host.find_first_of("/?#@\\") != std::string_view::npos)
    return std::nullopt;
  origin.port = equals_ignoring_case(origin.scheme, "https") ? 443 : 80;
  const auto colon = origin.host.rfind(':');
  if (colon == std::string_view::npos || origin.host.back() == ']') return origin;
  const auto port = parse_decimal(origin.host.substr(colon + 1));
  if (!port) return std::nullopt;
  origin.port = *port;
  origin.host = origin.host.substr(0, colon);
  return origin;
}

bool host_matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with('*')) return equals_ignoring_case(pattern, host);
  const auto end = pattern.substr(1);
  return host.size() > end.size() && equals_ignoring_case(host.substr(host.size() - end.size()), end);
}

bool has_wildcard(const std::vector<std::string>& list) {
  return std::find(list.begin(), list.end(), "*") != list.end();
}

/// The answer is the same for every origin.
bool allows_everyone(const ir::Cors& cors) {
  return !cors.credentials && has_wildcard(cors.origins);
}

bool is_token_list(std::string_view text) {
  CommaList names(text);
  std::size_t count = 0;
  for (; const auto name = names.next(); ++count)
    if (!is_token(*name)) return false;
  return count > 0;
}

std::string_view join(const std::vector<std::string>& list, Arena& arena) {
  std::size_t size = 0;
  for (const auto& item : list) size += item.size() + 2;
  char* const begin = arena.allocate(size);
  char* to = begin;
  for (const auto& item : list) {
    if (to != begin) to = std::copy_n(", ", 2, to);
    to = std::copy(item.begin(), item.end(), to);
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

/// The configured list; instead of a wildcard, which would not cover credentials or Authorization, what was
/// asked for.
std::string_view allowed_list(const std::vector<std::string>& list, std::string_view asked, Arena& arena) {
  if (!has_wildcard(list)) return join(list, arena);
  return is_token_list(asked) ? asked : std::string_view{};
}

std::string_view exposed_list(const ir::Cors& cors, Arena& arena) {
  if (!has_wildcard(cors.expose)) return join(cors.expose, arena);
  return cors.credentials ? std::string_view{} : std::string_view("*");
}

void push(http::HeaderList& fields, std::string_view name, std::string_view value) {
  if (!value.empty()) fields.push_back({name, value, FieldId::other});
}

bool is_of_cors(const HeaderField& field) {
  if (field.id != FieldId::other || field.name.size() <= kPrefix.size()) return false;
  if (!equals_ignoring_case(field.name.substr(0, kPrefix.size()), kPrefix)) return false;
  constexpr std::string_view kNames[] = {kAllowOrigin,  kAllowCredentials, kAllowMethods,
                                         kAllowHeaders, kExposeHeaders,    kMaxAge};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view name) { return equals_ignoring_case(field.name, name); });
}

bool varies_by_origin(const http::HeaderList& fields) {
  for (const auto& field : fields) {
    if (!equals_ignoring_case(field.name, "vary")) continue;
    CommaList names(field.value);
    while (const auto name = names.next())
      if (*name == "*" || equals_ignoring_case(*name, "origin")) return true;
  }
  return false;
}

/// What preflights and other answers to an allowed origin have in common.
void write_grant(const ir::Cors& cors, const CorsRequest& request, http::HeaderList& fields, Arena& arena) {
  push(fields, kAllowOrigin, allows_everyone(cors) ? std::string_view("*") : request.origin);
  if (cors.credentials) push(fields, kAllowCredentials, "true");
  push(fields, kExposeHeaders, exposed_list(cors, arena));
}

std::string_view seconds_text(std::chrono::seconds time, Arena& arena) {
  char* const begin = arena.allocate(20);
  const char* end = write_decimal(begin, static_cast<std::uint64_t>(time.count()));
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// Counts the fields of a name and keeps the last value.
struct Single {
  std::size_t count = 0;
  std::string_view value;
  void look_at(const HeaderField& field, std::string_view name) {
    if (!equals_ignoring_case(field.name, name)) return;
    ++count;
    value = field.value;
  }
};

}  // namespace

bool origin_matches(std::string_view pattern, std::string_view origin) {
  if (pattern == "*") return true;
  const auto wanted = parse_origin(pattern);
  const auto given = parse_origin(origin);
  if (!wanted || !given) return false;
  return wanted->port == given->port && equals_ignoring_case(wanted->scheme, given->scheme) &&
         host_matches(wanted->host, given->host);
}

CorsRequest read_cors(const ir::Cors& cors, const http::RequestHead& head, Arena& arena) {
  Single origin;
  Single method;
  Single headers;
  for (const auto& field : head.fields) {
    if (field.id != FieldId::other) continue;
    origin.look_at(field, "origin");
    method.look_at(field, "access-control-request-method");
    headers.look_at(field, "access-control-request-headers");
  }
  CorsRequest request;
  if (origin.count == 0) return request;
  request.origin = arena.copy(origin.value);
  request.allowed = origin.count == 1 && !origin.value.empty() &&
                    std::any_of(cors.origins.begin(), cors.origins.end(), [&](const std::string& pattern) {
                      return origin_matches(pattern, origin.value);
                    });
  request.preflight = head.method == http::Method::options && method.count == 1;
  if (!request.preflight) return request;
  request.method = arena.copy(method.value);
  if (headers.count == 1) request.headers = arena.copy(headers.value);
  return request;
}

std::uint16_t write_preflight(const ir::Cors& cors, const CorsRequest& request, http::HeaderList& fields,
                              Arena& arena) {
  push(fields, "Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  if (!request.allowed) return 403;
  write_grant(cors, request, fields, arena);
  const auto method = is_token(request.method) ? request.method : std::string_view{};
  push(fields, kAllowMethods, allowed_list(cors.methods, method, arena));
  push(fields, kAllowHeaders, allowed_list(cors.headers, request.headers, arena));
  push(fields, kMaxAge, seconds_text(cors.max_age, arena));
  return 204;
}

void edit_cors_response(const ir::Cors& cors, const CorsRequest& request, http::HeaderList& fields,
                        Arena& arena) {
  std::erase_if(fields, is_of_cors);
  // A cache must not give one origin's answer to another; an answer for everyone may be shared.
  if (!allows_everyone(cors) && !varies_by_origin(fields)) push(fields, "Vary", "Origin");
  if (request.allowed) write_grant(cors, request, fields, arena);
}

}  // namespace gatehouse::proxy
