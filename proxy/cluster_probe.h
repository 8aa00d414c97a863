// SPDX-License-Identifier: Apache-2.0
// What is counted per cluster; names and labels of these metrics live here only.
#pragma once

#include "base/metrics.h"

namespace gatehouse::proxy {

/// One worker's counts of one cluster. Every connection_opened() meets a connection_closed(), every
/// connection_idled() a connection_taken(), also when the cluster has been replaced meanwhile. Cheap to copy.
/// Thread: the worker that got it from its WorkerProbes.
class ClusterProbe {
 public:
  explicit ClusterProbe(metrics::Cell* row) : row_(row) {}

  /// One try was sent to an endpoint.
  void request_sent() { row_[kRequests].add(); }
  void request_retried() { row_[kRetries].add(); }
  /// No usable endpoint.
  void endpoint_missing() { row_[kNoEndpoint].add(); }
  /// A limit of the circuit breaker refused a request.
  void circuit_opened() { row_[kCircuitOpened].add(); }
  /// The retry budget, or the limit of retries in flight, refused a retry.
  void retry_refused() { row_[kRetriesRefused].add(); }
  /// Every endpoint_ejected() meets an endpoint_restored(), also when it is listed no more.
  void endpoint_ejected() {
    row_[kEjections].add();
    row_[kEjected].add();
  }
  /// Its time was over, but it has not become better.
  void endpoint_stays_ejected() { row_[kEjections].add(); }
  void endpoint_restored() { row_[kEjected].subtract(); }
  void connect_failed() { row_[kConnectFailures].add(); }
  void timed_out() { row_[kTimeouts].add(); }
  /// The connection broke, or the response broke a rule of the protocol.
  void response_broken() { row_[kBroken].add(); }

  void connection_opened() {
    row_[kConnects].add();
    row_[kConnections].add();
  }
  void connection_closed() { row_[kConnections].subtract(); }
  /// A connection went into the pool, out of it, or was closed there.
  void connection_idled() { row_[kIdle].add(); }
  void connection_taken() { row_[kIdle].subtract(); }

  /// An active check ended, or its verdict changed. On the health thread's own row.
  void check_passed() { row_[kChecksPassed].add(); }
  void check_failed() { row_[kChecksFailed].add(); }
  void endpoint_sickened() { row_[kUnhealthy].add(); }
  void endpoint_recovered() { row_[kUnhealthy].subtract(); }

  /// Bytes of TCP, TLS and UDP routes.
  void l4_sent(std::uint64_t n) { row_[kL4Sent].add(n); }
  void l4_received(std::uint64_t n) { row_[kL4Received].add(n); }

  static metrics::TableLayout layout();

 private:
  enum CellIndex : std::size_t {
    kRequests,
    kIdle,
    kConnects,
    kConnections,
    kRetries,
    kConnectFailures,
    kTimeouts,
    kBroken,
    kNoEndpoint,
    kCircuitOpened,
    kRetriesRefused,
    kEjections,
    kEjected,
    kChecksPassed,
    kChecksFailed,
    kUnhealthy,
    kL4Sent,
    kL4Received,
    kCells
  };

  metrics::Cell* row_;
};

}  // namespace gatehouse::proxy
