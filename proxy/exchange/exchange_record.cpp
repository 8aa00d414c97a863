// SPDX-License-Identifier: Apache-2.0
// What is left of an exchange when it ended: counts and a log line.
#include <optional>

#include "proxy/exchange/exchange.h"

namespace gatehouse::proxy {
namespace {

std::string_view value_of(const http::HeaderList& fields, std::string_view name) {
  for (const auto& field : fields)
    if (field.id == FieldId::other && equals_ignoring_case(field.name, name)) return field.value;
  return {};
}

/// Clients that were refused or given up on, by the reason of the answer.
std::optional<Refusal> refusal_of(std::string_view reason) {
  if (reason == "body_too_large") return Refusal::body_too_large;
  if (reason == "request_timeout") return Refusal::body_timeout;
  if (reason == "bad_request") return Refusal::malformed;
  if (reason == "send_timeout") return Refusal::send_timeout;
  if (reason == "internal") return Refusal::internal;
  return std::nullopt;
}

}  // namespace

void Exchange::count_upstream_failure(const Error& error) const {
  Cluster* cluster = worker_.cluster(outcome_.cluster_id);
  if (!cluster || error.side != Side::upstream) return;
  if (error.fault == Fault::timeout) cluster->probe().timed_out();
  if (error.fault == Fault::reset || error.fault == Fault::closed || error.fault == Fault::bad_request)
    cluster->probe().response_broken();
}

void Exchange::finish() {
  outcome_.finished = worker_.loop.now();
  count();
  if (worker_.access_log) log();
}

void Exchange::count() const {
  auto worker = worker_.probes.worker();
  worker.bytes_received(outcome_.request_bytes);
  worker.bytes_sent(outcome_.response_bytes);
  if (!outcome_.reason.empty())
    if (const auto refusal = refusal_of(outcome_.reason)) worker.refused(*refusal);
  RouteProbe::Finished finished;
  finished.status = outcome_.status == 499 ? 0 : outcome_.status;
  finished.duration = outcome_.finished - outcome_.started;
  finished.bytes_in = outcome_.request_bytes;
  finished.bytes_out = outcome_.response_bytes;
  if (outcome_.route_id == UINT32_MAX) {
    auto nowhere = worker_.probes.no_route();
    nowhere.request_finished(finished);
    return;
  }
  // Ids are never recycled: the runtime of now knows the row, even if another one routed the request.
  auto route = worker_.probes.route((*worker_.runtime())->route_row(outcome_.route_id));
  route.request_finished(finished);
}

/// As the client sent it. Later the fields are also the route's, and those go with its runtime.
void Exchange::remember_for_log() {
  outcome_.user_agent = value_of(scratch_.request.fields, "user-agent");
}

void Exchange::log() const {
  const auto& request = scratch_.request;
  AccessRecord record;
  record.duration = outcome_.finished - outcome_.started;
  record.time = worker_.loop.wall() - std::chrono::duration_cast<WallTime::duration>(record.duration);
  record.method = request.method_name;
  record.host = request.host;
  record.path = request.path;
  record.query = request.query;
  record.protocol = request.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
  record.status = outcome_.status;
  record.bytes_in = outcome_.request_bytes;
  record.bytes_out = outcome_.response_bytes;
  record.route = outcome_.route_key;
  record.cluster = outcome_.cluster_key;
  const std::string endpoint = outcome_.endpoint.port != 0 ? outcome_.endpoint.to_string() : std::string();
  record.endpoint = endpoint;
  if (outcome_.head_sent != MonoTime{}) record.upstream_duration = outcome_.head_sent - outcome_.started;
  record.request_id = outcome_.request_id;
  record.client = outcome_.client.empty() ? peer_.address_text : outcome_.client;
  record.user_agent = outcome_.user_agent;
  record.reason = outcome_.reason;
  worker_.access_log->record(record);
}

}  // namespace gatehouse::proxy
