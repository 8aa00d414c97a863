// SPDX-License-Identifier: Apache-2.0
// One exchange: a request and its response, from the routed head to the log line. Knows no protocol version.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/io/one_shot.h"
#include "base/text.h"
#include "proxy/exchange/body_replay.h"
#include "proxy/exchange/grpc_web_stream.h"
#include "proxy/exchange/local_reply.h"
#include "proxy/exchange/mirroring.h"
#include "proxy/exchange/session_pin.h"
#include "proxy/filters/cors.h"
#include "proxy/http/forwarded.h"
#include "proxy/stream.h"
#include "proxy/upstream/cluster.h"
#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// How the exchange went; filled as it goes, read by log and metrics when it ended.
struct ExchangeOutcome {
  /// Sent downstream; 499 = the client left first. A failure told to a gRPC client counts as what it would be
  /// in HTTP.
  std::uint16_t status = 0;
  std::string_view reason;   ///< LocalReply::reason, or empty when the backend answered
  bool aborted = false;      ///< the response was cut short
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint32_t route_id = UINT32_MAX;
  std::uint32_t cluster_id = UINT32_MAX;
  std::string_view route_key;    ///< only with an access log; in the exchange's arena
  std::string_view cluster_key;  ///< likewise
  SocketAddress endpoint;
  std::string_view request_id;
  std::string_view client;
  std::string_view user_agent;  ///< only with an access log
  MonoTime started{};
  MonoTime head_sent{};
  MonoTime finished{};
};

/// Lives in the frame of the task that serves the stream; its memory is `scratch`. Thread: the worker's.
/// Holds the runtime until the response head is out, so that a tunnel of days pins no old configuration (D2).
/// Its destructor counts and logs it.
class Exchange {
 public:
  Exchange(WorkerContext& worker, DownstreamStream& stream, Scratch& scratch, Ref<RuntimeHandle> runtime,
           const SocketRuntime& socket, const http::PeerContext& peer);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// The whole story, once. `scratch.request` has passed check_request. When it ends, the response is out or
  /// the stream was reset, and nothing of this exchange runs any more.
  Task<> run();
  const ExchangeOutcome& outcome() const { return outcome_; }

 private:
  struct Deadlines {
    MonoTime request = io::kNoDeadline;  ///< whole exchange
    MonoTime attempt = io::kNoDeadline;  ///< one try
    MonoTime stream = io::kNoDeadline;   ///< everything, tunnels and endless answers included
    MonoTime earliest(MonoTime other) const {
      return std::min(std::min(other, stream), std::min(request, attempt));
    }
  };
  /// What a step of filters came to.
  enum class Step : std::uint8_t { go_on, answered };

  // steps of run(), in order
  const LocalReply* find_listener();
  const LocalReply* find_rule();
  void set_deadlines();
  const LocalReply* pick_target();
  const LocalReply* refuse(LocalReply why);
  std::uint64_t known_body_size() const;
  void prepare_request();
  void edit_request();
  void edit_response();
  Task<> relay_response();
  void let_go_of_runtime();
  void keep_names_for_log();
  Task<> relay_body();
  void abort(const Error& error);

  // filters that only some routes have (exchange_filters.cpp)
  Task<Step> run_filters(const routing::CompiledFilters& filters);
  Task<Step> authorize(const ir::ExternalAuth& auth, std::uint32_t cluster);
  Task<Result<void>> keep_body(std::size_t most);
  Task<Result<void>> invite_body();
  Task<> redirect(const ir::Redirect& redirect);
  Task<> answer_preflight(const ir::Cors& cors);
  void choose_mirrors(const routing::CompiledFilters* filters);
  void start_mirrors(std::string_view body);
  void pin_session();
  void renew_session();
  UnixTime unix_time() const;

  // gRPC (exchange_grpc.cpp)
  bool backend_speaks_http2() const;
  void begin_grpc();
  void translate_web();
  bool answers_as_grpc(const LocalReply& reply) const;
  void write_grpc_reply(const LocalReply& reply, std::span<const HeaderField> extra);

  // tries (attempts.cpp)
  enum class Again : std::uint8_t { no, on_new_connection, after_backoff };
  Task<Result<void>> reach_upstream();
  Task<Result<void>> open_upstream(Cluster::Warm warm);
  Task<Result<void>> connect_upstream(Cluster::Warm warm);
  void begin_try(Cluster& cluster);
  PickRequest pick_request(Cluster& cluster) const;
  const RawDial* introduce(const Cluster& cluster) const;
  Task<Result<void>> read_response_head();
  Task<Result<void>> relay_interim();
  Chunk first_chunk();
  Result<void> request_sent(const Result<void>& sent, Chunk first);
  void settle_upload();
  void report(const Result<void>& tried);
  Again try_again(const Result<void>& tried);
  bool died_idle(const Error& error) const;
  bool is_worth_retrying(const Result<void>& tried) const;
  bool may_send_again() const;
  void remember_endpoint();
  Task<> back_off();
  bool is_overdue() const;

  // the request body, when it does not come with the head (upload.cpp)
  Chunk with_head(BodySource& source) const;
  void start_upload(Chunk first);
  Task<> upload();
  Task<Result<void>> upload_chunks();
  Result<void> check_upload(MonoTime started) const;
  Task<> stop_upload();

  // after a 101
  Task<> tunnel();
  void keep_head_for_log();
  Task<> tunnel_up();
  Task<Result<void>> pump(BodySource& from, BodySink& to, std::uint64_t& bytes, io::CancelSource* cancel);

  void skip_request_body();
  /// `extra` goes before the fields every local reply has; its texts outlive the reply.
  Task<> reply(LocalReply reply, std::span<const HeaderField> extra = {});
  std::string_view write_reply(const LocalReply& reply, std::span<const HeaderField> extra);
  void count_upstream_failure(const Error& error) const;
  void finish();
  void count() const;
  void remember_for_log();
  void log() const;
  Error explain(const Error& error) const;
  WaitLimits upstream_limits() const;
  WaitLimits downstream_limits() const;

  WorkerContext& worker_;
  DownstreamStream* stream_;  ///< the client's, or what stands in front of it
  Scratch& scratch_;
  Ref<RuntimeHandle> runtime_;
  const SocketRuntime& socket_;
  const http::PeerContext& peer_;
  const ListenerRuntime* listener_ = nullptr;
  const routing::CompiledRule* rule_ = nullptr;
  const ir::RouteMatch* match_ = nullptr;
  const routing::CompiledRule::Target* target_ = nullptr;
  ir::HttpLimits limits_;  ///< a copy: outlives the runtime
  Lease upstream_;
  Deadlines deadlines_;
  std::chrono::milliseconds read_timeout_{};
  http::Forwarded forwarded_;
  bool prepared_ = false;  ///< the request's fields are those of the next hop
  bool wants_trailers_ = false;
  http::GrpcKind grpc_ = http::GrpcKind::none;  ///< known only where it matters before the answer
  std::unique_ptr<GrpcWebStream> web_;          ///< stands in front of the client's stream
  LocalReply early_;
  ExchangeOutcome outcome_;

  std::uint32_t tries_ = 0;         ///< beyond the first
  std::span<SocketAddress> tried_;  ///< endpoints not to be tried again; in the arena
  RetryPermit retry_permit_;
  bool replaced_idle_ = false;  ///< the free try of B2 is used up
  std::size_t held_ = 0;        ///< bytes in the stream's buffer that went out with the head
  BodyReplay replay_;
  const ir::Cors* cors_ = nullptr;
  CorsRequest cors_request_;
  SessionPin session_;
  std::vector<std::unique_ptr<Mirroring>> mirrors_;  ///< not yet on their way

  io::CancelSource upload_cancel_;
  io::OneShot upload_done_;
  Error upload_error_;
  bool upload_started_ = false;
  bool upload_failed_ = false;
  MonoTime tunnel_active_{};
};

}  // namespace gatehouse::proxy
