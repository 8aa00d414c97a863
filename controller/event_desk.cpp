// SPDX-License-Identifier: Apache-2.0
#include "controller/event_desk.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "controller/status_kinds.h"
#include "controller/timestamp.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Duration kSameEvent = 10min;
constexpr TokenBucket::Size kPerObject = {.burst = 25, .per_token = 5min};
constexpr std::size_t kMostRemembered = 4096;
constexpr std::size_t kLongestMessage = 1024;  ///< as client-go cuts them
/// So that with what makes it unique it is a name of an object.
constexpr std::size_t kLongestNamePrefix = 200;

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view cut(std::string_view text, std::size_t at_most) {
  if (text.size() <= at_most) return text;
  while (at_most > 0 && (static_cast<unsigned char>(text[at_most]) & 0xC0U) == 0x80U) --at_most;
  return text.substr(0, at_most);
}

std::string message_of(const ConditionChange& change) {
  const bool bad = change.turn == ConditionChange::Turn::bad;
  auto message = change.where.empty() ? std::string() : change.where + ": ";
  message +=
      change.message.empty() ? fmt::format("{} is {}", change.type, bad ? "False" : "True") : change.message;
  return std::string(cut(message, kLongestMessage));
}

/// Cluster-scoped objects have theirs in "default".
std::string_view namespace_of(const ObjectKey& key) {
  const auto ns = split_name(key.name).ns;
  return ns.empty() ? std::string_view("default") : ns;
}

std::string path_of(const ObjectKey& key) {
  return fmt::format("/api/v1/namespaces/{}/events", namespace_of(key));
}

/// "demo.18bc5a3f2e10": names of objects end in a letter or digit, so a part of one is cut back to that.
std::string event_name(const ObjectKey& key, std::uint64_t serial) {
  auto prefix = cut(split_name(key.name).name, kLongestNamePrefix);
  while (!prefix.empty() && (prefix.back() == '.' || prefix.back() == '-')) prefix.remove_suffix(1);
  return fmt::format("{}.{:x}", prefix, serial);
}

}  // namespace

EventDesk::EventDesk(const EventRecorderOptions& options, ApiClient& client, const Clock& clock)
    : options_(options),
      client_(client),
      clock_(clock),
      serial_(static_cast<std::uint64_t>(clock.wall().time_since_epoch().count())) {}

EventDesk::Outcome EventDesk::write(const EventNote& note) {
  const auto now = clock_.now();
  forget_old(now);
  if (!may_write(note.uid, now)) return Outcome::dropped;
  const What what{note.uid, note.change.reason, message_of(note.change)};
  const auto known = sent_.find(what);
  if (known == sent_.end()) return create(note, what, now);
  const auto answer = count_again(known->second, now);
  if (!answer.is_not_found()) return outcome_of(answer);
  sent_.erase(known);
  return create(note, what, now);
}

bool EventDesk::may_write(const std::string& uid, MonoTime now) {
  return buckets_.try_emplace(uid, kPerObject, now).first->second.take(now);
}

void EventDesk::forget_old(MonoTime now) {
  std::erase_if(sent_, [&](const auto& entry) { return now - entry.second.at >= kSameEvent; });
  if (sent_.size() >= kMostRemembered) sent_.clear();
  if (buckets_.size() < kMostRemembered) return;
  std::erase_if(buckets_, [&](const auto& entry) { return entry.second.is_full(now); });
  if (buckets_.size() >= kMostRemembered) buckets_.clear();
}

EventDesk::Outcome EventDesk::create(const EventNote& note, const What& what, MonoTime now) {
  const auto& [uid, reason, message] = what;
  const auto name = event_name(note.key, ++serial_);
  const auto time = timestamp(clock_.wall());
  const auto [ns, object_name] = split_name(note.key.name);
  Json object = {
      {"apiVersion", note.api_version}, {"kind", note.key.kind}, {"name", object_name}, {"uid", uid}};
  if (!ns.empty()) object["namespace"] = ns;
  const bool bad = note.change.turn == ConditionChange::Turn::bad;
  const Json event = {{"apiVersion", "v1"},
                      {"kind", "Event"},
                      {"metadata", {{"name", name}, {"namespace", namespace_of(note.key)}}},
                      {"involvedObject", std::move(object)},
                      {"type", bad ? "Warning" : "Normal"},
                      {"reason", reason},
                      {"message", message},
                      {"source", {{"component", options_.component}}},
                      {"reportingComponent", options_.component},
                      {"reportingInstance", options_.instance},
                      {"firstTimestamp", time},
                      {"lastTimestamp", time},
                      {"count", 1}};
  ApiRequest request;
  request.method = "POST";
  request.path = path_of(note.key);
  request.body = dumped(event);
  const auto answer = client_.send(request);
  if (answer.ok()) sent_[what] = {.path = request.path + "/" + name, .count = 1, .at = now};
  return outcome_of(answer);
}

ApiAnswer EventDesk::count_again(Sent& sent, MonoTime now) {
  ApiRequest request;
  request.method = "PATCH";
  request.path = sent.path;
  request.content_type = "application/merge-patch+json";
  request.body = dumped({{"count", sent.count + 1}, {"lastTimestamp", timestamp(clock_.wall())}});
  auto answer = client_.send(request);
  if (answer.ok()) {
    ++sent.count;
    sent.at = now;
  }
  return answer;
}

EventDesk::Outcome EventDesk::outcome_of(const ApiAnswer& answer) {
  if (answer.ok()) return Outcome::written;
  if (!std::exchange(complained_, true))
    log_warning("cannot write Events, goes on without: {}", escaped(answer.error));
  return Outcome::dropped;
}

}  // namespace gatehouse::controller
