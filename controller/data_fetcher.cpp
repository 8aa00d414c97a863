// SPDX-License-Identifier: Apache-2.0
#include "controller/data_fetcher.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "config/objects/decode.h"
#include "controller/watched_kinds.h"

namespace gatehouse::controller {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(200);
constexpr Duration kLongestPause = std::chrono::seconds(30);

constexpr const char* kSecret = objects::Secret::kKind;
constexpr const char* kConfigMap = objects::ConfigMap::kKind;

std::string path_of(const std::string& kind, const std::string& name) {
  const auto slash = name.find('/');
  const auto* watched = find_watched_kind(kind);
  return object_path(*watched, watched->versions.front(), name.substr(0, slash), name.substr(slash + 1));
}

/// The object of an answer, as a delivery; with problems and no object when it cannot be used.
Delivery delivery_of(const std::string& kind, const std::string& name, nlohmann::json document) {
  Delivery delivery;
  delivery.kind = kind;
  Arrival arrival;
  arrival.name = name;
  auto& metadata = document["metadata"];
  const auto version = metadata.is_object() ? metadata.find("resourceVersion") : metadata.end();
  if (version != metadata.end() && version->is_string()) {
    arrival.observed.resource_version = version->get<std::string>();
    metadata.erase(version);
  }
  auto decoded = objects::decode_object(document);
  arrival.object = std::move(decoded.object);
  arrival.problems = std::move(decoded.problems);
  delivery.arrivals.push_back(std::move(arrival));
  return delivery;
}

}  // namespace

DataFetcher::DataFetcher(std::unique_ptr<ApiClient> client, Deliver deliver, const Clock& clock)
    : client_(std::move(client)), deliver_(std::move(deliver)), clock_(clock) {}

DataFetcher::~DataFetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  something_new_.notify_all();
  client_->stop();
  if (thread_.joinable()) thread_.join();
}

void DataFetcher::start() {
  thread_ = std::thread([this] { run(); });
}

void DataFetcher::want(const translate::DataReferences& references) {
  const std::lock_guard lock(mutex_);
  std::map<Key, Entry> wanted;
  const auto add = [&](const std::string& kind, const std::set<std::string>& names) {
    for (const auto& name : names) {
      const Key key{kind, name};
      const auto known = wanted_.find(key);
      wanted.emplace(key, known == wanted_.end() ? Entry{} : std::move(known->second));
      dropped_.erase(key);
    }
  };
  add(kSecret, references.secrets);
  add(kConfigMap, references.config_maps);
  for (const auto& [key, entry] : wanted_)
    if (!wanted.contains(key)) dropped_.insert(key);
  wanted_.swap(wanted);
  something_new_.notify_all();
}

void DataFetcher::notice(const Delivery& metadata) {
  const std::lock_guard lock(mutex_);
  const auto ask_again = [this](Entry& entry) {
    entry.is_due = true;
    entry.not_before = {};
    entry.pause = {};
    something_new_.notify_all();
  };
  std::set<std::string> seen;
  for (const auto& arrival : metadata.arrivals) {
    if (metadata.whole) seen.insert(arrival.name);
    const auto found = wanted_.find({metadata.kind, arrival.name});
    if (found != wanted_.end() && found->second.version != arrival.observed.resource_version)
      ask_again(found->second);
  }
  for (const auto& name : metadata.gone) {
    const auto found = wanted_.find({metadata.kind, name});
    if (found != wanted_.end()) ask_again(found->second);
  }
  if (!metadata.whole) return;
  for (auto& [key, entry] : wanted_)
    if (key.kind == metadata.kind && !entry.version.empty() && !seen.contains(key.name)) ask_again(entry);
}

bool DataFetcher::is_settled() const {
  const std::lock_guard lock(mutex_);
  return !busy_ && dropped_.empty() && std::all_of(wanted_.begin(), wanted_.end(), [](const auto& entry) {
    return entry.second.was_asked;
  });
}

std::string DataFetcher::error() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : wanted_)
    if (!entry.error.empty()) return entry.error;
  return {};
}

/// With the lock held. `wait` becomes how long nothing is due.
std::optional<DataFetcher::Key> DataFetcher::next(MonoTime now, Duration& wait) const {
  for (const auto& [key, entry] : wanted_) {
    if (!entry.is_due) continue;
    if (entry.not_before <= now) return key;
    wait = std::min<Duration>(wait, entry.not_before - now);
  }
  return std::nullopt;
}

Delivery DataFetcher::take_dropped(const std::string& kind) {
  Delivery delivery;
  delivery.kind = kind;
  std::erase_if(dropped_, [&](const Key& key) {
    if (key.kind != kind) return false;
    delivery.gone.push_back(key.name);
    return true;
  });
  return delivery;
}

void DataFetcher::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    Delivery gone[] = {take_dropped(kSecret), take_dropped(kConfigMap)};
    Duration wait = kLongestPause;
    const auto key = next(clock_.now(), wait);
    const bool idle = !key && gone[0].gone.empty() && gone[1].gone.empty();
    if (idle && !busy_) {
      something_new_.wait_for(lock, wait);
      continue;
    }
    busy_ = !idle;
    lock.unlock();
    for (auto& delivery : gone)
      if (idle || !delivery.gone.empty()) deliver_(std::move(delivery));
    if (key) fetch(*key);
    lock.lock();
  }
}

void DataFetcher::fetch(const Key& key) {
  {
    const std::lock_guard lock(mutex_);
    const auto entry = wanted_.find(key);
    if (entry == wanted_.end()) return;
    entry->second.is_due = false;  // what is noticed from here on leads to another turn
  }
  ApiRequest request;
  request.path = path_of(key.kind, key.name);
  const auto answer = client_->send(request);
  auto delivery = settle(key, answer);
  if (delivery) deliver_(std::move(*delivery));
}

/// Asking again would not change it.
bool DataFetcher::is_final(const ApiAnswer& answer) {
  return answer.status >= 200 && answer.status < 500 && answer.status != 429;
}

std::optional<Delivery> DataFetcher::settle(const Key& key, const ApiAnswer& answer) {
  const auto document = answer.ok() ? nlohmann::json::parse(answer.body, nullptr, false) : nlohmann::json();
  const std::lock_guard lock(mutex_);
  const auto found = wanted_.find(key);
  if (found == wanted_.end()) return std::nullopt;
  auto& entry = found->second;
  entry.was_asked = entry.was_asked || is_final(answer);
  if (answer.is_not_found()) {
    entry.version.clear();
    entry.error.clear();
    entry.pause = {};
    Delivery delivery;
    delivery.kind = key.kind;
    delivery.gone.push_back(key.name);
    return delivery;
  }
  if (!answer.ok() || !document.is_object()) {
    const auto error = answer.ok() ? path_of(key.kind, key.name) + ": the answer is not JSON" : answer.error;
    if (error != entry.error) log_warning("API server: {}", error);
    entry.error = error;
    entry.is_due = true;
    entry.pause = entry.pause == Duration{} ? kFirstPause : std::min(kLongestPause, entry.pause * 2);
    entry.not_before =
        clock_.now() +
        std::max<Duration>(entry.pause, answer.retry_after.value_or(std::chrono::milliseconds(0)));
    return std::nullopt;
  }
  auto delivery = delivery_of(key.kind, key.name, std::move(document));
  entry.version = delivery.arrivals.front().observed.resource_version;
  entry.error.clear();
  entry.pause = {};
  return delivery;
}

}  // namespace gatehouse::controller
