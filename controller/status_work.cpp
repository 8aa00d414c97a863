// SPDX-License-Identifier: Apache-2.0
#include "controller/status_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "controller/timestamp.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr TokenBucket::Size kWrites = {.burst = 200, .per_token = 10ms};
constexpr int kTriesAtConflict = 5;
constexpr Duration kFirstPause = 100ms;
constexpr Duration kLongestPause = 30s;
constexpr Duration kLongestSleep = 1min;
constexpr Duration kBetweenComplaints = 30s;

std::string body_of(const ObjectKey& key, const ObservedObject& object, const std::string& status) {
  const auto [ns, name] = split_name(key.name);
  Json metadata = {{"name", name}, {"uid", object.uid}, {"resourceVersion", object.resource_version}};
  if (!ns.empty()) metadata["namespace"] = ns;
  Json body = {{"apiVersion", object.api_version}, {"kind", key.kind}, {"metadata", std::move(metadata)}};
  body["status"] = Json::parse(status, nullptr, /*allow_exceptions=*/false);
  return body.dump();
}

/// Nullopt for what is no object of Kubernetes.
std::optional<ObservedObject> read_object(const std::string& body) {
  const auto json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("metadata") || !json["metadata"].is_object()) return std::nullopt;
  const auto& metadata = json["metadata"];
  const auto text = [](const Json& from, const char* field) {
    return from.contains(field) && from[field].is_string() ? from[field].get<std::string>() : std::string();
  };
  ObservedObject object;
  object.uid = text(metadata, "uid");
  object.resource_version = text(metadata, "resourceVersion");
  if (metadata.contains("generation") && metadata["generation"].is_number_integer())
    object.generation = metadata["generation"].get<std::int64_t>();
  object.api_version = text(json, "apiVersion");
  if (json.contains("status") && json["status"].is_object()) object.status = json["status"].dump();
  return object;
}

void add_one(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

StatusWork::StatusWork(const StatusWriterOptions& options, ObservedStatuses& observed, ApiClient& client,
                       const Clock& clock, StatusWriterCounters& counters)
    : options_(options),
      observed_(observed),
      client_(client),
      clock_(clock),
      counters_(counters),
      tokens_(kWrites, clock.now()),
      not_before_(clock.now()) {}

void StatusWork::set_desired(std::shared_ptr<const objects::Statuses> desired) {
  const auto before = std::exchange(desired_, std::move(desired));
  if (!leader_) return;
  if (!before) {
    queue_everything();
    return;
  }
  const auto now = clock_.now();
  compare_statuses(*before, *desired_, [&](const ObjectKey& key) {
    const auto was = before->gateways.find(key.name);
    const auto is = desired_->gateways.find(key.name);
    const bool counts = key.kind == objects::Gateway::kKind && was != before->gateways.end() &&
                        is != desired_->gateways.end() && differ_only_in_counts(was->second, is->second);
    if (counts) {
      queue_.add_paced(key, now);
    } else {
      queue_.add(key, now);
    }
  });
}

void StatusWork::set_leader(bool leader) {
  if (std::exchange(leader_, leader) == leader) return;
  queue_.clear();
  pruned_.clear();
  if (leader && desired_) queue_everything();
}

void StatusWork::look_at(const std::vector<ObjectKey>& keys) {
  if (!leader_ || !desired_) return;
  const auto now = clock_.now();
  // Not the paced ones: what they wait for is their own pause, and nobody else's writes end it.
  for (const auto& key : keys) queue_.add_unless_queued(key, now);
}

void StatusWork::queue_everything() {
  const auto now = clock_.now();
  compare_statuses({}, *desired_, [&](const ObjectKey& key) { queue_.add(key, now); });
  for (const auto& name : options_.controller_names)
    for (const auto& key : observed_.mentioning(name)) queue_.add(key, now);
}

Duration StatusWork::step() {
  const auto now = clock_.now();
  counters_.waiting.store(queue_.size(), std::memory_order_relaxed);
  if (!leader_ || !desired_) return kLongestSleep;
  const auto due = queue_.next_due();
  if (!due) return kLongestSleep;
  const auto earliest = std::max({*due, not_before_, now + tokens_.wait(now)});
  if (earliest > now) return std::min(earliest - now, kLongestSleep);
  if (const auto key = queue_.take(now)) write(*key);
  return Duration::zero();
}

void StatusWork::write(const ObjectKey& key) {
  auto object = observed_.find(key);
  if (!object) {  // not known yet, or gone: it is looked at when it comes
    pruned_.erase(key);
    queue_.settle(key);
    return;
  }
  auto verdict = try_write(key, *object);
  for (int tries = 1; verdict == Verdict::conflict && tries < kTriesAtConflict; ++tries) {
    verdict = read_again(key, *object);
    if (verdict == Verdict::settled) break;
    if (verdict == Verdict::conflict) verdict = try_write(key, *object);
  }
  if (verdict == Verdict::settled) {
    queue_.settle(key);
  } else {
    queue_.retry(key, clock_.now(), std::exchange(asked_pause_, Duration::zero()));
  }
}

StatusWork::Verdict StatusWork::try_write(const ObjectKey& key, ObservedObject& object) {
  const auto merged = merge(key, object);
  // An outdated one is followed by the status of the newer object.
  if (merged.outcome != MergedStatus::Outcome::changed) return Verdict::settled;
  const auto known = pruned_.find(key);
  if (known != pruned_.end() && known->second.resource_version == object.resource_version &&
      known->second.sent == merged.status)
    return Verdict::settled;
  if (!may_write()) return Verdict::failed;
  tokens_.take(clock_.now());

  ApiRequest request;
  request.method = "PUT";
  request.path = object_path(key, object.api_version) + "/status?fieldManager=gatehouse";
  request.body = body_of(key, object, merged.status);
  const auto answer = client_.send(request);
  if (!answer.ok()) return fail(key, answer);

  pause_ = Duration::zero();
  add_one(counters_.kinds[*status_kind(key.kind)].writes);
  queue_.note_write(key, clock_.now());
  const auto before = object;
  take_in(key, object, answer);
  note_pruned(key, object, merged.status);
  if (options_.on_change)
    for (const auto& change : merged.changes) options_.on_change(key, before, change);
  return Verdict::settled;
}

StatusWork::Verdict StatusWork::read_again(const ObjectKey& key, ObservedObject& object) {
  ApiRequest request;
  request.path = object_path(key, object.api_version);
  const auto answer = client_.send(request);
  if (!answer.ok()) return fail(key, answer);
  const auto uid = object.uid;
  take_in(key, object, answer);
  // Another object of the same name: what is desired was not said of it.
  return object.uid == uid ? Verdict::conflict : Verdict::settled;
}

MergedStatus StatusWork::merge(const ObjectKey& key, const ObservedObject& object) const {
  const auto desired = find_status(*desired_, key);
  const bool sees_a_part = options_.leftovers == StatusWriterOptions::Leftovers::keep;
  if (std::holds_alternative<std::monostate>(desired)) {
    const auto is_named = [&](const std::string& name) {
      return object.status.find(name) != std::string::npos;
    };
    const auto& names = options_.controller_names;
    if (sees_a_part || std::none_of(names.begin(), names.end(), is_named)) return {};
  }
  return merge_status({.desired = desired,
                       .observed = object.status,
                       .generation = object.generation,
                       .controller_names = options_.controller_names,
                       .now = timestamp(clock_.wall()),
                       .seen = sees_a_part ? desired_.get() : nullptr,
                       .ns = std::string_view(key.name).substr(0, key.name.find('/'))});
}

void StatusWork::take_in(const ObjectKey& key, ObservedObject& object, const ApiAnswer& answer) {
  auto now = read_object(answer.body);
  if (!now) return;
  if (now->api_version.empty()) now->api_version = object.api_version;
  object = std::move(*now);
  observed_.replace(key, object);
}

void StatusWork::note_pruned(const ObjectKey& key, const ObservedObject& object, const std::string& sent) {
  if (merge(key, object).outcome == MergedStatus::Outcome::unchanged) {
    pruned_.erase(key);
  } else {
    pruned_[key] = {.sent = sent, .resource_version = object.resource_version};
  }
}

StatusWork::Verdict StatusWork::fail(const ObjectKey& key, const ApiAnswer& answer) {
  const auto kind = *status_kind(key.kind);
  if (answer.is_not_found()) return Verdict::settled;
  if (answer.is_conflict()) {
    add_one(counters_.kinds[kind].conflicts);
    return Verdict::conflict;
  }
  add_one(counters_.kinds[kind].errors);
  const auto now = clock_.now();
  const Duration asked = answer.retry_after ? Duration(*answer.retry_after) : Duration::zero();
  if (answer.status == 0 || answer.status == 429 || answer.status == 503) {
    pause_ = pause_ == Duration::zero() ? kFirstPause : std::min(2 * pause_, kLongestPause);
    not_before_ = now + std::max(pause_, asked);
  }
  asked_pause_ = asked;
  if (now >= complaint_due_[kind]) {
    complaint_due_[kind] = now + kBetweenComplaints;
    log_warning("cannot write the status of {} {}, tries again: {}", key.kind, key.name,
                escaped(answer.error));
  }
  return Verdict::failed;
}

}  // namespace gatehouse::controller
