// SPDX-License-Identifier: Apache-2.0
// What is counted once per process, off the request path; names of these metrics live here only.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/metrics.h"

namespace gatehouse::proxy {

/// Any thread.
class ProcessProbe {
 public:
  void runtime_built() { runtimes_live_.add(); }
  void runtime_destroyed() { runtimes_live_.add(-1); }
  void config_applied(std::int64_t generation) { config_generation_.set(generation); }
  /// A pass failed, or a file could not be read: the last good state stays (D3).
  void config_failed() { config_errors_.add(); }
  /// Whether the newest state of all sources is what serves.
  void config_is_current(std::int64_t yes) { config_current_.set(yes); }
  void names_wanted(std::int64_t names) { dns_names_.set(names); }
  enum class Lookup : std::uint8_t { found, not_found, failed };
  void name_looked_up(Lookup result) { dns_lookups_[static_cast<std::size_t>(result)].add(); }
  std::int64_t runtimes_live() const { return runtimes_live_.read(); }

  void render(std::string& to) const;

 private:
  metrics::SharedValue runtimes_live_;
  metrics::SharedValue config_generation_;
  metrics::SharedValue config_errors_;
  metrics::SharedValue config_current_;
  metrics::SharedValue dns_names_;
  std::array<metrics::SharedValue, 3> dns_lookups_;
};

}  // namespace gatehouse::proxy
