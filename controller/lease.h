// SPDX-License-Identifier: Apache-2.0
// One replica's view of a Lease, and its tries to hold it, without a thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "controller/api_client.h"

namespace gatehouse::controller {

struct LeaseOptions {
  std::string ns;
  std::string name;
  std::string identity;
  std::chrono::seconds duration{};
};

/// Thread: one. Times of other machines are never looked at, only when something changed.
class Lease {
 public:
  Lease(const LeaseOptions& options, ApiClient& client, const Clock& clock);

  enum class Answer : std::uint8_t {
    held,      ///< ours, and just renewed
    taken,     ///< somebody else's
    no_answer  ///< not known: the request failed
  };
  /// Creates, takes or renews it; at most three requests.
  Answer acquire_or_renew();
  /// Gives it back, if it is ours; one request.
  void release();

  /// When another may hold it no longer, as far as is known; nullopt: any time.
  std::optional<MonoTime> expires() const;
  const std::string& holder() const { return holder_; }
  /// Of the last request that failed.
  const std::string& error() const { return error_; }

 private:
  Answer read();
  Answer create();
  Answer update(const std::string& body);
  std::string body_for(const std::string& holder, std::chrono::seconds duration) const;
  void take_in(const std::string& body);
  Answer failed(const ApiAnswer& answer);

  const LeaseOptions& options_;
  ApiClient& client_;
  const Clock& clock_;
  std::string path_;    ///< of the collection
  std::string object_;  ///< JSON, as the API server has it; empty: not read yet
  std::string spec_;    ///< of it
  std::string holder_;  ///< of it
  std::chrono::seconds their_duration_{};
  MonoTime changed_at_;  ///< when we saw spec_ change
  std::string error_;
};

}  // namespace gatehouse::controller
