// SPDX-License-Identifier: Apache-2.0
// Lines of watches and pages of lists: whatever an API server sends, names and versions are whole, and the
// pieces a line comes in make no difference.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "controller/line_buffer.h"
#include "controller/watch_line.h"

namespace {

using namespace gatehouse::controller;

void check_arrival(const WatchedKind& kind, const Arrival& arrival) {
  if (arrival.name.empty()) std::abort();
  if (kind.metadata_only && (arrival.object || !arrival.observed.status.empty())) std::abort();
  if (!kind.writes_status && !arrival.observed.status.empty()) std::abort();
  if (!arrival.object && !kind.metadata_only && arrival.problems.empty()) std::abort();
}

void check_line(const WatchedKind& kind, std::string_view line) {
  using Type = WatchEvent::Type;
  const auto event = read_watch_line(kind, kind.versions[0], line);
  const bool is_news =
      event.type == Type::changed || event.type == Type::gone || event.type == Type::bookmark;
  if (is_news != event.error.empty() || (is_news && event.resource_version.empty())) std::abort();
  if (event.type == Type::changed) check_arrival(kind, event.arrival);
  if (event.type == Type::gone && event.arrival.name.empty()) std::abort();
}

std::vector<std::string> lines_of(std::string_view bytes, std::size_t piece) {
  std::vector<std::string> lines;
  LineBuffer buffer;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    buffer.feed(bytes.substr(at, piece), [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kinds = watched_kinds();
  const auto& kind = kinds[data[0] % kinds.size()];
  const std::size_t piece = 1 + data[1];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto lines = lines_of(bytes, bytes.size() + 1);
  if (lines != lines_of(bytes, piece)) std::abort();
  for (const auto& line : lines) check_line(kind, line);
  const auto page = read_list_page(kind, kind.versions[0], bytes);
  if (!page.error.empty() && !page.arrivals.empty()) std::abort();
  for (const auto& arrival : page.arrivals) check_arrival(kind, arrival);
  return 0;
}
