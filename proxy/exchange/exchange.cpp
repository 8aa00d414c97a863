// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/exchange.h"

#include <algorithm>

#include "proxy/filters/header_modifier.h"
#include "proxy/filters/url_rewrite.h"
#include "proxy/http/hop_headers.h"

namespace gatehouse::proxy {
namespace {

constexpr int kMaxHops = 30;  // H5: entries of X-Forwarded-For that make a loop

bool asks_for_trailers(const http::HeaderList& fields) {
  for (const auto& field : fields) {
    if (field.id != FieldId::te) continue;
    CommaList options(field.value);
    while (const auto option = options.next())
      if (equals_ignoring_case(*option, "trailers")) return true;
  }
  return false;
}

int count_hops(const http::HeaderList& fields) {
  int hops = 0;
  for (const auto& field : fields) {
    if (field.id != FieldId::x_forwarded_for) continue;
    CommaList entries(field.value);
    while (entries.next()) ++hops;
  }
  return hops;
}

/// The codec writes these itself, from the head's members.
void remove_fields_of_the_codec(http::HeaderList& fields) {
  std::erase_if(fields, [](const HeaderField& field) {
    return field.id == FieldId::host || field.id == FieldId::content_length;
  });
}

}  // namespace

Exchange::Exchange(WorkerContext& worker, DownstreamStream& stream, Scratch& scratch,
                   Ref<RuntimeHandle> runtime, const SocketRuntime& socket, const http::PeerContext& peer)
    : worker_(worker),
      stream_(&stream),
      scratch_(scratch),
      runtime_(std::move(runtime)),
      socket_(socket),
      peer_(peer),
      upload_cancel_(worker.loop),
      upload_done_(worker.loop) {
  outcome_.started = worker.loop.now();
}

Exchange::~Exchange() {
  finish();
}

Task<> Exchange::run() {
  if (worker_.access_log) remember_for_log();
  if (const LocalReply* refused = find_listener()) co_return co_await reply(*refused);
  for (std::size_t i = 0; i < listener_->request_filters.size(); ++i) {
    const Step step =
        co_await authorize(*listener_->config->request_filters[i], listener_->request_filters[i]);
    if (step == Step::answered) co_return;
  }
  if (const LocalReply* refused = find_rule()) co_return co_await reply(*refused);
  if (rule_->filters) {
    const Step step = co_await run_filters(*rule_->filters);
    if (step == Step::answered) co_return;
  }
  if (const LocalReply* refused = pick_target()) co_return co_await reply(*refused);
  if (target_->filters) {
    const Step step = co_await run_filters(*target_->filters);
    if (step == Step::answered) co_return;
  }
  edit_request();
  const auto reached = co_await reach_upstream();
  if (!reached) co_return co_await reply(LocalReply::from(reached.error()));
  edit_response();
  co_await relay_response();
}

const LocalReply* Exchange::refuse(LocalReply why) {
  early_ = why;
  return &early_;
}

/// By host: the most specific listener of the socket alone, whatever its routes (listener isolation).
const LocalReply* Exchange::find_listener() {
  auto& head = scratch_.request;
  listener_ = socket_.find(head.host);
  limits_ = (listener_ ? *listener_ : socket_.first()).config->limits;
  forwarded_ = http::decide_forwarded(head, peer_, worker_.settings.trust, scratch_.arena);
  outcome_.request_id = forwarded_.request_id;
  outcome_.client = forwarded_.client_text;
  if (!listener_) return refuse(LocalReply::no_listener());
  const bool misdirected = peer_.scheme == "https" && listener_ != socket_.find(peer_.sni);
  return misdirected ? refuse(LocalReply::misdirected()) : nullptr;
}

const LocalReply* Exchange::find_rule() {
  const auto& head = scratch_.request;
  const routing::RequestView view{head.host, head.path, head.query, head.method_name, head.fields};
  const auto match = listener_->table->find(view);
  if (!match) return refuse(LocalReply::no_route());
  rule_ = match->rule;
  match_ = match->match;
  outcome_.route_id = rule_->metric_slot;
  rule_->prefetch();
  if (limits_.max_body_bytes != 0 && known_body_size() > limits_.max_body_bytes)
    return refuse(LocalReply::body_too_large());
  if (rule_->has_timeouts) set_deadlines();
  if (rule_->grpc) begin_grpc();
  if (count_hops(head.fields) >= kMaxHops) return refuse(LocalReply::loop());
  return nullptr;
}

void Exchange::set_deadlines() {
  const auto& timeouts = rule_->timeouts;
  if (timeouts.request.count() != 0) deadlines_.request = outcome_.started + timeouts.request;
  if (timeouts.max_stream.count() != 0) deadlines_.stream = outcome_.started + timeouts.max_stream;
}

/// By weight.
const LocalReply* Exchange::pick_target() {
  target_ = routing::pick(*rule_, worker_.dice());
  if (!target_) return refuse(LocalReply::no_backend());
  if (target_->cluster == routing::kNoCluster) return refuse(LocalReply::invalid_backend());
  outcome_.cluster_id = target_->cluster;
  if (!rule_->grpc && backend_speaks_http2()) begin_grpc();
  if (rule_->keeps_sessions || target_->keeps_sessions) pin_session();
  return nullptr;
}

/// L7: as announced, else what came with the head; the upload counts the rest.
std::uint64_t Exchange::known_body_size() const {
  const auto& framing = scratch_.request.framing;
  return framing.kind == http::BodyKind::length ? framing.length : stream_->buffered_body().data.size();
}

/// Forwarded fields in, hop-by-hop ones out.
void Exchange::prepare_request() {
  if (prepared_) return;
  prepared_ = true;
  auto& head = scratch_.request;
  wants_trailers_ = asks_for_trailers(head.fields);
  http::remove_hop_fields(head.fields, wants_trailers_ ? http::Trailers::forwarded : http::Trailers::dropped);
  remove_fields_of_the_codec(head.fields);
  http::write_forwarded(head.fields, forwarded_);
  if (worker_.settings.via) head.fields.push_back({"Via", "1.1 gatehouse", FieldId::via});
}

/// What the backend gets to see.
void Exchange::edit_request() {
  auto& head = scratch_.request;
  prepare_request();
  modify_headers(head.fields, rule_->request_edits, scratch_.arena);
  modify_headers(head.fields, target_->request_edits, scratch_.arena);
  if (rule_->retry_attempts != 0) replay_.begin();
  if (!rule_->filters && !target_->filters) return;
  rewrite_url(head, rule_->rule->filters, target_->backend->filters, match_->path, scratch_.arena);
  choose_mirrors(rule_->filters);
  choose_mirrors(target_->filters);
}

void Exchange::edit_response() {
  worker_.probes.route((*worker_.runtime())->route_row(outcome_.route_id)).prefetch();
  auto& head = scratch_.response;
  http::remove_hop_fields(head.fields, wants_trailers_ ? http::Trailers::forwarded : http::Trailers::dropped);
  if (worker_.settings.via) head.fields.push_back({"Via", "1.1 gatehouse", FieldId::via});
  if (cors_) edit_cors_response(*cors_, cors_request_, head.fields, scratch_.arena);
  if (session_.is_active()) renew_session();
  modify_headers(head.fields, rule_->response_edits, scratch_.arena);
  modify_headers(head.fields, target_->response_edits, scratch_.arena);
}

Task<> Exchange::relay_response() {
  outcome_.status = scratch_.response.status;
  const Chunk first = outcome_.status == 101 ? Chunk() : with_head(*upstream_);
  const auto sent = co_await stream_->send_head(scratch_.response, first, downstream_limits());
  outcome_.head_sent = worker_.loop.now();
  outcome_.response_bytes = first.data.size();
  upstream_->consume_body(first.data.size());
  upstream_->release_head();
  let_go_of_runtime();

  if (!sent) {
    abort(sent.error());
  } else if (outcome_.status == 101) {
    co_await tunnel();
  } else if (!first.end) {
    co_await relay_body();
  }
  if (upload_started_) co_await stop_upload();
  upstream_.release();
}

/// D2: what is still needed was copied.
void Exchange::let_go_of_runtime() {
  if (worker_.access_log) keep_names_for_log();
  rule_ = nullptr;
  target_ = nullptr;
  listener_ = nullptr;
  runtime_.reset();
}

void Exchange::keep_names_for_log() {
  if (rule_) outcome_.route_key = scratch_.arena.copy(rule_->route->key);
  if (const Cluster* cluster = worker_.cluster(outcome_.cluster_id))
    outcome_.cluster_key = scratch_.arena.copy(cluster->key());
}

Task<> Exchange::relay_body() {
  for (;;) {
    const auto chunk = co_await upstream_->read_body(upstream_limits());
    if (!chunk) co_return abort(chunk.error());
    const auto* trailers = chunk->end && wants_trailers_ ? &upstream_->trailers() : nullptr;
    const auto sent = co_await stream_->send_body(*chunk, trailers, downstream_limits());
    if (!sent) co_return abort(sent.error());
    outcome_.response_bytes += chunk->data.size();
    upstream_->consume_body(chunk->data.size());
    if (chunk->end) co_return;
  }
}

/// The head is out: all that is left is to make sure that nobody takes the response for complete (B3).
void Exchange::abort(const Error& error) {
  outcome_.aborted = true;
  const Error why = explain(error);
  const bool is_stalled = why.side == Side::downstream && why.fault == Fault::timeout && !upload_failed_;
  outcome_.reason = is_stalled ? std::string_view("send_timeout") : LocalReply::from(why).reason;
  stream_->reset(error);
}

/// F20: a body that is here already need not cost the client its connection.
void Exchange::skip_request_body() {
  if (upload_started_) return;
  for (Chunk chunk = stream_->buffered_body(); !chunk.data.empty(); chunk = stream_->buffered_body())
    stream_->consume_body(chunk.data.size());
}

Task<> Exchange::reply(LocalReply reply, std::span<const HeaderField> extra) {
  co_await stop_upload();
  upstream_.release();
  outcome_.status = reply.status;
  outcome_.reason = reply.reason;
  if (runtime_) let_go_of_runtime();
  skip_request_body();
  if (reply.status == 499) {
    outcome_.aborted = true;
    stream_->reset(Error{Fault::cancelled, Side::downstream, Retry::never, reply.reason});
    co_return;
  }
  Chunk body{{}, true};
  if (answers_as_grpc(reply)) {
    write_grpc_reply(reply, extra);
  } else {
    body.data = write_reply(reply, extra);
  }
  outcome_.response_bytes = body.data.size();
  const auto sent = co_await stream_->send_head(scratch_.response, body, downstream_limits());
  if (!sent) abort(sent.error());
}

/// The head; returns the body.
std::string_view Exchange::write_reply(const LocalReply& reply, std::span<const HeaderField> extra) {
  auto& head = scratch_.response;
  head.status = reply.status;
  head.reason = {};
  head.fields.assign(extra.begin(), extra.end());
  const auto has_type = [](const HeaderField& field) {
    return field.id == FieldId::other && equals_ignoring_case(field.name, "content-type");
  };
  if (!reply.text.empty() && std::none_of(extra.begin(), extra.end(), has_type))
    head.fields.push_back({"Content-Type", "text/plain; charset=utf-8", FieldId::other});
  head.framing = {http::BodyKind::length, reply.text.size(), true};
  if (reply.status == 204) head.framing = {http::BodyKind::none, 0, true};
  if (scratch_.request.method != http::Method::head) return reply.text;
  char* end = scratch_.arena.allocate(20);
  const std::string_view length(end, static_cast<std::size_t>(write_decimal(end, reply.text.size()) - end));
  head.fields.push_back({"Content-Length", length, FieldId::content_length});
  head.framing = {http::BodyKind::none, 0, true};
  return {};
}

/// A wait that was cancelled because the upload failed: the upload knows why.
Error Exchange::explain(const Error& error) const {
  return error.fault == Fault::cancelled && upload_failed_ ? upload_error_ : error;
}

WaitLimits Exchange::upstream_limits() const {
  return {deadlines_.earliest(worker_.loop.now() + read_timeout_), &stream_->peer_gone()};
}

WaitLimits Exchange::downstream_limits() const {
  return {worker_.loop.now() + limits_.send_timeout, nullptr};
}

}  // namespace gatehouse::proxy
