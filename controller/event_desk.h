// SPDX-License-Identifier: Apache-2.0
// Which changes become Events, and how they are written, without a thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "controller/api_client.h"
#include "controller/status_merge.h"
#include "controller/token_bucket.h"

namespace gatehouse::controller {

struct EventRecorderOptions {
  std::string component = "gatehouse";
  std::string instance;  ///< name of the pod
};

/// A change of an object, as it was at that time.
struct EventNote {
  ObjectKey key;
  std::string uid;
  std::string api_version;
  ConditionChange change;
};

/// Thread: one. Remembers some thousand Events and objects, the oldest go first.
class EventDesk {
 public:
  EventDesk(const EventRecorderOptions& options, ApiClient& client, const Clock& clock);

  enum class Outcome : std::uint8_t { written, dropped };
  /// At most two requests.
  Outcome write(const EventNote& note);

 private:
  /// An Event that is there.
  struct Sent {
    std::string path;
    std::int64_t count = 0;
    MonoTime at;
  };
  using What = std::tuple<std::string, std::string, std::string>;  ///< uid, reason, message

  bool may_write(const std::string& uid, MonoTime now);
  void forget_old(MonoTime now);
  Outcome create(const EventNote& note, const What& what, MonoTime now);
  ApiAnswer count_again(Sent& sent, MonoTime now);
  Outcome outcome_of(const ApiAnswer& answer);

  const EventRecorderOptions& options_;
  ApiClient& client_;
  const Clock& clock_;
  std::map<What, Sent> sent_;
  std::map<std::string, TokenBucket> buckets_;  ///< by uid
  std::uint64_t serial_ = 0;
  bool complained_ = false;
};

}  // namespace gatehouse::controller
