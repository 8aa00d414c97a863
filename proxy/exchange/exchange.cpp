// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/exchange.h"

#include "proxy/filters/header_modifier.h"
#include "proxy/http/hop_headers.h"

namespace gatehouse::proxy {
namespace {

constexpr int kMaxInterimResponses = 16;  // F24
constexpr int kMaxHops = 30;              // H5: entries of X-Forwarded-For that make a loop

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

bool is_idempotent(http::Method method) {
  switch (method) {
    case http::Method::get:
    case http::Method::head:
    case http::Method::put:
    case http::Method::delete_:
    case http::Method::options:
    case http::Method::trace:
      return true;
    default:
      return false;
  }
}

}  // namespace

Exchange::Exchange(WorkerContext& worker, DownstreamStream& stream, Scratch& scratch,
                   Ref<RuntimeHandle> runtime, const SocketRuntime& socket, const http::PeerContext& peer)
    : worker_(worker),
      stream_(stream),
      scratch_(scratch),
      runtime_(std::move(runtime)),
      socket_(socket),
      peer_(peer),
      upload_cancel_(worker.loop),
      upload_done_(worker.loop) {
  outcome_.started = worker.loop.now();
}

Exchange::~Exchange() = default;

Task<> Exchange::run() {
  if (worker_.access_log) remember_for_log();
  co_await run_steps();
  outcome_.finished = worker_.loop.now();
  count();
  if (worker_.access_log) log();
}

Task<> Exchange::run_steps() {
  if (const LocalReply* refused = find_route()) co_return co_await reply(*refused);
  edit_request();
  const auto reached = co_await reach_upstream();
  if (!reached) co_return co_await reply(LocalReply::from(reached.error()));
  edit_response();
  co_await relay_response();
}

/// Listener by host, then rule, then backend by weight. Null when all were found.
const LocalReply* Exchange::find_route() {
  const auto& head = scratch_.request;
  const auto refuse = [this](LocalReply why) {
    early_ = why;
    return &early_;
  };
  listener_ = socket_.find(head.host);
  limits_ = (listener_ ? *listener_ : socket_.first()).config->limits;
  if (!listener_) return refuse(LocalReply::no_listener());

  const routing::RequestView view{head.host, head.path, head.query, head.method_name, head.fields};
  const auto match = listener_->table->find(view);
  if (!match) return refuse(LocalReply::no_route());
  rule_ = match->rule;
  outcome_.route_id = rule_->metric_slot;
  outcome_.route_key = rule_->route->key;
  if (limits_.max_body_bytes != 0 && known_body_size() > limits_.max_body_bytes)
    return refuse(LocalReply::body_too_large());

  const auto& timeouts = rule_->rule->timeouts;
  if (timeouts.request.count() != 0) deadlines_.request = outcome_.started + timeouts.request;
  target_ = routing::pick(*rule_, worker_.dice());
  if (!target_) return refuse(LocalReply::no_backend());
  if (target_->cluster == routing::kNoCluster) return refuse(LocalReply::invalid_backend());
  outcome_.cluster_id = target_->cluster;
  if (count_hops(head.fields) >= kMaxHops) return refuse(LocalReply::loop());
  return nullptr;
}

/// L7: as announced, else what came with the head; the upload counts the rest.
std::uint64_t Exchange::known_body_size() const {
  const auto& framing = scratch_.request.framing;
  return framing.kind == http::BodyKind::length ? framing.length : stream_.buffered_body().data.size();
}

/// What the backend gets to see: forwarded fields, no hop-by-hop ones, the route's edits.
void Exchange::edit_request() {
  auto& head = scratch_.request;
  forwarded_ = http::decide_forwarded(head, peer_, worker_.settings.trust, scratch_.arena);
  outcome_.request_id = forwarded_.request_id;
  outcome_.client = forwarded_.client_text;
  wants_trailers_ = asks_for_trailers(head.fields);
  http::remove_hop_fields(head.fields, wants_trailers_ ? http::Trailers::forwarded : http::Trailers::dropped);
  remove_fields_of_the_codec(head.fields);
  http::write_forwarded(head.fields, forwarded_);
  if (worker_.settings.via) head.fields.push_back({"Via", "1.1 gatehouse", FieldId::via});
  modify_headers(head.fields, rule_->rule->filters.request_headers, scratch_.arena);
  modify_headers(head.fields, target_->backend->filters.request_headers, scratch_.arena);
}

Task<Result<void>> Exchange::reach_upstream() {
  auto result = co_await try_upstream(Cluster::Warm::allowed);
  if (!result && may_try_again(result.error())) {
    upstream_.release();
    if (Cluster* cluster = worker_.cluster(outcome_.cluster_id)) cluster->probe().request_retried();
    result = co_await try_upstream(Cluster::Warm::no);
  }
  if (!result) count_upstream_failure(result.error());
  if (!result) co_return explain(result.error());
  co_return result;
}

/// B2: a warm connection that died before the first byte of the answer was probably closed by the backend
/// while idle.
bool Exchange::may_try_again(const Error& error) const {
  if (error.side != Side::upstream || error.retry != Retry::if_reused || upload_started_ || !upstream_)
    return false;
  return upstream_->is_reused() && upstream_->nothing_received() && is_idempotent(scratch_.request.method);
}

Task<Result<void>> Exchange::try_upstream(Cluster::Warm warm) {
  const Ref<Cluster> cluster(worker_.cluster(outcome_.cluster_id));  // a change may drop it while we connect
  if (!cluster) co_return Error{Fault::unreachable, Side::upstream, Retry::never, "the cluster is gone"};
  read_timeout_ = cluster->config().pool.read_timeout;
  const auto& timeouts = rule_->rule->timeouts;
  if (timeouts.backend_request.count() != 0)
    deadlines_.attempt = worker_.loop.now() + timeouts.backend_request;

  const PickRequest wanted;
  if (warm == Cluster::Warm::allowed) upstream_ = cluster->take_warm(wanted);
  if (!upstream_) {
    auto opened = co_await cluster->open(wanted, warm, upstream_limits());
    if (!opened) {
      auto error = opened.error();
      if (worker_.loop.now() >= deadlines_.earliest(io::kNoDeadline)) error.retry = Retry::never;
      co_return error;
    }
    upstream_ = std::move(*opened);
  }
  outcome_.endpoint = upstream_.address();
  cluster->probe().request_sent();
  upstream_->begin_exchange(scratch_.arena);

  // W2: what a client sends behind a request without a body waits for the tunnel.
  const bool has_body = scratch_.request.framing.kind != http::BodyKind::none;
  const Chunk first = has_body ? with_head(stream_) : Chunk{{}, true};
  const auto sent = co_await upstream_->send_head(scratch_.request, first, upstream_limits());
  // A backend may answer and close before it has read everything: the answer counts (B8).
  if (!sent && sent.error().fault != Fault::reset) co_return sent.error();
  outcome_.request_bytes = first.data.size();
  if (sent && !first.end) start_upload();

  const auto answered = co_await read_response_head();
  if (!answered) co_return answered.error();
  if (!upload_started_) stream_.consume_body(first.data.size());
  co_return Result<void>();
}

/// What of the body can leave together with the head. Trailers cannot: they go out with an end of their own.
Chunk Exchange::with_head(BodySource& source) const {
  Chunk first = source.buffered_body();
  if (first.end && wants_trailers_ && !source.trailers().empty()) first.end = false;
  return first;
}

/// The final head; interim ones are relayed on the way.
Task<Result<void>> Exchange::read_response_head() {
  auto& head = scratch_.response;
  const auto& request = scratch_.request;
  int interim = 0;
  for (;;) {
    const auto progress = outcome_.request_bytes;
    const auto read =
        co_await upstream_->read_head(head, request.method, !request.upgrade.empty(), upstream_limits());
    if (!read) {
      // As long as the request body moves, the backend is not late.
      const bool moving = upload_started_ && outcome_.request_bytes != progress;
      const bool overdue = worker_.loop.now() >= deadlines_.earliest(io::kNoDeadline);
      if (read.error().fault == Fault::timeout && moving && !overdue) continue;
      co_return read.error();
    }
    if (head.status >= 200 || head.status == 101) co_return Result<void>();
    if (++interim > kMaxInterimResponses)
      co_return Error{Fault::bad_request, Side::upstream, Retry::never, "too many interim responses"};
    const auto relayed = co_await relay_interim();
    if (!relayed) co_return relayed.error();
  }
}

Task<Result<void>> Exchange::relay_interim() {
  if (scratch_.request.minor_version == 0) co_return Result<void>();
  http::remove_hop_fields(scratch_.response.fields, http::Trailers::dropped);
  const Chunk nothing{{}, true};
  co_return co_await stream_.send_head(scratch_.response, nothing, downstream_limits());
}

void Exchange::edit_response() {
  auto& head = scratch_.response;
  http::remove_hop_fields(head.fields, wants_trailers_ ? http::Trailers::forwarded : http::Trailers::dropped);
  if (worker_.settings.via) head.fields.push_back({"Via", "1.1 gatehouse", FieldId::via});
  modify_headers(head.fields, rule_->rule->filters.response_headers, scratch_.arena);
  modify_headers(head.fields, target_->backend->filters.response_headers, scratch_.arena);
}

Task<> Exchange::relay_response() {
  outcome_.status = scratch_.response.status;
  const Chunk first = outcome_.status == 101 ? Chunk() : with_head(*upstream_);
  const auto sent = co_await stream_.send_head(scratch_.response, first, downstream_limits());
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
  co_await stop_upload();
  upstream_.release();
}

/// D2: what is still needed was copied.
void Exchange::let_go_of_runtime() {
  outcome_.route_key = scratch_.arena.copy(outcome_.route_key);
  if (const Cluster* cluster = worker_.cluster(outcome_.cluster_id))
    outcome_.cluster_key = scratch_.arena.copy(cluster->key());
  rule_ = nullptr;
  target_ = nullptr;
  listener_ = nullptr;
  runtime_.reset();
}

Task<> Exchange::relay_body() {
  for (;;) {
    const auto chunk = co_await upstream_->read_body(upstream_limits());
    if (!chunk) co_return abort(chunk.error());
    const auto* trailers = chunk->end && wants_trailers_ ? &upstream_->trailers() : nullptr;
    const auto sent = co_await stream_.send_body(*chunk, trailers, downstream_limits());
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
  stream_.reset(error);
}

/// F20: a body that is here already need not cost the client its connection.
void Exchange::skip_request_body() {
  if (upload_started_) return;
  for (Chunk chunk = stream_.buffered_body(); !chunk.data.empty(); chunk = stream_.buffered_body())
    stream_.consume_body(chunk.data.size());
}

Task<> Exchange::reply(LocalReply reply) {
  co_await stop_upload();
  upstream_.release();
  outcome_.status = reply.status;
  outcome_.reason = reply.reason;
  if (runtime_) let_go_of_runtime();
  skip_request_body();
  if (reply.status == 499) {
    outcome_.aborted = true;
    stream_.reset(Error{Fault::cancelled, Side::downstream, Retry::never, reply.reason});
    co_return;
  }
  auto& head = scratch_.response;
  head.fields.clear();
  head.status = reply.status;
  head.reason = {};
  head.fields.push_back({"Content-Type", "text/plain; charset=utf-8", FieldId::other});
  head.framing = {http::BodyKind::length, reply.text.size(), true};
  Chunk body{reply.text, true};
  if (scratch_.request.method == http::Method::head) {
    char* end = scratch_.arena.allocate(20);
    const std::string_view length(end, static_cast<std::size_t>(write_decimal(end, reply.text.size()) - end));
    head.fields.push_back({"Content-Length", length, FieldId::content_length});
    head.framing = {http::BodyKind::none, 0, true};
    body.data = {};
  }
  outcome_.response_bytes = body.data.size();
  const auto sent = co_await stream_.send_head(head, body, downstream_limits());
  if (!sent) abort(sent.error());
}

/// A wait that was cancelled because the upload failed: the upload knows why.
Error Exchange::explain(const Error& error) const {
  return error.fault == Fault::cancelled && upload_failed_ ? upload_error_ : error;
}

WaitLimits Exchange::upstream_limits() const {
  return {deadlines_.earliest(worker_.loop.now() + read_timeout_), &stream_.peer_gone()};
}

WaitLimits Exchange::downstream_limits() const {
  return {worker_.loop.now() + limits_.send_timeout, nullptr};
}

}  // namespace gatehouse::proxy
