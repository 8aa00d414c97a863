// SPDX-License-Identifier: Apache-2.0
// What is counted per worker without further labels; names of these metrics live here only.
#pragma once

#include <cstdint>

#include "base/metrics.h"

namespace gatehouse::proxy {

/// Why a client was refused before or instead of an exchange. One counter each.
enum class Refusal : std::uint8_t {
  malformed,          ///< 400: a rule of HTTP/1 was broken
  not_supported,      ///< 405, 417, 501, 505
  headers_too_large,  ///< 431
  uri_too_long,       ///< 414
  body_too_large,     ///< 413
  header_timeout,     ///< 408 before the head was complete
  body_timeout,       ///< the request body stopped, or came below the least rate
  send_timeout,       ///< the client does not read
  connection_limit,
  address_limit,
  tls_handshake,   ///< no TLS, nothing in common, or a certificate that is not trusted
  server_name,     ///< no listener for the name the client asked for
  proxy_protocol,  ///< no header, a broken one, or from a peer that is not trusted
  internal,        ///< a bug of ours; the connection was dropped
};
inline constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::internal) + 1;

/// One worker's own counts. Cheap to copy. Thread: that worker.
class WorkerProbe {
 public:
  explicit WorkerProbe(metrics::Cell* row) : row_(row) {}

  void connection_opened() {
    row_[kConnections].add();
    row_[kActive].add();
  }
  void connection_closed() { row_[kActive].subtract(); }
  void refused(Refusal why) { row_[kRefused + static_cast<std::size_t>(why)].add(); }
  void loop_turned() { row_[kTurns].add(); }
  void bytes_received(std::uint64_t n) { row_[kBytesIn].add(n); }
  void bytes_sent(std::uint64_t n) { row_[kBytesOut].add(n); }
  void tunnel_opened() { row_[kTunnels].add(); }
  void mirror_dropped() { row_[kMirrorDrops].add(); }
  void tunnel_closed() { row_[kTunnels].subtract(); }
  /// For AccessLog, which counts its dropped lines here on this worker's thread.
  metrics::Cell& dropped_log_lines() { return row_[kLogDrops]; }

  static metrics::TableLayout layout();

 private:
  enum CellIndex : std::size_t {
    kTurns,
    kBytesIn,
    kBytesOut,
    kConnections,
    kActive,
    kTunnels,
    kLogDrops,
    kMirrorDrops,
    kRefused
  };
  static constexpr std::size_t kCells = kRefused + kRefusals;

  metrics::Cell* row_;
};

}  // namespace gatehouse::proxy
