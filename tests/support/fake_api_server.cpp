// SPDX-License-Identifier: Apache-2.0
// What tests do to it, and ask of it.
#include "tests/support/fake_api_server.h"

#include <fmt/format.h>

#include <stdexcept>

#include "config/file/yaml_reader.h"
#include "tests/support/fake_api_state.h"

namespace gatehouse::test {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

constexpr auto kPoll = std::chrono::milliseconds(20);

}  // namespace

FakeApiServer::FakeApiServer(const Tls& tls) : state_(std::make_unique<FakeApiState>(tls)) {
  state_->start(0);
}

FakeApiServer::~FakeApiServer() {
  state_->stop();
}

std::string FakeApiServer::url() const {
  return fmt::format("{}://127.0.0.1:{}", state_->tls.certificate.empty() ? "http" : "https", state_->port);
}

int FakeApiServer::port() const {
  return state_->port;
}

void FakeApiServer::put(std::string_view text) {
  json object;
  file::read_yaml(text, "test", [&](const json& value, const objects::SourceMap&) { object = value; });
  const std::lock_guard lock(state_->mutex);
  for (const auto& row : state_->objects.resources()) {
    const auto api_version = object.value("apiVersion", "");
    const auto slash = api_version.find('/');
    const auto group = slash == std::string::npos ? "" : api_version.substr(0, slash);
    if (row.kind != object.value("kind", "") || row.group != group || row.versions.empty()) continue;
    auto& meta = object["metadata"];
    const ApiPath path{
        row.group,  row.versions[0],        row.namespaced ? meta.value("namespace", "default") : "",
        row.plural, meta.value("name", ""), ""};
    if (state_->objects.get(path).status == 200)
      state_->objects.replace(path, std::move(object));
    else
      state_->objects.create(path, std::move(object));
    return state_->changed.notify_all();
  }
  throw std::runtime_error("the fake API server does not serve " + object.dump());
}

void FakeApiServer::put_status(const std::string& path, const std::string& status) {
  const std::lock_guard lock(state_->mutex);
  auto at = parse_api_path(path).value();
  at.sub = "status";
  state_->objects.replace(at, {{"metadata", json::object()}, {"status", json::parse(status)}});
  state_->changed.notify_all();
}

void FakeApiServer::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  state_->objects.remove(parse_api_path(path).value());
  state_->changed.notify_all();
}

json FakeApiServer::object(const std::string& path) const {
  const std::lock_guard lock(state_->mutex);
  auto reply = state_->objects.get(parse_api_path(path).value());
  return reply.status == 200 ? std::move(reply.body) : json();
}

void FakeApiServer::serve(std::string_view kind, const std::vector<std::string>& versions) {
  const std::lock_guard lock(state_->mutex);
  for (auto& row : state_->objects.resources()) {
    if (row.kind != kind) continue;
    row.versions = versions;
    if (versions.empty()) state_->objects.forget(row.group, row.plural);
    for (auto& watch : state_->watches) {
      const auto& path = watch->path;
      const bool kept = std::find(versions.begin(), versions.end(), path.version) != versions.end();
      if (path.group == row.group && path.plural == row.plural && !kept) watch->ended = true;
    }
  }
  state_->changed.notify_all();
}

void FakeApiServer::inject(ApiFault fault) {
  const std::lock_guard lock(state_->mutex);
  state_->faults.push_back(std::move(fault));
}

void FakeApiServer::clear_faults() {
  const std::lock_guard lock(state_->mutex);
  state_->faults.clear();
  state_->changed.notify_all();
}

void FakeApiServer::compact() {
  const std::lock_guard lock(state_->mutex);
  state_->objects.compact();
  for (auto& watch : state_->watches) watch->ended = true;
  state_->changed.notify_all();
}

void FakeApiServer::end_watches(std::string_view part) {
  const std::lock_guard lock(state_->mutex);
  for (auto& watch : state_->watches)
    if (watch->target.find(part) != std::string::npos) watch->ended = true;
  state_->changed.notify_all();
}

void FakeApiServer::break_watches(std::string_view part) {
  const std::lock_guard lock(state_->mutex);
  for (auto& watch : state_->watches)
    if (watch->target.find(part) != std::string::npos) watch->broken = true;
  state_->changed.notify_all();
}

void FakeApiServer::send_line(std::string_view part, std::string line) {
  send_text(part, std::move(line) + "\n");
}

void FakeApiServer::send_text(std::string_view part, std::string text) {
  const std::lock_guard lock(state_->mutex);
  for (auto& watch : state_->watches)
    if (watch->target.find(part) != std::string::npos) watch->texts.push_back(text);
  state_->changed.notify_all();
}

void FakeApiServer::send_bookmarks() {
  const std::lock_guard lock(state_->mutex);
  const auto version = std::to_string(state_->objects.version());
  for (auto& watch : state_->watches) {
    if (!watch->bookmarks) continue;
    const json bookmark{{"type", "BOOKMARK"}, {"object", {{"metadata", {{"resourceVersion", version}}}}}};
    watch->texts.push_back(bookmark.dump() + "\n");
  }
  state_->changed.notify_all();
}

void FakeApiServer::close() {
  state_->stop();
}

void FakeApiServer::listen() {
  state_->stopping = false;
  state_->start(state_->port);
}

std::vector<SeenRequest> FakeApiServer::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->seen;
}

int FakeApiServer::count(std::string_view method, std::string_view part) const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<int>(std::count_if(state_->seen.begin(), state_->seen.end(), [&](const auto& request) {
    return request.method == method && request.target.find(part) != std::string::npos;
  }));
}

void FakeApiServer::forget_requests() {
  const std::lock_guard lock(state_->mutex);
  state_->seen.clear();
}

int FakeApiServer::open_watches(std::string_view part) const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<int>(
      std::count_if(state_->watches.begin(), state_->watches.end(),
                    [&](const auto& watch) { return watch->target.find(part) != std::string::npos; }));
}

bool FakeApiServer::wait_for_requests(std::string_view method, std::string_view part, int at_least,
                                      std::chrono::milliseconds limit) const {
  const auto until = Steady::now() + limit;
  while (count(method, part) < at_least) {
    std::unique_lock lock(state_->mutex);
    if (Steady::now() >= until) return false;
    state_->changed.wait_for(lock, kPoll);
  }
  return true;
}

bool FakeApiServer::wait_for_watches(std::string_view part, int exactly,
                                     std::chrono::milliseconds limit) const {
  const auto until = Steady::now() + limit;
  while (open_watches(part) != exactly) {
    std::unique_lock lock(state_->mutex);
    if (Steady::now() >= until) return false;
    state_->changed.wait_for(lock, kPoll);
  }
  return true;
}

}  // namespace gatehouse::test
