// SPDX-License-Identifier: Apache-2.0
// The keys that session tickets are sealed with: the same for all workers, changed from time to time.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

struct ssl_st;
struct ssl_ctx_st;
struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace gatehouse::tls {

/// Names and seals tickets of one period. Wiped when it ends.
struct TicketKey {
  static constexpr std::size_t kNameSize = 16;
  std::array<unsigned char, kNameSize> name;
  std::array<unsigned char, 32> cipher_key;
  std::array<unsigned char, 32> mac_key;
  ~TicketKey();
};

/// New tickets are sealed with the current key; those of the previous one are still good, and replaced. So a
/// ticket lives for one to two periods. Any thread; outlives the contexts that use it (they share it).
class TicketKeys {
 public:
  static constexpr auto kDefaultPeriod = std::chrono::hours(12);

  /// Starts with a random key.
  static Result<std::shared_ptr<TicketKeys>> create(MonoTime now, Duration period = kDefaultPeriod);
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /// Changes keys when the period is over; after two periods without a call none of the old ones is left.
  void rotate_if_due(MonoTime now);
  /// Changes keys now.
  Result<void> rotate();
  void set_period(Duration period);
  MonoTime next_rotation() const;

  std::shared_ptr<const TicketKey> current() const;
  struct Found {
    std::shared_ptr<const TicketKey> key;  ///< null: sealed by nobody we know
    bool is_current = false;
  };
  Found find(const unsigned char* name) const;

  /// Makes `context` seal and open its tickets with these keys.
  static void attach(ssl_ctx_st& context, std::shared_ptr<const TicketKeys> keys);

 private:
  TicketKeys(MonoTime now, Duration period) : period_(period), rotated_(now) {}

  // Taken once or twice per handshake and once per rotation; a handshake costs a thousand times as much.
  mutable std::mutex mutex_;
  std::shared_ptr<const TicketKey> current_;
  std::shared_ptr<const TicketKey> previous_;
  Duration period_;
  MonoTime rotated_;
};

}  // namespace gatehouse::tls
