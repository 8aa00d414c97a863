// SPDX-License-Identifier: Apache-2.0
// sched_getaffinity and the cgroup files.
#include "config/file/usable_cpus.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/text.h"

namespace gatehouse::file {
namespace {

namespace fs = std::filesystem;

unsigned affinity_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

/// Whole CPUs of a quota per period, rounded up; nullopt for "max", -1 or nonsense.
std::optional<unsigned> whole_cpus(const std::string& quota, const std::string& period) {
  const auto q = parse_decimal(quota);
  const auto p = parse_decimal(period);
  if (!q || !p || *q == 0 || *p == 0) return std::nullopt;
  return static_cast<unsigned>(std::min<std::uint64_t>((*q - 1) / *p + 1, 1u << 16));
}

std::string first_word(const fs::path& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

std::optional<unsigned> quota_in(const fs::path& v2, const fs::path& v1) {
  std::ifstream in(v2 / "cpu.max");
  std::string quota, period;
  if (in >> quota >> period) return whole_cpus(quota, period);
  return whole_cpus(first_word(v1 / "cpu.cfs_quota_us"), first_word(v1 / "cpu.cfs_period_us"));
}

/// This process's group below the mount: of the v2 line "0::/path", else of the v1 cpu controller.
struct Groups {
  fs::path v2;
  fs::path v1;
};

Groups own_groups(const fs::path& root) {
  Groups groups;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const fs::path path = fs::path(line.substr(second + 1)).relative_path();
    const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers == ",,") groups.v2 = path;
    if (controllers.find(",cpu,") != std::string::npos) groups.v1 = path;
  }
  return groups;
}

}  // namespace

unsigned usable_cpus(const std::string& root) {
  unsigned count = affinity_count();
  const fs::path mount = fs::path(root) / "sys/fs/cgroup";
  auto groups = own_groups(root);
  // A container may see its own group as the mount point itself: the walk up ends there in any case.
  for (;;) {
    if (const auto quota = quota_in(mount / groups.v2, mount / "cpu" / groups.v1))
      count = std::min(count, *quota);
    if (groups.v2.empty() && groups.v1.empty()) return std::max(count, 1u);
    groups.v2 = groups.v2.parent_path();
    groups.v1 = groups.v1.parent_path();
  }
}

}  // namespace gatehouse::file
