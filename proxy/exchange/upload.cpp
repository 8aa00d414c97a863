// SPDX-License-Identifier: Apache-2.0
// The second task of an exchange: the request body on its way upstream, and both directions of a tunnel.
#include "proxy/exchange/exchange.h"

namespace gatehouse::proxy {
namespace {

constexpr auto kRateGrace = std::chrono::seconds(10);  // L2

}  // namespace

/// What of the body can leave together with the head. Trailers cannot: they go out with an end of their own.
Chunk Exchange::with_head(BodySource& source) const {
  Chunk first = source.buffered_body();
  if (first.end && wants_trailers_ && !source.trailers().empty()) first.end = false;
  return first;
}

/// `first` went out with the head.
void Exchange::start_upload(Chunk first) {
  if (held_ != 0) {
    replay_.add({first.data, false});
    stream_->consume_body(held_);
    held_ = 0;
  }
  upload_started_ = true;
  upload_cancel_.reset();
  upload_done_.reset();
  io::spawn(upload());
}

Task<> Exchange::upload() {
  const auto done = co_await upload_chunks();
  if (!done && done.error().side == Side::downstream && done.error().fault != Fault::cancelled) {
    upload_failed_ = true;
    upload_error_ = done.error();
    stream_->peer_gone().fire();  // wakes whoever waits for the backend
  }
  upload_done_.set();
}

Task<Result<void>> Exchange::upload_chunks() {
  const MonoTime started = worker_.loop.now();
  if (replay_.is_complete()) {  // only the trailers did not go out with the head
    const WaitLimits limits{started + std::max(limits_.send_timeout, read_timeout_), &upload_cancel_};
    if (!mirrors_.empty()) start_mirrors(replay_.bytes());
    const Chunk nothing{{}, true};
    co_return co_await upstream_->send_body(nothing, &stream_->trailers(), limits);
  }
  // A client that waits for 100 Continue is not slow.
  auto idle = scratch_.request.expects_continue ? std::max(limits_.body_idle_timeout, read_timeout_)
                                                : limits_.body_idle_timeout;
  for (;;) {
    WaitLimits limits{worker_.loop.now() + idle, &upload_cancel_};
    const auto chunk = co_await stream_->read_body(limits);
    if (!chunk) co_return chunk.error();
    outcome_.request_bytes += chunk->data.size();
    if (const auto ok = check_upload(started); !ok) co_return ok.error();

    replay_.add(*chunk);
    if (chunk->end && !mirrors_.empty()) start_mirrors(replay_.bytes());
    limits.deadline = worker_.loop.now() + std::max(limits_.send_timeout, read_timeout_);
    const auto* trailers = chunk->end && wants_trailers_ ? &stream_->trailers() : nullptr;
    const auto sent = co_await upstream_->send_body(*chunk, trailers, limits);
    const bool kept = replay_.has_bytes();
    if (sent || kept) stream_->consume_body(chunk->data.size());
    if (!sent) co_return sent.error();
    if (chunk->end) co_return Result<void>();
    idle = limits_.body_idle_timeout;
  }
}

/// L7 while the length is not known beforehand, L2's minimum rate.
Result<void> Exchange::check_upload(MonoTime started) const {
  const std::uint64_t bytes = outcome_.request_bytes;
  if (limits_.max_body_bytes != 0 && bytes > limits_.max_body_bytes)
    return Error{Fault::too_large, Side::downstream, Retry::never, "the request body is too large"};
  const auto elapsed = worker_.loop.now() - started;
  if (limits_.min_body_rate == 0 || elapsed < kRateGrace) return {};
  const auto seconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
  if (bytes < seconds * limits_.min_body_rate)
    return Error{Fault::timeout, Side::downstream, Retry::never, "the request body comes too slowly"};
  return {};
}

Task<> Exchange::stop_upload() {
  if (!upload_started_) co_return;
  if (!upload_done_.is_set()) upload_cancel_.fire();
  co_await upload_done_;
}

/// Both directions until both have ended, one broke, or nothing moved for the idle timeout.
Task<> Exchange::tunnel() {
  keep_head_for_log();
  stream_->start_tunnel();
  upstream_->start_tunnel();
  tunnel_active_ = worker_.loop.now();
  upload_started_ = true;
  io::spawn(tunnel_up());
  worker_.probes.worker().tunnel_opened();
  const auto down = co_await pump(*upstream_, *stream_, outcome_.response_bytes, &stream_->peer_gone());
  worker_.probes.worker().tunnel_closed();
  if (!down) co_return abort(down.error());
  co_await upload_done_;
}

/// The buffer that the request head stands in is the tunnel's from here on.
void Exchange::keep_head_for_log() {
  auto& head = scratch_.request;
  for (std::string_view* text : {&head.method_name, &head.host, &head.path, &head.query, &outcome_.request_id,
                                 &outcome_.client, &outcome_.user_agent})
    *text = scratch_.arena.copy(*text);
}

Task<> Exchange::tunnel_up() {
  const auto up = co_await pump(*stream_, *upstream_, outcome_.request_bytes, &upload_cancel_);
  if (!up) stream_->peer_gone().fire();
  upload_done_.set();
}

Task<Result<void>> Exchange::pump(BodySource& from, BodySink& to, std::uint64_t& bytes,
                                  io::CancelSource* cancel) {
  for (;;) {
    const MonoTime idle_until = tunnel_active_ + limits_.tunnel_idle_timeout;
    const WaitLimits wait{std::min(idle_until, deadlines_.stream), cancel};
    const auto chunk = co_await from.read_body(wait);
    if (!chunk) {
      if (worker_.loop.now() >= deadlines_.stream) co_return chunk.error();
      const bool other_way_active = worker_.loop.now() < tunnel_active_ + limits_.tunnel_idle_timeout;
      if (chunk.error().fault == Fault::timeout && other_way_active) continue;
      co_return chunk.error();
    }
    tunnel_active_ = worker_.loop.now();
    const WaitLimits limits{tunnel_active_ + limits_.tunnel_idle_timeout, cancel};
    const auto sent = co_await to.send_body(*chunk, nullptr, limits);
    if (!sent) co_return sent.error();
    bytes += chunk->data.size();
    from.consume_body(chunk->data.size());
    if (chunk->end) co_return Result<void>();
  }
}

}  // namespace gatehouse::proxy
