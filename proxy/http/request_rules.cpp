// SPDX-License-Identifier: Apache-2.0
// One pass over the fields, then framing, target and the two requests that need an answer before the body.
#include "proxy/http/request_rules.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/http/authority.h"
#include "proxy/http/framing.h"

namespace gatehouse::http {
namespace {

using Refusal = std::optional<Rejection>;

/// What the pass over the fields found.
struct FieldScan {
  FramingFields framing;
  std::uint32_t hosts = 0;
  HeaderField* host = nullptr;
  bool expects_continue = false;
  bool offers_websocket = false;
};

bool lists_websocket(std::string_view upgrade) {
  CommaList protocols(upgrade);
  while (const auto protocol = protocols.next())
    if (equals_ignoring_case(*protocol, "websocket")) return true;
  return false;
}

std::string_view without_leading_zeros(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

void note_known(HeaderField& field, FieldScan& scan) {
  switch (field.id) {
    case FieldId::host:
      ++scan.hosts;
      scan.host = &field;
      break;
    case FieldId::content_length:
      scan.framing.add_content_length(field.value);
      field.value = without_leading_zeros(field.value);
      break;
    case FieldId::transfer_encoding:
      scan.framing.add_transfer_encoding(field.value);
      break;
    case FieldId::connection:
      scan.framing.add_connection(field.value);
      break;
    case FieldId::expect:
      scan.expects_continue |= equals_ignoring_case(field.value, "100-continue");
      break;
    case FieldId::upgrade:
      scan.offers_websocket |= lists_websocket(field.value);
      break;
    default:
      break;
  }
}

/// F25: an HTTP/1.0 client cannot be sent a 100, so the backend must not be asked for one.
bool is_void_expectation(const HeaderField& field, std::uint8_t minor_version) {
  return minor_version == 0 && field.id == FieldId::expect &&
         equals_ignoring_case(field.value, "100-continue");
}

/// F11-F13 on each field. A known id vouches for its name, so only other names are looked at.
Refusal scan_fields(RequestHead& head, const RequestRules& rules, FieldScan& scan) {
  auto kept = head.fields.begin();
  for (auto& field : head.fields) {
    if (!is_field_value(field.value)) return Rejection{400, "invalid byte in a field value"};
    if (field.id == FieldId::other) {
      const auto syntax = name_syntax(field.name);
      if (syntax == NameSyntax::invalid) return Rejection{400, "invalid field name"};
      if (syntax == NameSyntax::token_with_underscore && rules.underscores != Underscores::allow) {
        if (rules.underscores == Underscores::reject) return Rejection{400, "underscore in a field name"};
        continue;
      }
    }
    if (is_void_expectation(field, head.minor_version)) continue;
    if (&*kept != &field) *kept = field;
    if (kept->id != FieldId::other) note_known(*kept, scan);
    ++kept;
  }
  head.fields.erase(kept, head.fields.end());
  return std::nullopt;
}

Refusal check_request_line(RequestHead& head, const RequestRules& rules) {
  if (head.target.size() > rules.max_uri_bytes) return Rejection{414, "request target too long"};
  if (head.fields.size() > rules.max_header_count) return Rejection{431, "too many fields"};
  head.method = method_of(head.method_name);
  if (head.method == Method::other && !is_token(head.method_name)) return Rejection{400, "invalid method"};
  if (head.method == Method::connect || head.method == Method::trace)
    return Rejection{405, "method not allowed"};
  return std::nullopt;
}

/// U1. A Host that is there must be valid even when an absolute target makes it irrelevant.
Refusal check_host(RequestHead& head, const FieldScan& scan, Arena& arena) {
  head.authority = head.host = {};
  if (scan.hosts > 1) return Rejection{400, "more than one Host"};
  if (scan.hosts == 0) {
    if (head.minor_version > 0) return Rejection{400, "no Host"};
    return std::nullopt;
  }
  const auto authority = parse_authority(scan.host->value, arena);
  if (!authority) return Rejection{400, "invalid Host"};
  scan.host->value = head.authority = authority->text;
  head.host = authority->host;
  return std::nullopt;
}

/// The part of an absolute-form target behind "http://" or "https://"; empty when it is not one.
std::string_view behind_scheme(std::string_view target) {
  const auto colon = target.find("://");
  if (colon == std::string_view::npos) return {};
  const auto scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return {};
  return target.substr(colon + 3);
}

/// U2. Takes the authority off the target and leaves path and query in `rest`.
Refusal take_absolute_form(RequestHead& head, HeaderField* host, std::string_view& rest, Arena& arena) {
  const auto hier = behind_scheme(head.target);
  const auto end = std::min(hier.find_first_of("/?"), hier.size());
  const auto authority = parse_authority(hier.substr(0, end), arena);
  if (!authority) return Rejection{400, "invalid request target"};
  head.authority = authority->text;
  head.host = authority->host;
  if (host != nullptr) host->value = head.authority;
  rest = hier.substr(end);
  return std::nullopt;
}

/// U3, U5-U7.
Refusal split_path_and_query(RequestHead& head, std::string_view rest, const PathRules& rules, Arena& arena) {
  const auto mark = rest.find('?');
  head.has_query = mark != std::string_view::npos;
  head.query = head.has_query ? rest.substr(mark + 1) : std::string_view{};
  if (head.has_query && !is_target_text(head.query)) return Rejection{400, "invalid byte in target"};

  const auto raw = rest.substr(0, mark);
  if (raw.empty()) {
    // RFC 9112 3.2.1 and 3.2.4: the path of an absolute target may be missing.
    head.path = head.method == Method::options && !head.has_query ? "*" : "/";
    return std::nullopt;
  }
  const auto path = normalize_path(raw, rules, arena);
  if (!path) return Rejection{400, path.error().detail};
  head.path = *path;
  return std::nullopt;
}

Refusal resolve_target(RequestHead& head, const FieldScan& scan, const RequestRules& rules, Arena& arena) {
  if (auto refused = check_host(head, scan, arena)) return refused;
  if (head.target == "*") {
    if (head.method != Method::options) return Rejection{400, "'*' without OPTIONS"};
    head.path = "*";
    head.query = {};
    head.has_query = false;
    return std::nullopt;
  }
  auto rest = head.target;
  if (rest.empty() || rest.front() != '/')
    if (auto refused = take_absolute_form(head, scan.host, rest, arena)) return refused;
  return split_path_and_query(head, rest, rules.path, arena);
}

/// F25 and H4: what the client waits for before it goes on.
void settle_expectations(RequestHead& head, const FieldScan& scan) {
  const bool has_body = head.framing.kind == BodyKind::chunked || head.framing.length > 0;
  const bool current = head.minor_version > 0;
  head.expects_continue = scan.expects_continue && current && has_body;
  const bool upgrades =
      scan.offers_websocket && scan.framing.upgrade && current && !has_body && head.method == Method::get;
  head.upgrade = upgrades ? std::string_view("websocket") : std::string_view{};
}

}  // namespace

Method method_of(std::string_view name) {
  switch (name.size()) {
    case 3:
      if (name == "GET") return Method::get;
      return name == "PUT" ? Method::put : Method::other;
    case 4:
      if (name == "POST") return Method::post;
      return name == "HEAD" ? Method::head : Method::other;
    case 5:
      if (name == "PATCH") return Method::patch;
      return name == "TRACE" ? Method::trace : Method::other;
    case 6:
      return name == "DELETE" ? Method::delete_ : Method::other;
    case 7:
      if (name == "OPTIONS") return Method::options;
      return name == "CONNECT" ? Method::connect : Method::other;
    default:
      return Method::other;
  }
}

namespace {

/// RFC 9113 8.2.3: a cookie may come in crumbs; for everyone behind us it is one field.
void join_cookies(HeaderList& fields, Arena& arena) {
  constexpr std::string_view kBetween = "; ";
  HeaderField* first = nullptr;
  std::size_t crumbs = 0;
  std::size_t size = 0;
  for (auto& field : fields) {
    if (field.id != FieldId::cookie) continue;
    if (!first) first = &field;
    size += field.value.size() + kBetween.size();
    ++crumbs;
  }
  if (crumbs < 2) return;
  char* const joined = arena.allocate(size);
  char* to = joined;
  for (const auto& field : fields) {
    if (field.id != FieldId::cookie) continue;
    if (to != joined) to = std::copy(kBetween.begin(), kBetween.end(), to);
    to = std::copy(field.value.begin(), field.value.end(), to);
  }
  first->value = {joined, static_cast<std::size_t>(to - joined)};
  fields.erase(std::remove_if(fields.begin(), fields.end(),
                              [first](const HeaderField& field) {
                                return field.id == FieldId::cookie && &field != first;
                              }),
               fields.end());
}

/// P4: the Host to the backend is :authority; a Host field that says something else is refused.
Refusal resolve_authority(RequestHead& head, const FieldScan& scan, std::string_view text, Arena& arena) {
  head.authority = head.host = {};
  if (scan.hosts > 1) return Rejection{400, "more than one Host"};
  if (text.empty() && !scan.host) return Rejection{400, "no :authority"};
  const auto authority = parse_authority(text.empty() ? scan.host->value : text, arena);
  if (!authority) return Rejection{400, "invalid :authority"};
  head.authority = authority->text;
  head.host = authority->host;
  if (!scan.host) return std::nullopt;
  const auto host = parse_authority(scan.host->value, arena);
  if (!host || host->host != authority->host || host->port != authority->port)
    return Rejection{400, "Host is not :authority"};
  scan.host->value = head.authority;
  return std::nullopt;
}

/// P5, P6: without Content-Length the end of the stream ends the body.
Refusal frame_http2_request(RequestHead& head, const FieldScan& scan, const Http2Target& to) {
  head.framing = Framing{};
  if (scan.framing.transfer_encodings > 0 || scan.framing.connection_options > 0)
    return Rejection{400, "a field of HTTP/1 connections"};
  if (scan.framing.content_lengths > 1) return Rejection{400, "more than one Content-Length"};
  if (scan.framing.bad_content_length) return Rejection{400, "invalid Content-Length"};
  if (scan.framing.content_lengths == 1) {
    head.framing = {BodyKind::length, scan.framing.content_length, true};
    return std::nullopt;
  }
  head.framing = {to.ends_here ? BodyKind::none : BodyKind::chunked, 0, true};
  return std::nullopt;
}

/// P3: "/..." or "*" with OPTIONS.
Refusal resolve_path(RequestHead& head, const RequestRules& rules, Arena& arena) {
  if (head.target == "*" && head.method == Method::options) {
    head.path = "*";
    head.query = {};
    head.has_query = false;
    return std::nullopt;
  }
  if (!head.target.starts_with('/')) return Rejection{400, "invalid :path"};
  return split_path_and_query(head, head.target, rules.path, arena);
}

/// RFC 8441 4: what follows are the bytes of the tunnel, not a body.
Refusal take_extended_connect(RequestHead& head, const Http2Target& to) {
  if (to.protocol != "websocket") return Rejection{501, "this :protocol is not supported"};
  if (head.framing.kind == BodyKind::length) return Rejection{400, "Content-Length with CONNECT"};
  head.framing = {BodyKind::none, 0, true};
  head.upgrade = "websocket";
  return std::nullopt;
}

}  // namespace

std::optional<Rejection> check_http2_request(RequestHead& head, const Http2Target& to,
                                             const RequestRules& rules, Arena& arena) {
  head.minor_version = 1;
  head.upgrade = {};
  const bool is_extended = !to.protocol.empty() && head.method_name == "CONNECT";
  if (is_extended) head.method_name = "GET";
  if (to.scheme != to.transport_scheme) return Rejection{400, ":scheme is not the connection's"};
  join_cookies(head.fields, arena);
  if (auto refused = check_request_line(head, rules)) return refused;

  FieldScan scan;
  if (auto refused = scan_fields(head, rules, scan)) return refused;
  if (auto refused = frame_http2_request(head, scan, to)) return refused;
  if (auto refused = resolve_authority(head, scan, to.authority, arena)) return refused;
  if (auto refused = resolve_path(head, rules, arena)) return refused;
  settle_expectations(head, scan);
  if (!scan.host) head.fields.push_back({"host", head.authority, FieldId::host});
  return is_extended ? take_extended_connect(head, to) : std::nullopt;
}

std::optional<Rejection> check_request(RequestHead& head, const RequestRules& rules, Arena& arena) {
  if (auto refused = check_request_line(head, rules)) return refused;

  FieldScan scan;
  if (auto refused = scan_fields(head, rules, scan)) return refused;

  const auto keep_alive = rules.http10_keep_alive ? Http10KeepAlive::when_asked : Http10KeepAlive::never;
  if (auto refused = frame_request(head, scan.framing, keep_alive)) return refused;
  if (auto refused = resolve_target(head, scan, rules, arena)) return refused;
  settle_expectations(head, scan);
  return std::nullopt;
}

}  // namespace gatehouse::http
