// SPDX-License-Identifier: Apache-2.0
// The access log: workers put lines into rings of their own, one thread writes them out.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/metrics.h"
#include "proxy/access_log_format.h"

namespace gatehouse::proxy {

namespace detail {
struct AccessLogState;
}

/// A worker's end of the log. Owned by the AccessLog, used on that worker's thread only. Makes no system call
/// except one write(2) to an eventfd when the writer sleeps or the ring became half full.
class AccessLogShard {
 public:
  /// Drops and counts the line when the ring is full.
  void record(const AccessRecord& record);

 private:
  friend class AccessLog;
  AccessLogShard(detail::AccessLogState& state, std::size_t index, metrics::Cell& dropped)
      : state_(&state), index_(index), dropped_(&dropped) {}

  detail::AccessLogState* state_;
  std::size_t index_;
  metrics::Cell* dropped_;
  std::array<char, AccessLogFormat::kMaxLine> line_;
};

struct AccessLogOptions {
  std::string path = "-";  ///< "-" is standard output
  AccessLogFormat format = AccessLogFormat::json();
  std::size_t ring_bytes = 1 << 20;  ///< per worker
};

/// Made before the workers, stopped after them. Its thread alone touches the file, so neither a slow disk nor
/// a pipe that nobody reads holds up a worker.
class AccessLog {
 public:
  /// `dropped` has one cell per worker (WorkerProbe::dropped_log_lines). The error is one line for the
  /// operator.
  static std::variant<std::unique_ptr<AccessLog>, std::string> open(
      AccessLogOptions options, const std::vector<metrics::Cell*>& dropped);
  ~AccessLog();  ///< stop() with a short deadline
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  AccessLogShard& shard(std::size_t worker) { return *shards_[worker]; }
  /// Opens the path anew before the next line is written, for log rotation. Any thread, also a signal
  /// handler.
  void request_reopen();
  /// Writes out what the rings hold; false when that did not end in time. No worker records afterwards.
  bool stop(std::chrono::milliseconds longest);

 private:
  AccessLog(std::shared_ptr<detail::AccessLogState> state, const std::vector<metrics::Cell*>& dropped);

  std::shared_ptr<detail::AccessLogState>
      state_;  ///< shared with the thread, which may outlive us in a stuck write
  std::vector<std::unique_ptr<AccessLogShard>> shards_;
  bool stopped_ = false;
};

}  // namespace gatehouse::proxy
