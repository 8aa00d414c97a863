// SPDX-License-Identifier: Apache-2.0
// The steps of an exchange that only routes with filters have: redirects, CORS, authorization, mirrors,
// sessions.
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/own_request.h"
#include "proxy/filters/ext_auth.h"
#include "proxy/filters/mirror.h"
#include "proxy/filters/redirect.h"

namespace gatehouse::proxy {
namespace {

/// How ext_auth reaches its server. Lives as long as the OwnRequest.
class AuthCourier final : public Subrequest {
 public:
  AuthCourier(OwnRequest& request, std::uint32_t cluster, io::CancelSource& peer_gone)
      : request_(request), cluster_(cluster), peer_gone_(peer_gone) {}

  Task<Result<Answer>> ask(std::string_view, const http::RequestHead& head, std::string_view body,
                           MonoTime deadline) override {
    const WaitLimits limits{deadline, &peer_gone_};
    request_.copy_request(head);
    const auto sent = co_await request_.send(cluster_, body, limits);
    if (!sent) co_return sent.error();
    const auto answer = co_await request_.read_answer(kMaxAnswerBody, limits);
    if (!answer) co_return answer.error();
    co_return Answer{&request_.response(), *answer, &request_.trailers()};
  }

 private:
  OwnRequest& request_;
  std::uint32_t cluster_;
  io::CancelSource& peer_gone_;
};

bool is_of_the_codec(const HeaderField& field) {
  return field.id == FieldId::content_length || field.id == FieldId::date;
}

}  // namespace

/// In the order of ir::Filters. What ends the exchange has answered the client.
Task<Exchange::Step> Exchange::run_filters(const routing::CompiledFilters& filters) {
  const ir::Filters& config = *filters.config;
  if (config.redirect) {
    co_await redirect(*config.redirect);
    co_return Step::answered;
  }
  if (config.cors) {
    cors_ = config.cors.get();
    cors_request_ = read_cors(*cors_, scratch_.request, scratch_.arena);
    if (cors_request_.preflight) {
      co_await answer_preflight(*cors_);
      co_return Step::answered;
    }
  }
  for (std::size_t i = 0; i < config.external_auth.size(); ++i) {
    const Step step = co_await authorize(*config.external_auth[i], filters.external_auth[i]);
    if (step == Step::answered) co_return step;
  }
  co_return Step::go_on;
}

Task<> Exchange::redirect(const ir::Redirect& redirect) {
  const auto answer = make_redirect(redirect, scratch_.request, match_->path,
                                    ClientView::from(forwarded_, peer_), scratch_.arena);
  const HeaderField location{"Location", answer.location, FieldId::other};
  const LocalReply moved{answer.status, {}, {}};
  const std::span<const HeaderField> extra(&location, 1);
  co_await reply(moved, extra);
}

Task<> Exchange::answer_preflight(const ir::Cors& cors) {
  http::HeaderList fields;
  const auto status = write_preflight(cors, cors_request_, fields, scratch_.arena);
  const LocalReply answer{status, status == 403 ? "cors_origin" : "", {}};
  co_await reply(answer, fields);
}

Task<Exchange::Step> Exchange::authorize(const ir::ExternalAuth& auth, std::uint32_t cluster) {
  prepare_request();
  if (auth.max_body_bytes != 0 && scratch_.request.framing.kind != http::BodyKind::none) {
    const auto kept = co_await keep_body(auth.max_body_bytes + std::size_t{1});
    if (!kept) {
      co_await reply(LocalReply::from(explain(kept.error())));
      co_return Step::answered;
    }
  }
  OwnRequest request(worker_);
  AuthCourier courier(request, cluster, stream_->peer_gone());
  http::RequestHead question;
  const MonoTime deadline = deadlines_.earliest(worker_.loop.now() + auth.timeout);
  const AuthPeer peer{forwarded_.client_text, forwarded_.proto, forwarded_.request_id};
  const AuthInput input{auth,    scratch_.request, replay_.bytes(), question,
                        courier, deadline,         scratch_.arena,  peer};
  const auto verdict = co_await proxy::authorize(input);
  if (verdict.allowed) co_return Step::go_on;
  write_refusal(scratch_.response, verdict);
  http::HeaderList fields;
  fields.swap(scratch_.response.fields);
  std::erase_if(fields, is_of_the_codec);
  const LocalReply refusal{verdict.status, verdict.reason, verdict.body};
  co_await reply(refusal, fields);
  co_return Step::answered;
}

/// Reads the body until its end or until `most` bytes are here; they go upstream from there.
Task<Result<void>> Exchange::keep_body(std::size_t most) {
  replay_.begin(std::max(most, BodyReplay::kMostBytes));
  if (scratch_.request.expects_continue) {
    const auto invited = co_await invite_body();
    if (!invited) co_return invited.error();
  }
  while (!replay_.is_complete() && replay_.bytes().size() < most) {
    const WaitLimits limits{worker_.loop.now() + limits_.body_idle_timeout, &stream_->peer_gone()};
    const auto chunk = co_await stream_->read_body(limits);
    if (!chunk) co_return chunk.error();
    // No more than there is room for: what is kept must not get lost.
    const auto part = chunk->data.substr(0, most - replay_.bytes().size());
    replay_.add({part, chunk->end && part.size() == chunk->data.size()});
    stream_->consume_body(part.size());
    if (limits_.max_body_bytes != 0 && replay_.bytes().size() > limits_.max_body_bytes)
      co_return Error{Fault::too_large, Side::downstream, Retry::never, "the request body is too large"};
  }
  co_return Result<void>();
}

/// We read the body before any backend could ask for it, so 100 Continue is ours to say.
Task<Result<void>> Exchange::invite_body() {
  auto& request = scratch_.request;
  request.expects_continue = false;
  std::erase_if(request.fields, [](const HeaderField& field) { return field.id == FieldId::expect; });
  const Chunk here = stream_->buffered_body();
  if (here.end || !here.data.empty()) co_return Result<void>();
  auto& head = scratch_.response;
  head.status = 100;
  head.reason = {};
  head.fields.clear();
  head.framing = {http::BodyKind::none, 0, true};
  const Chunk nothing{{}, true};
  co_return co_await stream_->send_head(head, nothing, downstream_limits());
}

/// One copy each for those of `filters` whose share this request falls into.
void Exchange::choose_mirrors(const routing::CompiledFilters* filters) {
  if (!filters || filters->mirrors.empty()) return;
  const auto& mirrors = filters->config->mirrors;
  for (std::size_t i = 0; i < mirrors.size(); ++i) {
    if (!takes_part(mirrors[i], scratch_.request, worker_.dice())) continue;
    auto copy = Mirroring::prepare(worker_, filters->mirrors[i], scratch_.request);
    if (copy) mirrors_.push_back(std::move(copy));
  }
  if (mirrors_.empty() || scratch_.request.framing.kind == http::BodyKind::none) return;
  replay_.begin();
}

/// Once the request body is known to its end. One that is larger than what is kept is not mirrored.
void Exchange::start_mirrors(std::string_view body) {
  for (auto& copy : mirrors_) {
    if (replay_.is_lost()) {
      worker_.probes.worker().mirror_dropped();
    } else {
      Mirroring::start(std::move(copy), body);
    }
  }
  mirrors_.clear();
}

void Exchange::pin_session() {
  const auto& of_rule = rule_->rule->persistence;
  const auto& persistence = rule_->keeps_sessions ? of_rule : target_->backend->persistence;
  session_.begin(persistence, worker_.settings.session_key, scratch_.request.fields, unix_time());
}

void Exchange::renew_session() {
  const Cluster* cluster = worker_.cluster(outcome_.cluster_id);
  if (!cluster) return;
  const auto scope = forwarded_.proto == "https" ? CookieScope::https_only : CookieScope::any_scheme;
  const auto field = session_.renew(*cluster, upstream_, scope, unix_time(), scratch_.arena);
  if (field) scratch_.response.fields.push_back(*field);
}

UnixTime Exchange::unix_time() const {
  return std::chrono::duration_cast<UnixTime>(worker_.loop.wall().time_since_epoch());
}

}  // namespace gatehouse::proxy
