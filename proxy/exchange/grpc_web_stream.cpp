// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/grpc_web_stream.h"

#include <algorithm>

#include "base/text.h"

namespace gatehouse::proxy {
namespace {

constexpr std::string_view kContentType = "content-type";

bool has_name(const HeaderField& field, std::string_view name) {
  return field.id == FieldId::other && equals_ignoring_case(field.name, name);
}

bool is_grpc_trailer(const HeaderField& field) {
  return has_name(field, "grpc-status") || has_name(field, "grpc-message") ||
         has_name(field, "grpc-status-details-bin");
}

void set_content_type(http::HeaderList& fields, http::GrpcKind kind, Arena& arena) {
  for (auto& field : fields)
    if (has_name(field, kContentType))
      field.value = arena.concat(http::content_type_of(kind), http::grpc_subtype(field.value));
}

void remove_length(http::HeaderList& fields) {
  std::erase_if(fields, [](const HeaderField& field) { return field.id == FieldId::content_length; });
}

}  // namespace

GrpcWebStream::Kinds GrpcWebStream::kinds_of(const http::HeaderList& fields) {
  Kinds kinds;
  kinds.answer = kinds.request = http::grpc_kind(fields);
  for (const auto& field : fields) {
    if (!has_name(field, "accept")) continue;
    CommaList types(field.value);
    while (const auto type = types.next()) {
      const auto kind = http::grpc_kind(*type);
      if (kind == http::GrpcKind::web || kind == http::GrpcKind::web_text) kinds.answer = kind;
    }
  }
  return kinds;
}

void GrpcWebStream::edit_request(http::RequestHead& head, Kinds kinds, Arena& arena) {
  set_content_type(head.fields, http::GrpcKind::grpc, arena);
  std::erase_if(head.fields, [](const HeaderField& field) { return field.id == FieldId::te; });
  head.fields.push_back({"te", "trailers", FieldId::te});
  if (kinds.request != http::GrpcKind::web_text || head.framing.kind == http::BodyKind::none) return;
  remove_length(head.fields);
  head.framing = {http::BodyKind::chunked, 0, head.framing.keep_alive};
}

Chunk GrpcWebStream::buffered_body() {
  if (!is_text_in()) return client_.buffered_body();
  if (consumed_ == decoded_.size() && !ended_ && !broken_) take(client_.buffered_body());
  return {std::string_view(decoded_).substr(consumed_), ended_};
}

/// Decodes all of it, so that the client gets its credit back; what is kept is never more than one chunk.
void GrpcWebStream::take(Chunk chunk) {
  decoded_.clear();
  consumed_ = 0;
  broken_ = !decoder_.decode(chunk.data, decoded_) || (chunk.end && !decoder_.is_complete());
  ended_ = chunk.end && !broken_;
  if (broken_) decoded_.clear();
  client_.consume_body(chunk.data.size());
}

Task<Result<Chunk>> GrpcWebStream::read_body(WaitLimits limits) {
  if (!is_text_in()) co_return co_await client_.read_body(limits);
  for (;;) {
    const Chunk here = buffered_body();
    if (broken_)
      co_return Error{Fault::bad_request, Side::downstream, Retry::never, "the body is not base64\n"};
    if (here.end || !here.data.empty()) co_return here;
    const auto chunk = co_await client_.read_body(limits);
    if (!chunk) co_return chunk.error();
    take(*chunk);
  }
}

void GrpcWebStream::consume_body(std::size_t size) {
  if (!is_text_in()) return client_.consume_body(size);
  consumed_ = std::min(consumed_ + size, decoded_.size());
}

/// What stands in the head of an answer without a body belongs to its trailers: scripts in browsers get to
/// see the body, the fields only if CORS exposes them.
void GrpcWebStream::edit_answer(http::ResponseHead& head) {
  set_content_type(head.fields, kinds_.answer, arena_);
  remove_length(head.fields);
  std::copy_if(head.fields.begin(), head.fields.end(), std::back_inserter(in_head_), is_grpc_trailer);
  std::erase_if(head.fields, is_grpc_trailer);
  head.framing = {http::BodyKind::chunked, 0, head.framing.keep_alive};
}

Task<Result<void>> GrpcWebStream::send_head(http::ResponseHead& head, Chunk first, WaitLimits limits) {
  const bool is_final = head.status >= 200;
  translates_answer_ = is_final && http::grpc_kind(head.fields) == http::GrpcKind::grpc;
  if (!translates_answer_) co_return co_await client_.send_head(head, first, limits);
  if (head.framing.kind == http::BodyKind::none) first.end = true;
  edit_answer(head);
  const Chunk translated{encode(first, nullptr), first.end};
  co_return co_await client_.send_head(head, translated, limits);
}

Task<Result<void>> GrpcWebStream::send_body(Chunk chunk, const http::HeaderList* trailers,
                                            WaitLimits limits) {
  if (!translates_answer_) return client_.send_body(chunk, trailers, limits);
  const Chunk translated{encode(chunk, trailers), chunk.end};
  return client_.send_body(translated, nullptr, limits);
}

/// Bytes that need no change are not copied.
std::string_view GrpcWebStream::encode(Chunk chunk, const http::HeaderList* trailers) {
  if (chunk.end && trailers) in_head_.insert(in_head_.end(), trailers->begin(), trailers->end());
  const bool has_trailers = chunk.end && !in_head_.empty();
  if (!is_text_out() && !has_trailers) return chunk.data;
  std::string frame;
  if (has_trailers) http::append_trailer_frame(in_head_, frame);
  encoded_.clear();
  if (is_text_out()) {
    http::append_base64(chunk.data, encoded_);
    http::append_base64(frame, encoded_);
  } else {
    encoded_.append(chunk.data).append(frame);
  }
  return encoded_;
}

}  // namespace gatehouse::proxy
