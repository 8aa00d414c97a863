// SPDX-License-Identifier: Apache-2.0
// Pages, resource versions, and what each failure means.
#include "controller/list_watch.h"

#include <fmt/format.h>

#include <utility>

namespace gatehouse::controller {
namespace {

constexpr int kPageSize = 500;
constexpr int kMaxPages = 10'000;
constexpr std::string_view kAllFromNow = "resourceVersion=";

/// As an answer to a watch. The last is from a server that lags behind the one we listed from.
bool asks_for_list(const ApiAnswer& answer) {
  return answer.is_expired() || answer.status == 400 ||
         answer.error.find("oo large resource version") != std::string::npos;
}

}  // namespace

ListWatch::ListWatch(Place place, Listener listener, InformerTimes times, const Clock& clock,
                     std::uint64_t seed)
    : place_(std::move(place)), listener_(std::move(listener)), times_(times), clock_(clock), dice_(seed) {}

ListWatch::Step ListWatch::step(ApiClient& client, const std::string& version) {
  return resource_version_.empty() ? list(client, version) : watch(client, version);
}

void ListWatch::start_anew() {
  resource_version_.clear();
}

std::string ListWatch::path(const std::string& version, const std::string& query) const {
  // A Namespace that is watched alone is chosen by its name, which rules of RBAC can allow.
  const auto& kind = *place_.kind;
  auto path = collection_path(kind, version, kind.namespaced ? place_.ns : "") + "?" + query;
  if (!kind.namespaced && !place_.ns.empty())
    path += "&fieldSelector=" + percent_encoded("metadata.name=" + place_.ns);
  if (!place_.selector.empty()) path += "&labelSelector=" + percent_encoded(place_.selector);
  return path;
}

ListWatch::Step ListWatch::failure(const ApiAnswer& answer) const {
  Step step;
  step.outcome = answer.is_not_found() ? Outcome::missing : Outcome::failed;
  step.error = answer.error;
  step.wished = answer.retry_after;
  // Too many requests is an answer: whoever says so is to be asked ever more seldom.
  step.is_unanswered =
      answer.status == 0 || answer.status == 503 || (answer.retry_after && answer.status != 429);
  return step;
}

ListWatch::Step ListWatch::list(ApiClient& client, const std::string& version) {
  ApiRequest request;
  if (place_.kind->metadata_only)
    request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  const auto first =
      fmt::format("limit={}&resourceVersion={}", kPageSize, freshness_ == Freshness::any ? "0" : "");
  auto query = first;
  std::vector<Arrival> all;
  ListPage page;
  for (int pages = 0; pages < kMaxPages; ++pages) {
    request.path = path(version, query);
    const auto answer = client.send(request);
    if (answer.is_expired() && query != first && query != kAllFromNow) {
      // The pages went out of date while we read them: everything in one, from now.
      freshness_ = Freshness::newest;
      all.clear();
      query = kAllFromNow;
      continue;
    }
    // A list from the server's cache comes as a whole, and may be more than we take: then in pages.
    if (answer.is_expired() || answer.status == 0) freshness_ = Freshness::newest;
    if (!answer.ok()) return failure(answer);
    page = read_list_page(*place_.kind, version, answer.body);
    if (page.error.empty() && page.resource_version.empty()) page.error = "the list has no resourceVersion";
    if (!page.error.empty())
      return {Outcome::failed,
              fmt::format("GET {}: {}", collection_path(*place_.kind, version, ""), page.error)};
    for (auto& arrival : page.arrivals)
      if (is_wanted(arrival)) all.push_back(std::move(arrival));
    if (page.next.empty()) break;
    query = fmt::format("limit={}&continue={}", kPageSize, percent_encoded(page.next));
  }
  freshness_ = Freshness::newest;
  if (listener_.listed(std::move(all))) resource_version_ = page.resource_version;
  has_just_listed_ = true;
  return {};
}

/// From least_watch_seconds to twice that, so that not all watches end at once.
std::string ListWatch::watch_query() {
  dice_ = dice_ * 6364136223846793005ULL + 1442695040888963407ULL;
  const auto seconds =
      times_.least_watch_seconds +
      static_cast<int>((dice_ >> 33) % static_cast<unsigned>(times_.least_watch_seconds + 1));
  return fmt::format("watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
                     percent_encoded(resource_version_), seconds);
}

ListWatch::Step ListWatch::watch(ApiClient& client, const std::string& version) {
  ApiRequest request;
  request.path = path(version, watch_query());
  if (place_.kind->metadata_only)
    request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
  const auto began = clock_.now();
  bool had_events = false;
  WatchEvent last;
  last.type = WatchEvent::Type::bookmark;
  const auto answer = client.watch(request, [&](std::string_view line) {
    if (line.empty()) return listener_.watching();
    auto event = read_watch_line(*place_.kind, version, line);
    last.type = event.type;
    if (!event.error.empty()) {
      last.error = std::move(event.error);
      return false;
    }
    had_events = true;
    resource_version_ = event.resource_version;
    if (event.type == WatchEvent::Type::changed && !is_wanted(event.arrival))
      event.type = WatchEvent::Type::gone;
    return event.type == WatchEvent::Type::bookmark || listener_.happened(std::move(event));
  });
  return after_watch(answer, last, clock_.now() - began, had_events);
}

ListWatch::Step ListWatch::after_watch(const ApiAnswer& answer, const WatchEvent& last, Duration lasted,
                                       bool had_events) {
  using Type = WatchEvent::Type;
  const bool was_first = std::exchange(has_just_listed_, false);
  if (last.type == Type::expired || last.type == Type::broken || asks_for_list(answer)) start_anew();
  const bool was_short = lasted < times_.short_watch && !had_events;
  // After an outage what we know is too old: the list follows at once.
  if (answer.is_expired() && !was_first) return {};
  if (last.type == Type::expired) {
    if (!was_short || !was_first) return {};
    return {Outcome::failed, fmt::format("watch of {}: {}", place_.kind->plural, last.error)};
  }
  if (!last.error.empty())
    return {Outcome::failed, fmt::format("watch of {}: {}", place_.kind->plural, last.error)};
  if (!answer.ok()) return failure(answer);
  if (was_short)
    return {Outcome::failed,
            fmt::format("watch of {}: ended at once, without an event", place_.kind->plural)};
  return {};
}

}  // namespace gatehouse::controller
