// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/own_request.h"

#include "proxy/http/hop_headers.h"

namespace gatehouse::proxy {
namespace {

constexpr int kMaxInterimResponses = 16;  // F24

}  // namespace

OwnRequest::OwnRequest(WorkerContext& worker) : worker_(worker), scratch_(worker.take_scratch()) {}

OwnRequest::~OwnRequest() {
  upstream_.release();
  worker_.give_back(std::move(scratch_));
}

void OwnRequest::copy_request(const http::RequestHead& head) {
  auto& copy = request();
  copy = head;
  for (std::string_view* text :
       {&copy.method_name, &copy.target, &copy.authority, &copy.host, &copy.path, &copy.query})
    *text = arena().copy(*text);
  copy.upgrade = {};
  copy.expects_continue = false;
  for (auto& field : copy.fields) {
    field.name = arena().copy(field.name);
    field.value = arena().copy(field.value);
  }
}

Task<Result<void>> OwnRequest::send(std::uint32_t cluster, std::string_view body, WaitLimits limits) {
  auto& head = request();
  // A request that came with a length keeps one, also of zero.
  const bool has_length = !body.empty() || head.framing.kind == http::BodyKind::length;
  head.framing = {has_length ? http::BodyKind::length : http::BodyKind::none, body.size(), true};
  const auto sent = co_await send_once(cluster, body, Cluster::Warm::allowed, limits);
  if (sent) co_return sent;
  // B2, as in the exchange: the backend closed a connection that was idle.
  const bool died_idle = sent.error().retry == Retry::if_reused && upstream_ && upstream_->is_reused() &&
                         upstream_->nothing_received();
  if (!died_idle) co_return sent;
  upstream_.release();
  co_return co_await send_once(cluster, body, Cluster::Warm::no, limits);
}

Task<Result<void>> OwnRequest::send_once(std::uint32_t id, std::string_view body, Cluster::Warm warm,
                                         WaitLimits limits) {
  const Ref<Cluster> cluster(worker_.cluster(id));
  if (!cluster) co_return Error{Fault::unreachable, Side::upstream, Retry::never, "the cluster is gone"};
  const PickRequest any;
  if (warm == Cluster::Warm::allowed) upstream_ = cluster->take_warm(any);
  if (!upstream_) {
    auto opened = co_await cluster->open(any, warm, limits);
    if (!opened) co_return opened.error();
    upstream_ = std::move(*opened);
  }
  cluster->probe().request_sent();
  upstream_->begin_exchange(scratch_->arena);
  const auto sent = co_await upstream_->send_head(scratch_->request, Chunk{body, true}, limits);
  if (!sent && sent.error().fault != Fault::reset) co_return sent;
  const auto answered = co_await read_head(limits);
  if (answered) {
    upstream_.report(UpstreamOutcome::answered(scratch_->response.status));
  } else if (answered.error().fault == Fault::timeout) {
    upstream_.report(UpstreamOutcome::timeout());
  }
  co_return answered;
}

Task<Result<void>> OwnRequest::read_head(WaitLimits limits) {
  auto& head = scratch_->response;
  for (int interim = 0; interim <= kMaxInterimResponses; ++interim) {
    const auto read = co_await upstream_->read_head(head, scratch_->request.method, false, limits);
    if (!read) co_return read;
    if (head.status >= 200) co_return Result<void>();
  }
  co_return Error{Fault::bad_request, Side::upstream, Retry::never, "too many interim responses"};
}

Task<Result<std::string_view>> OwnRequest::read_answer(std::size_t most, WaitLimits limits) {
  for (;;) {
    const auto chunk = co_await upstream_->read_body(limits);
    if (!chunk) co_return chunk.error();
    if (answer_.size() + chunk->data.size() > most)
      co_return Error{Fault::too_large, Side::upstream, Retry::never, "the answer is too large"};
    answer_.append(chunk->data);
    upstream_->consume_body(chunk->data.size());
    if (chunk->end) co_return std::string_view(answer_);
  }
}

}  // namespace gatehouse::proxy
