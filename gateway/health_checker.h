// SPDX-License-Identifier: Apache-2.0
// Asks endpoints again and again whether they are well, on a thread of its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/io/event_loop.h"
#include "base/ref.h"
#include "proxy/probes.h"
#include "proxy/runtime.h"

namespace gatehouse::gateway {

/// Checks the endpoints of every cluster with an active check and writes the verdicts into the
/// clusters' EndpointHealth, which workers read. Verdict, streak and rhythm of an endpoint outlive changes of
/// the configuration as long as its cluster lists its address. An endpoint that is new starts healthy.
/// Owned by the application, called by its control thread; the rest happens on the thread "health".
class HealthChecker {
 public:
  HealthChecker(const proxy::Probes& probes, proxy::RuntimeReaper& reaper);
  ~HealthChecker();
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

  /// False when the system refuses an event loop.
  bool start();
  /// From now on the endpoints of `runtime` are the ones that are checked.
  void watch(std::shared_ptr<const proxy::Runtime> runtime);

 private:
  class Patient;
  using Key = std::pair<std::uint32_t, SocketAddress>;  ///< id of the cluster
  using Patients = std::map<Key, Ref<Patient>>;

  void run();
  void adopt(std::shared_ptr<const proxy::Runtime> runtime);
  void adopt_cluster(const proxy::ClusterRuntime& cluster, Patients& to);
  void discharge(Patients& patients);

  const proxy::Probes& probes_;
  proxy::RuntimeReaper& reaper_;
  std::unique_ptr<io::EventLoop> loop_;
  std::thread thread_;

  // the thread's own
  std::shared_ptr<const proxy::Runtime> runtime_;  ///< keeps the rows of the metrics
  Patients patients_;
  std::uint64_t checks_under_way_ = 0;
};

}  // namespace gatehouse::gateway
