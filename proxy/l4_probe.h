// SPDX-License-Identifier: Apache-2.0
// What is counted per L4 route; names and labels of these metrics live here only.
#pragma once

#include <cstdint>

#include "base/metrics.h"

namespace gatehouse::proxy {

/// One worker's counts of one TCP, TLS or UDP route. Every opened() meets a closed(). Cheap to copy. Thread:
/// the worker that got it from its WorkerProbes.
class L4Probe {
 public:
  explicit L4Probe(metrics::Cell* row) : row_(row) {}

  /// A connection, or a session of UDP, has its backend.
  void opened() {
    row_[kConnections].add();
    row_[kOpen].add();
  }
  void closed() { row_[kOpen].subtract(); }
  /// No backend: closed with RST, or its datagrams dropped.
  void refused() { row_[kRefused].add(); }
  void bytes_received(std::uint64_t n) { row_[kBytesIn].add(n); }
  void bytes_sent(std::uint64_t n) { row_[kBytesOut].add(n); }
  /// UDP: nowhere to go, too long, or more than a socket takes.
  void datagram_dropped() { row_[kDropped].add(); }

  static metrics::TableLayout layout();

 private:
  enum CellIndex : std::size_t { kConnections, kOpen, kRefused, kBytesIn, kBytesOut, kDropped, kCells };

  metrics::Cell* row_;
};

}  // namespace gatehouse::proxy
