// SPDX-License-Identifier: Apache-2.0
// H3: what filters take from a request and reflect or believe: cookies, tokens, origins, redirected targets.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "proxy/filters/cookies.h"
#include "proxy/filters/cors.h"
#include "proxy/filters/redirect.h"
#include "proxy/filters/session_token.h"
#include "proxy/http/field_syntax.h"
#include "proxy/http/normalize_path.h"

using namespace gatehouse;
using namespace gatehouse::proxy;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Only what this key signed is read, so it is written back the same.
void look_for_sessions(const std::string& cookie_line) {
  const http::HeaderList fields = {{"Cookie", cookie_line, FieldId::cookie}};
  const SessionKey key;
  Arena arena;
  CookieValues values(fields, "s");
  for (std::size_t left = cookie_line.size() + 1; const auto value = values.next(); --left) {
    require(left > 0);
    if (const auto session = read_token(*value, key)) require(write_token(*session, key, arena) == *value);
  }
}

void check_fields(const http::HeaderList& fields) {
  for (const auto& field : fields)
    require(http::name_syntax(field.name) == http::NameSyntax::token && http::is_field_value(field.value));
}

void answer_origins(const std::string& origin, const std::string& method, const std::string& headers) {
  if (!http::is_field_value(origin) || !http::is_field_value(method) || !http::is_field_value(headers))
    return;
  http::RequestHead head;
  head.method = http::Method::options;
  head.fields = {{"Origin", origin, FieldId::other},
                 {"Access-Control-Request-Method", method, FieldId::other},
                 {"Access-Control-Request-Headers", headers, FieldId::other}};
  ir::Cors cors;
  cors.origins = {"https://a.test", "https://*.b.test:8443"};
  cors.methods = cors.headers = {"*"};
  Arena arena;
  const auto request = read_cors(cors, head, arena);
  http::HeaderList fields;
  const auto status = write_preflight(cors, request, fields, arena);
  check_fields(fields);
  require(status == 204 || fields.size() == 1);
  fields.clear();
  edit_cors_response(cors, request, fields, arena);
  check_fields(fields);
}

bool is_url_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos;
  });
}

void redirect(const std::string& raw_path, const std::string& query) {
  Arena arena;
  const auto path = http::normalize_path(raw_path, {}, arena);
  if (!path || !http::is_target_text(query)) return;
  http::RequestHead head;
  head.path = *path;
  head.query = query;
  head.has_query = !query.empty();
  ir::Redirect redirect;
  redirect.path = {ir::PathRewrite::Kind::prefix, "/new"};
  const auto kept = std::min<std::size_t>(1, head.path.size());
  const ir::PathMatch root{ir::PathMatchKind::prefix, std::string(head.path.substr(0, kept))};
  for (const std::string_view host : {"", "a.test"}) {
    head.host = host;
    for (const auto kind : {ir::PathRewrite::Kind::none, ir::PathRewrite::Kind::prefix}) {
      redirect.path.kind = kind;
      const auto location = make_redirect(redirect, head, root, {"http", 8080}, arena).location;
      require(is_url_text(location));
      require(host.empty() ? location.starts_with('/') && !location.starts_with("//")
                           : location.starts_with("http://a.test:8080/"));
    }
  }
}

}  // namespace

/// Parts are separated by line feeds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n' && parts.size() < 6) {
      parts.emplace_back();
    } else {
      parts.back() += static_cast<char>(data[i]);
    }
  }
  parts.resize(6);
  look_for_sessions(parts[0]);
  answer_origins(parts[1], parts[2], parts[3]);
  redirect(parts[4], parts[5]);
  return 0;
}
