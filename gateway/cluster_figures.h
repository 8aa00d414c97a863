// SPDX-License-Identifier: Apache-2.0
// How it goes with the API server, as lines for /readyz?verbose and as metrics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controller/informers.h"
#include "controller/status_writer.h"

namespace gatehouse::gateway {

struct ClusterFigures {
  bool is_leader = false;
  std::vector<controller::InformerState> kinds;
  std::string data_error;                                      ///< of Secrets and ConfigMaps
  std::string credential_error;                                ///< of files that say who we are
  std::string lease_error;                                     ///< why nobody can be elected
  const controller::StatusWriterCounters* statuses = nullptr;  ///< never null in use
  std::uint64_t events = 0;
};

/// Only what is wrong, and who leads.
std::vector<std::string> readiness_lines(const ClusterFigures& figures);

/// Prometheus text format.
std::string metrics_text(const ClusterFigures& figures);

}  // namespace gatehouse::gateway
