// SPDX-License-Identifier: Apache-2.0
// Prefix replacement by whole segments, and percent-encoding of what must not reach a URL raw.
#include "proxy/filters/path_rewrite.h"

#include <algorithm>

#include "base/text.h"

namespace gatehouse::proxy {
namespace {

/// RFC 3986 pchar, '/' and the '%' of escapes; in a query '?' too.
bool stands_for_itself(char c, UrlPart part) {
  if (is_alpha(c) || is_digit(c)) return true;
  if (c == '?') return part == UrlPart::query;
  return c != '\0' && std::string_view("-._~!$&'()*+,;=:@/%").find(c) != std::string_view::npos;
}

std::string_view without_trailing_slashes(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return path;
}

/// What of `path` stands behind the matched prefix: empty, or from a '/' on.
std::string_view behind_prefix(std::string_view path, const ir::PathMatch& matched) {
  if (matched.kind == ir::PathMatchKind::exact) return {};
  return path.substr(std::min(without_trailing_slashes(matched.value).size(), path.size()));
}

std::string_view rooted(std::string_view path, Arena& arena) {
  if (path.empty()) return "/";
  return path.front() == '/' ? path : arena.concat("/", path);
}

}  // namespace

std::string_view rewrite_path(std::string_view path, const ir::PathRewrite& rewrite,
                              const ir::PathMatch& matched, Arena& arena) {
  const bool keeps_path =
      rewrite.kind == ir::PathRewrite::Kind::none ||
      (rewrite.kind == ir::PathRewrite::Kind::prefix && matched.kind == ir::PathMatchKind::regex);
  if (keeps_path) return path;
  const auto value = encode_url_part(rewrite.value, UrlPart::path, arena);
  if (rewrite.kind == ir::PathRewrite::Kind::full) return rooted(value, arena);
  const auto prefix = without_trailing_slashes(value);
  const auto rest = behind_prefix(path, matched);
  if (prefix.empty()) return rooted(rest, arena);
  return rooted(rest.empty() ? prefix : arena.concat(prefix, rest), arena);
}

std::string_view encode_url_part(std::string_view text, UrlPart part, Arena& arena) {
  const auto odd = [part](char c) { return !stands_for_itself(c, part); };
  const auto count = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), odd));
  if (count == 0) return text;
  constexpr char kHex[] = "0123456789ABCDEF";
  char* const begin = arena.allocate(text.size() + 2 * count);
  char* to = begin;
  for (const char c : text) {
    if (!odd(c)) {
      *to++ = c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    *to++ = '%';
    *to++ = kHex[byte >> 4];
    *to++ = kHex[byte & 15];
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

}  // namespace gatehouse::proxy
