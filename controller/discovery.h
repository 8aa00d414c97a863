// SPDX-License-Identifier: Apache-2.0
// Which kinds an API server has, and in which versions: CRDs come and go while we run.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "controller/api_client.h"
#include "controller/backoff.h"
#include "controller/informers.h"
#include "controller/watched_kinds.h"

namespace gatehouse::controller {

/// What is known of one kind after an inquiry.
struct Served {
  enum class Is : unsigned char { there, absent, unknown };
  Is is = Is::unknown;
  std::string version;  ///< the best one we read, when it is there
  std::string error;    ///< when it is unknown
};

/// Asks about the kinds of one group: which versions it has, then what is in them, best first, until all
/// kinds are found. The results are in the order of `kinds`.
std::vector<Served> ask_for_group(ApiClient& client, std::string_view group,
                                  const std::vector<const WatchedKind*>& kinds);

/// Asks at the start, and again while something is absent or not served in the best version; at once when
/// an informer misses its kind. A kind that was there counts as absent only when answers say so for the time
/// of `rediscover`: an API server that starts may not know its CRDs yet. Owns a thread.
class Discovery {
 public:
  using Report = std::function<void(const WatchedKind&, const Served&)>;

  /// `report` runs on the thread of its own.
  Discovery(std::unique_ptr<ApiClient> client, std::vector<const WatchedKind*> kinds, Report report,
            InformerTimes times, const Clock& clock, std::uint64_t seed);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  void start();
  void stop();
  /// Any thread.
  void ask_soon();

  /// One round over all groups; returns the pause before the next. Used by the thread, and by tests.
  Duration ask();

 private:
  void run();
  void settle(const WatchedKind& kind, const Served& served);

  const std::unique_ptr<ApiClient> client_;
  std::map<std::string_view, std::vector<const WatchedKind*>> groups_;
  const Report report_;
  const InformerTimes times_;
  const Clock& clock_;
  Backoff backoff_;
  std::set<std::string_view> present_;              ///< kinds that are watched
  std::map<std::string_view, MonoTime> vanishing_;  ///< of them, those that are missed, and since when
  bool has_failed_ = false;
  bool is_wanting_ = false;  ///< something is absent, or served in a lesser version

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_asked_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::controller
