// SPDX-License-Identifier: Apache-2.0
#include "proxy/filters/grpc_auth.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/http/field_syntax.h"
#include "proxy/http/grpc.h"
#include "proxy/http/protobuf_wire.h"

namespace gatehouse::proxy {
namespace {

constexpr std::string_view kMethod = "/envoy.service.auth.v3.Authorization/Check";
constexpr std::size_t kMostHeaders = 256;

Error broken(std::string_view why) {
  return Error{Fault::bad_request, Side::upstream, Retry::never, why};
}

bool lists(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::any_of(names.begin(), names.end(), [name](const std::string& listed) {
           return equals_ignoring_case(listed, name);
         });
}

/// Several fields of one name are one entry of the map.
void write_headers(const AuthInput& input, http::ProtobufWriter& request) {
  const auto& fields = input.head.fields;
  for (auto field = fields.begin(); field != fields.end(); ++field) {
    const auto same = [field](const HeaderField& other) {
      return equals_ignoring_case(other.name, field->name);
    };
    if (!lists(input.auth.allowed_headers, field->name) || std::any_of(fields.begin(), field, same)) continue;
    std::string value(field->value);
    const std::string_view between = field->id == FieldId::cookie ? "; " : ",";
    for (auto other = field + 1; other != fields.end(); ++other)
      if (same(*other)) value.append(between).append(other->value);
    request.entry(3, lower_case(field->name), value);
  }
}

std::string http_request(const AuthInput& input, std::string_view path, std::string_view body) {
  const auto& head = input.head;
  http::ProtobufWriter request;
  request.text(1, input.peer.request_id);
  request.text(2, head.method_name);
  if (input.auth.allowed_headers.empty()) {
    request.entry(3, ":authority", head.authority);
    request.entry(3, ":method", head.method_name);
    request.entry(3, ":path", path);
    request.entry(3, ":scheme", input.peer.scheme);
  }
  write_headers(input, request);
  request.text(4, path);
  request.text(5, head.authority);
  request.text(6, input.peer.scheme);
  const bool has_length = head.framing.kind == http::BodyKind::length;
  const bool has_none = head.framing.kind == http::BodyKind::none;
  const auto unknown = static_cast<std::uint64_t>(std::int64_t{-1});
  request.number(9, has_none ? 0 : (has_length ? head.framing.length : unknown));
  request.text(10, head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1");
  if (!body.empty()) request.bytes(http::is_utf8(body) ? 11 : 12, body);
  return request.data();
}

std::string peer_of(std::string_view address) {
  http::ProtobufWriter socket, core, peer;
  socket.text(2, address);
  core.bytes(1, socket.data());
  peer.bytes(1, core.data());
  return peer.data();
}

AuthHeader::How how_of(std::uint64_t action) {
  switch (action) {
    case 1:
      return AuthHeader::How::add_if_absent;
    case 3:
      return AuthHeader::How::overwrite_if_present;
    default:
      return AuthHeader::How::overwrite;
  }
}

/// config.core.v3.HeaderValueOption. The old `append` counts before the action; without either a header
/// replaces those of its name, as the protocol's own notes on OkHttpResponse say.
bool read_header(std::string_view message, AuthHeader& header) {
  http::ProtobufReader option(message);
  while (const auto field = option.next()) {
    if (field->number == 3 && header.how != AuthHeader::How::append) header.how = how_of(field->value);
    if (field->number == 2) {
      http::ProtobufReader append(field->bytes);
      while (const auto value = append.next())
        if (value->number == 1 && value->value != 0) header.how = AuthHeader::How::append;
      if (append.is_broken()) return false;
    }
    if (field->number != 1) continue;
    http::ProtobufReader pair(field->bytes);
    while (const auto part = pair.next()) {
      if (part->number == 1) header.name = part->bytes;
      if (part->number == 2 || part->number == 3) header.value = part->bytes;
    }
    if (pair.is_broken()) return false;
  }
  return !option.is_broken();
}

/// Whatever cannot stand in a message, or describes another one, is not taken from the server.
bool is_usable(const AuthHeader& header) {
  return is_token(header.name) && http::is_field_value(header.value) && !belongs_to_one_message(header.name);
}

bool add_header(std::string_view message, std::vector<AuthHeader>& headers) {
  AuthHeader header;
  if (headers.size() >= kMostHeaders || !read_header(message, header)) return false;
  if (is_usable(header)) headers.push_back(header);
  return true;
}

bool read_ok(std::string_view message, CheckAnswer& answer) {
  http::ProtobufReader ok(message);
  while (const auto field = ok.next()) {
    if (field->number == 2 && !add_header(field->bytes, answer.headers)) return false;
    if (field->number != 5) continue;
    if (answer.remove.size() >= kMostHeaders) return false;
    if (!belongs_to_one_message(field->bytes)) answer.remove.push_back(field->bytes);
  }
  return !ok.is_broken();
}

bool read_denied(std::string_view message, CheckAnswer& answer) {
  http::ProtobufReader denied(message);
  while (const auto field = denied.next()) {
    if (field->number == 3) answer.body = field->bytes;
    if (field->number == 2 && !add_header(field->bytes, answer.headers)) return false;
    if (field->number != 1) continue;
    http::ProtobufReader status(field->bytes);
    while (const auto code = status.next())
      if (code->number == 1 && code->value >= 300 && code->value < 600)
        answer.status = static_cast<std::uint16_t>(code->value);
    if (status.is_broken()) return false;
  }
  return !denied.is_broken();
}

/// "Service/namespace/name/port" -> "name.namespace".
std::string_view authority_of(std::string_view cluster, Arena& arena) {
  const auto part = [&cluster] {
    const auto text = cluster.substr(0, cluster.find('/'));
    cluster.remove_prefix(std::min(text.size() + 1, cluster.size()));
    return text;
  };
  part();
  const auto space = part();
  const auto name = part();
  return name.empty() ? std::string_view("authorization") : arena.concat(name, ".", space);
}

void write_question(const AuthInput& input) {
  auto& to = input.question;
  to.method = http::Method::post;
  to.method_name = "POST";
  to.target = {};
  to.host = to.authority = authority_of(input.auth.cluster, input.arena);
  to.path = kMethod;
  to.query = {};
  to.has_query = false;
  to.minor_version = 1;
  to.expects_continue = false;
  to.upgrade = {};
  to.fields.clear();
  to.fields.push_back({"content-type", "application/grpc", FieldId::other});
  to.fields.push_back({"te", "trailers", FieldId::te});
}

std::string_view value_of(const http::HeaderList* fields, std::string_view name) {
  if (fields)
    for (const auto& field : *fields)
      if (field.id == FieldId::other && equals_ignoring_case(field.name, name)) return field.value;
  return {};
}

/// The message of a call that went well.
Result<std::string> message_of(const Subrequest::Answer& answer) {
  const auto in_trailers = value_of(answer.trailers, "grpc-status");
  const auto text = in_trailers.empty() ? value_of(&answer.head->fields, "grpc-status") : in_trailers;
  const auto status = http::parse_grpc_status(text);
  if (answer.head->status != 200 || !status) return broken("no gRPC answer");
  if (*status == http::GrpcStatus::deadline_exceeded)
    return Error{Fault::timeout, Side::upstream, Retry::never, "the deadline is over"};
  if (*status != http::GrpcStatus::ok)
    return Error{Fault::unreachable, Side::upstream, Retry::never, "the call failed"};
  http::GrpcFrameReader reader(Subrequest::kMaxAnswerBody);
  const auto step = reader.feed(answer.body);
  const bool is_whole =
      step.state == http::GrpcFrameReader::State::frame && step.consumed == answer.body.size();
  if (!is_whole || reader.flags() != 0) return broken("not one plain message");
  return std::string(reader.payload());
}

AuthVerdict denied(const AuthInput& input, const CheckAnswer& answer) {
  auto& fields = input.question.fields;
  fields.clear();
  for (const auto& header : answer.headers)
    fields.push_back({input.arena.copy(header.name), input.arena.copy(header.value), field_id(header.name)});
  AuthVerdict verdict;
  verdict.status = answer.status;
  verdict.reason = "auth_denied";
  verdict.fields = &fields;
  verdict.body = input.arena.copy(answer.body);
  return verdict;
}

}  // namespace

io::Task<AuthVerdict> authorize_over_grpc(const AuthInput& input) {
  const auto body = input.auth.max_body_bytes == 0 ? std::string_view{} : input.body;
  write_question(input);
  const std::string frame = write_check_request(input, body);
  const auto reply = co_await input.subrequest.ask(input.auth.cluster, input.question, frame, input.deadline);
  if (!reply) co_return verdict_without_answer(reply.error());
  const auto message = message_of(*reply);
  if (!message) co_return verdict_without_answer(message.error());
  const auto answer = read_check_response(*message);
  if (!answer) co_return verdict_without_answer(answer.error());
  if (!answer->allowed) co_return denied(input, *answer);
  apply_auth_headers(*answer, input.head.fields, input.arena);
  AuthVerdict verdict;
  verdict.allowed = true;
  verdict.status = 200;
  co_return verdict;
}

std::string write_check_request(const AuthInput& input, std::string_view body) {
  const auto& head = input.head;
  const auto path = head.has_query ? input.arena.concat(head.path, "?", head.query) : head.path;
  http::ProtobufWriter request, attributes, check;
  request.bytes(2, http_request(input, path, body));
  attributes.bytes(1, peer_of(input.peer.address));
  attributes.bytes(4, request.data());
  check.bytes(1, attributes.data());
  std::string frame(http::kGrpcFrameHead, '\0');
  http::write_grpc_frame_head(frame.data(), 0, static_cast<std::uint32_t>(check.data().size()));
  return frame.append(check.data());
}

Result<CheckAnswer> read_check_response(std::string_view message) {
  CheckAnswer answer;
  std::uint64_t code = 0;
  std::string_view ok, denied;
  http::ProtobufReader check(message);
  while (const auto field = check.next()) {
    if (field->number == 2) denied = field->bytes;
    if (field->number == 3) ok = field->bytes;
    if (field->number != 1) continue;
    http::ProtobufReader status(field->bytes);
    while (const auto part = status.next())
      if (part->number == 1) code = part->value;
    if (status.is_broken()) return broken("a broken status");
  }
  if (check.is_broken()) return broken("a broken answer");
  answer.allowed = code == 0;
  const bool read = answer.allowed ? read_ok(ok, answer) : read_denied(denied, answer);
  if (!read) return broken("a broken answer");
  return answer;
}

void apply_auth_headers(const CheckAnswer& answer, http::HeaderList& fields, Arena& arena) {
  const auto named = [](std::string_view name) {
    return [name](const HeaderField& field) { return equals_ignoring_case(field.name, name); };
  };
  for (const auto name : answer.remove) std::erase_if(fields, named(name));
  for (const auto& header : answer.headers) {
    const bool present = std::any_of(fields.begin(), fields.end(), named(header.name));
    if (header.how == AuthHeader::How::add_if_absent && present) continue;
    if (header.how == AuthHeader::How::overwrite_if_present && !present) continue;
    if (header.how != AuthHeader::How::append) std::erase_if(fields, named(header.name));
    fields.push_back({arena.copy(header.name), arena.copy(header.value), field_id(header.name)});
  }
}

}  // namespace gatehouse::proxy
