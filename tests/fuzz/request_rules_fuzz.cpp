// SPDX-License-Identifier: Apache-2.0
// An accepted request keeps what the router and the forwarder rely on, and is accepted again as it is
// forwarded.
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "proxy/http/authority.h"
#include "proxy/http/request_rules.h"

using namespace gatehouse;
using namespace gatehouse::http;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

/// Lines: method, target, then "name:value". Naive on purpose: the rules must stand on their own.
RequestHead head_from(std::string_view text) {
  RequestHead head;
  head.method_name = take_line(text);
  head.target = take_line(text);
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto colon = std::min(line.find(':'), line.size());
    const auto name = line.substr(0, colon);
    head.fields.push_back({name, trim(line.substr(std::min(colon + 1, line.size()))), field_id(name)});
  }
  return head;
}

RequestRules rules_from(std::uint8_t bits) {
  RequestRules rules;
  rules.underscores = static_cast<Underscores>(bits % 3);
  rules.http10_keep_alive = (bits & 4) != 0;
  rules.path.merge_slashes = (bits & 8) != 0;
  rules.path.escaped_slashes = (bits & 16) != 0 ? EscapedSlashes::reject : EscapedSlashes::keep;
  return rules;
}

void check_fields(const RequestHead& head, const RequestRules& rules) {
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  for (const auto& field : head.fields) {
    require(is_token(field.name));
    require(rules.underscores == Underscores::allow || field.name.find('_') == std::string_view::npos);
    for (const char c : field.value)
      require((static_cast<unsigned char>(c) >= 0x20 || c == '\t') && c != 0x7f);
    hosts += field.id == FieldId::host;
    lengths += field.id == FieldId::content_length;
    codings += field.id == FieldId::transfer_encoding;
    if (field.id == FieldId::host) require(field.value == head.authority);
    if (field.id == FieldId::content_length) require(field.value == std::to_string(head.framing.length));
  }
  require(hosts <= 1 && lengths + codings <= 1);
  require(head.minor_version == 0 || hosts == 1);
  require((head.framing.kind == BodyKind::length) == (lengths == 1));
  require((head.framing.kind == BodyKind::chunked) == (codings == 1));
  require(head.framing.kind != BodyKind::until_close);
}

void check_target(const RequestHead& head, Arena& arena) {
  require(is_token(head.method_name) && head.method != Method::connect && head.method != Method::trace);
  require(head.path == "*" ? head.method == Method::options : head.path.front() == '/');
  require(is_target_text(head.path) && is_target_text(head.query));
  for (const char c : head.host) require(c == to_lower(c));
  if (head.authority.empty()) return;
  const auto authority = parse_authority(head.authority, arena);
  require(authority && authority->host == head.host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto rules = rules_from(data[0]);
  Arena arena;
  auto head = head_from(text);
  head.minor_version = data[1] & 1;
  if (check_request(head, rules, arena)) return 0;
  check_fields(head, rules);
  check_target(head, arena);

  // As the backend would see it: the same verdict and the same request.
  auto again = head;
  std::erase_if(again.fields, [](const HeaderField& field) { return field.id == FieldId::host; });
  if (!head.authority.empty()) again.fields.push_back({"Host", head.authority, FieldId::host});
  again.target = head.has_query ? arena.concat(head.path, "?", head.query) : head.path;
  auto backend_rules = rules;
  backend_rules.max_header_count += 1;  // an HTTP/1.0 request may have come without Host
  require(!check_request(again, backend_rules, arena));
  require(again.path == head.path && again.query == head.query && again.host == head.host);
  require(again.framing.kind == head.framing.kind && again.framing.length == head.framing.length);
  require(again.framing.keep_alive == head.framing.keep_alive && again.upgrade == head.upgrade);
  return 0;
}
