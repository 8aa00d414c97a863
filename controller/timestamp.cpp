// SPDX-License-Identifier: Apache-2.0
#include "controller/timestamp.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace gatehouse::controller {

using namespace std::chrono;

std::string micro_timestamp(WallTime time) {
  const auto second = floor<seconds>(time);
  const auto micros = duration_cast<microseconds>(time - second).count();
  auto text = timestamp(second);
  text.pop_back();
  return fmt::format("{}.{:06}Z", text, micros);
}

std::string timestamp(WallTime time) {
  const std::time_t unix_time = system_clock::to_time_t(floor<seconds>(time));
  std::tm utc{};
  gmtime_r(&unix_time, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace gatehouse::controller
