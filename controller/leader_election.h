// SPDX-License-Identifier: Apache-2.0
// Which of several replicas writes statuses: whoever holds the Lease.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "controller/api_client.h"

namespace gatehouse::controller {

class Lease;

struct LeaderElectionOptions {
  std::string ns;
  std::string lease;
  std::string identity;  ///< of this replica, never that of another: the name of the pod
  // Shorter than client-go's 15 and 10 s, so that another has taken over 15 s after a crash: it may have
  // seen the last renewal a second late.
  std::chrono::seconds lease_duration{12};
  std::chrono::seconds renew_deadline{8};
  std::chrono::seconds retry_period{2};
  /// On each change; on the election's own thread, or that of the one who stops it.
  std::function<void(bool leader)> on_change;
};

/// Rule K9: a Lease of coordination.k8s.io/v1 as client-go's leader election understands it. Times are this
/// machine's: another's Lease has run out when it has not changed for as long as it says. `client` should
/// give up on a call long before the renew deadline. Serving traffic does not depend on any of it. Functions:
/// any thread.
class LeaderElection {
 public:
  LeaderElection(LeaderElectionOptions options, std::unique_ptr<ApiClient> client, const Clock& clock);
  ~LeaderElection();
  LeaderElection(const LeaderElection&) = delete;
  LeaderElection& operator=(const LeaderElection&) = delete;

  void start();
  /// Not leader any more, gives the Lease back so that another takes it at once, and ends the thread. Waits
  /// for at most one request. To be called while statuses are not written any more.
  void stop();

  /// By the clock: false as soon as the renew deadline has passed, also while a request still waits.
  bool is_leader() const;
  /// Why the Lease could not be read or renewed the last time; empty: it could.
  std::string error() const;

 private:
  void run();
  Duration turn(Lease& lease);
  void tell(bool leader);
  void note(std::string error);
  bool wait(Duration at_most);

  const LeaderElectionOptions options_;
  const std::unique_ptr<ApiClient> client_;
  const Clock& clock_;
  std::atomic<Duration::rep> leader_until_{0};  ///< of MonoTime; 0: not leader
  bool told_ = false;

  mutable std::mutex mutex_;
  std::string error_;
  std::condition_variable stop_asked_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::controller
