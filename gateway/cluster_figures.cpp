// SPDX-License-Identifier: Apache-2.0
#include "gateway/cluster_figures.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace gatehouse::gateway {
namespace {

using OfKind = controller::StatusWriterCounters::OfKind;

struct Family {
  const char* name;
  const char* help;
  std::atomic<std::uint64_t> OfKind::*value;
};

constexpr std::array kFamilies{
    Family{"gatehouse_controller_status_writes_total", "Statuses the API server took.", &OfKind::writes},
    Family{"gatehouse_controller_status_conflicts_total", "Statuses that were read anew and written again.",
           &OfKind::conflicts},
    Family{"gatehouse_controller_status_errors_total", "Statuses the API server did not take.",
           &OfKind::errors},
};

void head(std::string& text, const char* name, const char* type, const char* help) {
  fmt::format_to(std::back_inserter(text), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

template <typename Value>
void single(std::string& text, const char* name, const char* type, const char* help, Value value) {
  head(text, name, type, help);
  fmt::format_to(std::back_inserter(text), "{} {}\n", name, value);
}

}  // namespace

std::vector<std::string> readiness_lines(const ClusterFigures& figures) {
  std::vector<std::string> lines;
  for (const auto& kind : figures.kinds) {
    if (kind.absent && kind.error.empty()) continue;
    if (!kind.synced)
      lines.push_back(
          fmt::format("{}: not listed yet{}{}", kind.kind, kind.error.empty() ? "" : ": ", kind.error));
    else if (!kind.error.empty())
      lines.push_back(fmt::format("{}: {} (what was seen before is served on)", kind.kind, kind.error));
  }
  if (!figures.data_error.empty()) lines.push_back("data: " + figures.data_error);
  if (!figures.credential_error.empty()) lines.push_back("credentials: " + figures.credential_error);
  if (!figures.lease_error.empty())
    lines.push_back("leader: no statuses are written: " + figures.lease_error);
  lines.emplace_back(figures.is_leader ? "leader: this replica" : "leader: not this replica");
  return lines;
}

std::string metrics_text(const ClusterFigures& figures) {
  std::string text;
  const auto out = std::back_inserter(text);
  single(text, "gatehouse_controller_leader", "gauge", "Whether this replica writes statuses.",
         figures.is_leader ? 1 : 0);
  head(text, "gatehouse_controller_watching", "gauge", "Whether news of a kind arrive from the API server.");
  for (const auto& kind : figures.kinds)
    if (!kind.absent)
      fmt::format_to(out, "gatehouse_controller_watching{{kind=\"{}\"}} {}\n", kind.kind,
                     kind.watching ? 1 : 0);
  const auto& statuses = *figures.statuses;
  for (const auto& family : kFamilies) {
    head(text, family.name, "counter", family.help);
    for (std::size_t i = 0; i < statuses.kinds.size(); ++i)
      if (const auto value = (statuses.kinds[i].*family.value).load(); value != 0)
        fmt::format_to(out, "{}{{kind=\"{}\"}} {}\n", family.name, controller::kStatusKinds[i], value);
  }
  single(text, "gatehouse_controller_status_waiting", "gauge",
         "Statuses that are still to be compared or written.", statuses.waiting.load());
  single(text, "gatehouse_controller_events_total", "counter", "Kubernetes Events written.", figures.events);
  return text;
}

}  // namespace gatehouse::gateway
