// SPDX-License-Identifier: Apache-2.0
// The question to an authorization server, and what its answer means.
#include "proxy/filters/ext_auth.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/filters/grpc_auth.h"
#include "proxy/filters/path_rewrite.h"
#include "proxy/http/field_syntax.h"

namespace gatehouse::proxy {
namespace {

constexpr std::uint16_t kClientGone = 499;

constexpr http::FieldIds kOfOneMessage(FieldId::host, FieldId::content_length, FieldId::transfer_encoding,
                                       FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection,
                                       FieldId::te, FieldId::trailer, FieldId::upgrade,
                                       FieldId::http2_settings, FieldId::expect);

bool lists(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](const std::string& listed) { return equals_ignoring_case(listed, name); });
}

bool describes_answer(const HeaderField& field) {
  if (field.id == FieldId::date || equals_ignoring_case(field.name, "authority")) return true;
  constexpr std::string_view kContent = "content-";
  return equals_ignoring_case(field.name.substr(0, kContent.size()), kContent);
}

bool is_copied(const HeaderField& field, const ir::ExternalAuth& auth) {
  if (kOfOneMessage.has(field.id)) return false;
  return auth.response_headers.empty() ? !describes_answer(field) : lists(auth.response_headers, field.name);
}

bool has_copy_of(const http::HeaderList& answer, const HeaderField& field, const ir::ExternalAuth& auth) {
  return std::any_of(answer.begin(), answer.end(), [&](const HeaderField& other) {
    return equals_ignoring_case(other.name, field.name) && is_copied(other, auth);
  });
}

std::string_view asked_path(const AuthInput& input) {
  std::string_view prefix = input.auth.path;
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.empty()) return input.head.path;
  const auto path = input.head.path.starts_with('/') ? input.head.path : std::string_view("/");
  const std::string_view root = prefix.starts_with('/') ? "" : "/";
  return input.arena.concat(root, encode_url_part(prefix, UrlPart::path, input.arena), path);
}

AuthVerdict refusal(std::uint16_t status, std::string_view reason, std::string_view text) {
  AuthVerdict verdict;
  verdict.status = status;
  verdict.reason = reason;
  verdict.body = text;
  return verdict;
}

}  // namespace

bool belongs_to_one_message(std::string_view name) {
  return kOfOneMessage.has(field_id(name));
}

AuthVerdict verdict_without_answer(const Error& error) {
  switch (error.fault) {
    case Fault::cancelled:
      return refusal(kClientGone, "client_gone", {});
    case Fault::timeout:
      return refusal(504, "auth_timeout", "the authorization server did not answer in time\n");
    case Fault::bad_request:
    case Fault::too_large:
      return refusal(502, "auth_bad_answer", "the authorization server sent an invalid answer\n");
    default:
      return refusal(503, "auth_unreachable", "the authorization server cannot be reached\n");
  }
}

io::Task<AuthVerdict> authorize(const AuthInput& input) {
  const auto& auth = input.auth;
  if (auth.cluster.empty())
    co_return refusal(500, "auth_invalid", "the route's authorization is not valid\n");
  const auto body = auth.max_body_bytes == 0 ? std::string_view{} : input.body;
  if (body.size() > auth.max_body_bytes)
    co_return refusal(413, "auth_body_too_large", "the request body is too large to be authorized\n");
  if (auth.protocol == ir::ExternalAuth::Protocol::grpc) co_return co_await authorize_over_grpc(input);

  write_auth_request(input, body.size());
  const auto answer = co_await input.subrequest.ask(auth.cluster, input.question, body, input.deadline);
  if (!answer) co_return verdict_without_answer(answer.error());
  const auto verdict = judge(*answer);
  if (verdict.allowed) copy_auth_fields(input, answer->head->fields);
  co_return verdict;
}

void write_refusal(http::ResponseHead& response, const AuthVerdict& verdict) {
  response.status = verdict.status;
  response.reason = {};
  response.fields.clear();
  if (verdict.fields == nullptr) {
    response.fields.push_back({"Content-Type", "text/plain; charset=utf-8", FieldId::other});
    return;
  }
  for (const auto& field : *verdict.fields)
    if (!kOfOneMessage.has(field.id)) response.fields.push_back(field);
}

void write_auth_request(const AuthInput& input, std::size_t body_size) {
  const auto& from = input.head;
  auto& to = input.question;
  to.method = from.method;
  to.method_name = from.method_name;
  to.target = {};
  to.authority = from.authority;
  to.host = from.host;
  to.path = asked_path(input);
  to.query = from.query;
  to.has_query = from.has_query;
  to.minor_version = 1;
  to.expects_continue = false;
  to.upgrade = {};
  to.framing = {http::BodyKind::length, body_size, true};
  to.fields.clear();
  for (const auto& field : from.fields) {
    if (kOfOneMessage.has(field.id)) continue;
    if (field.id == FieldId::authorization || lists(input.auth.allowed_headers, field.name))
      to.fields.push_back(field);
  }
}

AuthVerdict judge(const Subrequest::Answer& answer) {
  AuthVerdict verdict;
  verdict.status = answer.head->status;
  verdict.allowed = verdict.status == 200;
  if (verdict.allowed) return verdict;
  if (verdict.status < 300) return refusal(403, "auth_denied", "the request is not authorized\n");
  verdict.reason = "auth_denied";
  verdict.fields = &answer.head->fields;
  verdict.body = answer.body;
  return verdict;
}

void copy_auth_fields(const AuthInput& input, const http::HeaderList& answer) {
  const auto& auth = input.auth;
  std::erase_if(input.head.fields, [&](const HeaderField& field) {
    return !kOfOneMessage.has(field.id) &&
           (lists(auth.response_headers, field.name) || has_copy_of(answer, field, auth));
  });
  for (const auto& field : answer)
    if (is_copied(field, auth))
      input.head.fields.push_back({input.arena.copy(field.name), input.arena.copy(field.value), field.id});
}

}  // namespace gatehouse::proxy
