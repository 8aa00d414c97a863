// SPDX-License-Identifier: Apache-2.0
// The steps of an exchange that only gRPC has: its deadline, gRPC-Web, failures as gRPC statuses.
#include <algorithm>

#include "proxy/exchange/exchange.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMostMessageBytes = 1024;

bool has_name(const HeaderField& field, std::string_view name) {
  return field.id == FieldId::other && equals_ignoring_case(field.name, name);
}

/// Describes a body that a gRPC answer does not have.
bool describes_body(const HeaderField& field) {
  constexpr std::string_view kContent = "content-";
  return equals_ignoring_case(field.name.substr(0, kContent.size()), kContent);
}

}  // namespace

bool Exchange::backend_speaks_http2() const {
  const Cluster* cluster = worker_.cluster(outcome_.cluster_id);
  return cluster && cluster->config().protocol == ir::ClusterProtocol::http2;
}

/// Once it is known that the route or the backend speaks gRPC.
void Exchange::begin_grpc() {
  const auto& fields = scratch_.request.fields;
  grpc_ = http::grpc_kind(fields);
  if (grpc_ == http::GrpcKind::none) return;
  for (const auto& field : fields) {
    if (!has_name(field, "grpc-timeout")) continue;
    const auto timeout = http::parse_grpc_timeout(field.value);
    if (timeout) deadlines_.request = std::min(deadlines_.request, outcome_.started + *timeout);
  }
  // Streams may be silent for long, in both directions; what bounds them is what bounds tunnels.
  limits_.body_idle_timeout = std::max(limits_.body_idle_timeout, limits_.tunnel_idle_timeout);
  limits_.min_body_rate = 0;
  if (rule_->grpc && grpc_ != http::GrpcKind::grpc) translate_web();
}

/// From here on request, stream and answer are those of a gRPC client.
void Exchange::translate_web() {
  const auto kinds = GrpcWebStream::kinds_of(scratch_.request.fields);
  web_ = std::make_unique<GrpcWebStream>(*stream_, kinds, scratch_.arena);
  GrpcWebStream::edit_request(scratch_.request, kinds, scratch_.arena);
  wants_trailers_ = true;
  stream_ = web_.get();
}

/// Redirects and misdirected requests are answers of HTTP itself.
bool Exchange::answers_as_grpc(const LocalReply& reply) const {
  if (reply.status < 400 || reply.status == 421 || reply.status == 499) return false;
  return grpc_ != http::GrpcKind::none || http::grpc_kind(scratch_.request.fields) != http::GrpcKind::none;
}

/// Everything in the head, and no body ("Trailers-Only"). gRPC-Web makes a trailer frame of it.
void Exchange::write_grpc_reply(const LocalReply& reply, std::span<const HeaderField> extra) {
  if (!web_ && http::grpc_kind(scratch_.request.fields) != http::GrpcKind::grpc) {
    const auto kinds = GrpcWebStream::kinds_of(scratch_.request.fields);
    web_ = std::make_unique<GrpcWebStream>(*stream_, kinds, scratch_.arena);
    stream_ = web_.get();
  }
  auto& head = scratch_.response;
  head.status = 200;
  head.reason = {};
  head.fields.clear();
  std::remove_copy_if(extra.begin(), extra.end(), std::back_inserter(head.fields), describes_body);
  const auto message = http::encode_grpc_message(reply.text.substr(0, kMostMessageBytes), scratch_.arena);
  head.fields.push_back({"content-type", "application/grpc", FieldId::other});
  head.fields.push_back({"grpc-status", http::digits_of(reply.grpc_status()), FieldId::other});
  if (!message.empty()) head.fields.push_back({"grpc-message", message, FieldId::other});
  head.framing = {http::BodyKind::length, 0, true};
}

}  // namespace gatehouse::proxy
