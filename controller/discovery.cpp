// SPDX-License-Identifier: Apache-2.0
// /apis/GROUP and /apis/GROUP/VERSION.
#include "controller/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace gatehouse::controller {
namespace {

using nlohmann::json;

/// The texts under `key` in the objects of the array `list`.
std::set<std::string> texts_in(const json& document, std::string_view list, std::string_view key) {
  std::set<std::string> texts;
  if (!document.is_object()) return texts;
  const auto found = document.find(list);
  if (found == document.end() || !found->is_array()) return texts;
  for (const auto& entry : *found) {
    if (!entry.is_object()) continue;
    const auto text = entry.find(key);
    if (text != entry.end() && text->is_string()) texts.insert(text->get<std::string>());
  }
  return texts;
}

struct Answered {
  std::set<std::string> names;
  std::string error;  ///< empty, too, when there is nothing at the path
};

Answered ask_for(ApiClient& client, std::string path, std::string_view list, std::string_view key) {
  ApiRequest request;
  request.path = std::move(path);
  const auto answer = client.send(request);
  if (answer.is_not_found()) return {};
  if (!answer.ok()) return {{}, answer.error};
  return {texts_in(json::parse(answer.body, nullptr, false), list, key), {}};
}

/// All versions that kinds of ours may have and the group has, best first.
std::vector<std::string> versions_to_ask(const std::vector<const WatchedKind*>& kinds,
                                         const std::set<std::string>& served) {
  std::vector<std::string> versions;
  for (std::size_t rank = 0; rank < WatchedKind().versions.size(); ++rank) {
    for (const auto* kind : kinds) {
      const std::string version(kind->versions[rank]);
      const bool is_new = std::find(versions.begin(), versions.end(), version) == versions.end();
      if (served.contains(version) && is_new) versions.push_back(version);
    }
  }
  return versions;
}

bool reads_version(const WatchedKind& kind, std::string_view version) {
  return std::find(kind.versions.begin(), kind.versions.end(), version) != kind.versions.end();
}

}  // namespace

std::vector<Served> ask_for_group(ApiClient& client, std::string_view group,
                                  const std::vector<const WatchedKind*>& kinds) {
  std::vector<Served> results(kinds.size());
  const auto set_rest = [&](const Served& rest) {
    for (auto& result : results)
      if (result.is != Served::Is::there) result = rest;
    return results;
  };
  const auto versions = ask_for(client, fmt::format("/apis/{}", group), "versions", "version");
  if (!versions.error.empty()) return set_rest({Served::Is::unknown, {}, versions.error});
  std::size_t found = 0;
  for (const auto& version : versions_to_ask(kinds, versions.names)) {
    const auto resources = ask_for(client, fmt::format("/apis/{}/{}", group, version), "resources", "name");
    if (!resources.error.empty()) return set_rest({Served::Is::unknown, {}, resources.error});
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (results[i].is == Served::Is::there || !reads_version(*kinds[i], version)) continue;
      if (!resources.names.contains(std::string(kinds[i]->plural))) continue;
      results[i] = {Served::Is::there, version, {}};
      ++found;
    }
    if (found == kinds.size()) break;
  }
  return set_rest({Served::Is::absent, {}, {}});
}

Discovery::Discovery(std::unique_ptr<ApiClient> client, std::vector<const WatchedKind*> kinds, Report report,
                     InformerTimes times, const Clock& clock, std::uint64_t seed)
    : client_(std::move(client)),
      report_(std::move(report)),
      times_(times),
      clock_(clock),
      backoff_({times.first_pause, times.longest_pause, times.healthy_after}, clock, seed) {
  for (const auto* kind : kinds) groups_[kind->group].push_back(kind);
}

Discovery::~Discovery() {
  stop();
}

void Discovery::start() {
  thread_ = std::thread([this] { run(); });
}

void Discovery::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  client_->stop();
  if (thread_.joinable()) thread_.join();
}

void Discovery::ask_soon() {
  const std::lock_guard lock(mutex_);
  is_asked_ = true;
  changed_.notify_all();
}

void Discovery::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    is_asked_ = false;
    lock.unlock();
    const auto pause = ask();
    lock.lock();
    changed_.wait_for(lock, pause, [&] { return stopping_ || is_asked_; });
  }
}

Duration Discovery::ask() {
  has_failed_ = false;
  is_wanting_ = false;
  for (const auto& [group, kinds] : groups_) {
    const auto results = ask_for_group(*client_, group, kinds);
    for (std::size_t i = 0; i < kinds.size(); ++i) settle(*kinds[i], results[i]);
  }
  if (has_failed_) return backoff_.next();
  Duration pause = is_wanting_ ? times_.rediscover : Duration(std::chrono::hours(1));
  for (const auto& [kind, since] : vanishing_)
    pause = std::min(pause, since + times_.rediscover - clock_.now());
  return std::max<Duration>(pause, std::chrono::milliseconds(1));
}

void Discovery::settle(const WatchedKind& kind, const Served& served) {
  if (served.is == Served::Is::unknown) {
    has_failed_ = true;
    return report_(kind, served);
  }
  if (served.is == Served::Is::there) {
    if (served.version != kind.versions[0]) is_wanting_ = true;
    present_.insert(kind.kind);
    vanishing_.erase(kind.kind);
    return report_(kind, served);
  }
  is_wanting_ = true;
  if (present_.contains(kind.kind)) {
    const auto missed = vanishing_.try_emplace(kind.kind, clock_.now()).first->second;
    if (clock_.now() - missed < times_.rediscover) return;
  }
  present_.erase(kind.kind);
  vanishing_.erase(kind.kind);
  report_(kind, served);
}

}  // namespace gatehouse::controller
