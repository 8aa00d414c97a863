// SPDX-License-Identifier: Apache-2.0
// Builds Location by the rules of Gateway API HTTPRequestRedirectFilter.
#include "proxy/filters/redirect.h"

#include "base/text.h"
#include "proxy/filters/path_rewrite.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMaxPortText = 6;  // ":65535"

std::uint16_t well_known_port(std::string_view scheme) {
  return equals_ignoring_case(scheme, "https") ? 443 : 80;
}

std::uint16_t choose_port(const ir::Redirect& redirect, const ClientView& seen) {
  if (redirect.port != 0) return redirect.port;
  return redirect.scheme.empty() ? seen.port : well_known_port(redirect.scheme);
}

/// ":8080", or nothing where the scheme implies the port.
std::string_view port_text(std::uint16_t port, std::string_view scheme, Arena& arena) {
  if (port == 0 || port == well_known_port(scheme)) return {};
  char* const begin = arena.allocate(kMaxPortText);
  begin[0] = ':';
  const char* end = write_decimal(begin + 1, port);
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// Without a host in front of it "//x" would name one.
std::string_view as_reference(std::string_view path) {
  while (path.size() > 1 && path[1] == '/') path.remove_prefix(1);
  return path;
}

}  // namespace

ClientView ClientView::from(const http::Forwarded& decided, const http::PeerContext& peer) {
  const auto port = parse_decimal(decided.port);
  ClientView seen{decided.proto, static_cast<std::uint16_t>(port.value_or(0))};
  const bool told = decided.port.data() != peer.port_text.data();
  if (!told && !equals_ignoring_case(decided.proto, peer.scheme)) seen.port = well_known_port(decided.proto);
  return seen;
}

RedirectAnswer make_redirect(const ir::Redirect& redirect, const http::RequestHead& head,
                             const ir::PathMatch& matched, const ClientView& seen, Arena& arena) {
  const auto scheme = redirect.scheme.empty() ? seen.scheme : std::string_view(redirect.scheme);
  const auto host = redirect.host.empty() ? head.host : std::string_view(redirect.host);
  const auto from = head.path.starts_with('/') ? head.path : std::string_view("/");
  auto path = encode_url_part(rewrite_path(from, redirect.path, matched, arena), UrlPart::path, arena);
  if (head.has_query) {
    const auto query = encode_url_part(head.query, UrlPart::query, arena);
    path = arena.concat(path, "?", query);
  }
  if (host.empty()) return {redirect.status, as_reference(path)};
  const auto port = port_text(choose_port(redirect, seen), scheme, arena);
  const auto origin = arena.concat(scheme, "://", host, port);
  return {redirect.status, arena.concat(origin, path)};
}

}  // namespace gatehouse::proxy
