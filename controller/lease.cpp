// SPDX-License-Identifier: Apache-2.0
#include "controller/lease.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/timestamp.h"

namespace gatehouse::controller {
namespace {

using Json = nlohmann::json;

Json parsed(const std::string& text) {
  auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

Json object_field(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_object() ? *at : Json::object();
}

std::int64_t integer_field(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}

std::string text_field(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// What another wrote is believed within reason.
constexpr std::int64_t kLongestDuration = 3600;

}  // namespace

Lease::Lease(const LeaseOptions& options, ApiClient& client, const Clock& clock)
    : options_(options),
      client_(client),
      clock_(clock),
      path_(fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases", options.ns)) {}

Lease::Answer Lease::acquire_or_renew() {
  if (!object_.empty() && holder_ == options_.identity) {
    const auto renewed = update(body_for(options_.identity, options_.duration));
    if (renewed != Answer::taken) return renewed;
  }
  const auto there = read();
  if (there == Answer::no_answer) return there;
  if (object_.empty()) return create();
  const auto until = expires();
  if (until && clock_.now() < *until) return Answer::taken;
  return update(body_for(options_.identity, options_.duration));
}

void Lease::release() {
  if (object_.empty() || holder_ != options_.identity) return;
  update(body_for("", std::chrono::seconds(1)));
}

std::optional<MonoTime> Lease::expires() const {
  if (holder_.empty() || holder_ == options_.identity) return std::nullopt;
  return changed_at_ + their_duration_;
}

/// "taken" when it was read.
Lease::Answer Lease::read() {
  ApiRequest request;
  request.path = path_ + "/" + options_.name;
  const auto answer = client_.send(request);
  if (answer.is_not_found()) {
    object_.clear();
    return Answer::taken;
  }
  if (!answer.ok()) return failed(answer);
  take_in(answer.body);
  return Answer::taken;
}

Lease::Answer Lease::create() {
  const auto now = micro_timestamp(clock_.wall());
  const Json lease = {{"apiVersion", "coordination.k8s.io/v1"},
                      {"kind", "Lease"},
                      {"metadata", {{"name", options_.name}, {"namespace", options_.ns}}},
                      {"spec",
                       {{"holderIdentity", options_.identity},
                        {"leaseDurationSeconds", options_.duration.count()},
                        {"acquireTime", now},
                        {"renewTime", now},
                        {"leaseTransitions", 0}}}};
  ApiRequest request;
  request.method = "POST";
  request.path = path_;
  request.body = lease.dump();
  const auto answer = client_.send(request);
  if (answer.is_conflict()) return Answer::taken;
  if (!answer.ok()) return failed(answer);
  take_in(answer.body);
  return Answer::held;
}

/// "taken" when somebody else was faster.
Lease::Answer Lease::update(const std::string& body) {
  ApiRequest request;
  request.method = "PUT";
  request.path = path_ + "/" + options_.name;
  request.body = body;
  const auto answer = client_.send(request);
  if (answer.is_conflict() || answer.is_not_found()) return Answer::taken;
  if (!answer.ok()) return failed(answer);
  take_in(answer.body);
  return Answer::held;
}

/// With the resource version that was read, so that only one of many succeeds.
std::string Lease::body_for(const std::string& holder, std::chrono::seconds duration) const {
  auto lease = parsed(object_);
  auto spec = object_field(lease, "spec");
  const auto now = micro_timestamp(clock_.wall());
  if (holder_ != holder) {
    spec["acquireTime"] = now;
    if (!holder.empty()) spec["leaseTransitions"] = integer_field(spec, "leaseTransitions") + 1;
  }
  spec["holderIdentity"] = holder;
  spec["leaseDurationSeconds"] = duration.count();
  spec["renewTime"] = now;
  lease["spec"] = std::move(spec);
  return lease.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Lease::take_in(const std::string& body) {
  const auto lease = parsed(body);
  const auto spec = object_field(lease, "spec");
  auto text = spec.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text != spec_ || object_.empty()) changed_at_ = clock_.now();
  object_ = body;
  spec_ = std::move(text);
  holder_ = text_field(spec, "holderIdentity");
  their_duration_ = std::chrono::seconds(
      std::clamp<std::int64_t>(integer_field(spec, "leaseDurationSeconds"), 0, kLongestDuration));
}

Lease::Answer Lease::failed(const ApiAnswer& answer) {
  error_ = answer.error;
  return Answer::no_answer;
}

}  // namespace gatehouse::controller
