// SPDX-License-Identifier: Apache-2.0
// What is counted per route; names and labels of these metrics live here only.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/metrics.h"

namespace gatehouse::proxy {

/// One worker's counts of one route: a request touches two of the row's three cache lines. Cheap to copy.
/// Thread: the worker that got it from its WorkerProbes.
class RouteProbe {
 public:
  struct Finished {
    std::uint16_t status = 0;  ///< 0: the client got no response head
    Duration duration{};
    std::uint64_t bytes_in = 0;   ///< body bytes from the client
    std::uint64_t bytes_out = 0;  ///< body bytes to the client
  };

  explicit RouteProbe(metrics::Cell* row) : row_(row) {}

  void request_finished(const Finished& request) {
    const auto duration = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(request.duration).count());
    row_[kDurationSum].add(duration);
    row_[class_cell(request.status)].add();
    row_[kBuckets + metrics::bucket_of(duration)].add();
    if (request.bytes_in != 0) row_[kBytesIn].add(request.bytes_in);
    row_[kBytesOut].add(request.bytes_out);
  }

  /// Starts to fetch the row of a route that is seldom asked.
  void prefetch() const {
    __builtin_prefetch(row_, 1);
    __builtin_prefetch(row_ + kBuckets, 1);
    __builtin_prefetch(row_ + kBuckets + 8, 1);
  }

  static metrics::TableLayout layout();

 private:
  enum CellIndex : std::size_t { kDurationSum, kAborted, k1xx, k2xx, k3xx, k4xx, k5xx, kBytesOut, kBuckets };
  static constexpr std::size_t kBytesIn = kBuckets + metrics::kBucketCells;
  static constexpr std::size_t kCells = kBytesIn + 1;

  static std::size_t class_cell(std::uint16_t status) {
    return status >= 100 && status < 600 ? kAborted + status / 100 : kAborted;
  }

  metrics::Cell* row_;
};

}  // namespace gatehouse::proxy
