// SPDX-License-Identifier: Apache-2.0
// A request of the gateway's own to a cluster: what external authorization and mirrors send.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/worker_context.h"

namespace gatehouse::proxy {

/// One request and its answer, without a downstream. Everything it needs is its own: it may outlive the
/// exchange and the runtime that caused it. Thread: the worker's. The answer's views live as long as it does.
class OwnRequest {
 public:
  explicit OwnRequest(WorkerContext& worker);
  ~OwnRequest();
  OwnRequest(const OwnRequest&) = delete;
  OwnRequest& operator=(const OwnRequest&) = delete;

  /// To be filled before send(); its texts are in arena(), or outlive the answer.
  http::RequestHead& request() { return scratch_->request; }
  Arena& arena() { return scratch_->arena; }
  const http::ResponseHead& response() const { return scratch_->response; }

  /// Everything of `head` but what belongs to its connection, copied into arena().
  void copy_request(const http::RequestHead& head);

  /// Sends request and body and waits for the final head. A warm connection that died is replaced once.
  Task<Result<void>> send(std::uint32_t cluster, std::string_view body, WaitLimits limits);
  /// The whole body of the answer; too_large when it is over `most` bytes.
  Task<Result<std::string_view>> read_answer(std::size_t most, WaitLimits limits);
  /// Of the answer, once it was read.
  const http::HeaderList& trailers() const { return upstream_->trailers(); }

 private:
  Task<Result<void>> send_once(std::uint32_t cluster, std::string_view body, Cluster::Warm warm,
                               WaitLimits limits);
  Task<Result<void>> read_head(WaitLimits limits);

  WorkerContext& worker_;
  std::unique_ptr<Scratch> scratch_;
  Lease upstream_;
  std::string answer_;
};

}  // namespace gatehouse::proxy
