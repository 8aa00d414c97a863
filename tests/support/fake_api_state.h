// SPDX-License-Identifier: Apache-2.0
// The inside of the fake API server: its HTTP side, its faults and its watches.
#pragma once

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/fake_api_objects.h"
#include "tests/support/fake_api_server.h"

namespace gatehouse::test {

struct FakeApiWatch {
  std::string target;
  ApiPath path;
  ApiQuery query;
  bool bookmarks = false;
  bool metadata = false;
  std::size_t next = 0;  ///< of the log
  std::deque<std::string> texts;
  bool ended = false;
  bool broken = false;
  std::chrono::steady_clock::time_point until;
};

/// Everything under one mutex; `changed` wakes watches and those who wait for requests.
struct FakeApiState {
  explicit FakeApiState(const FakeApiServer::Tls& with) : tls(with) {}

  void start(int wanted);
  void stop();
  void handle(const httplib::Request& request, httplib::Response& response);
  bool meets_fault(std::unique_lock<std::mutex>& lock, const std::string& method, const std::string& target,
                   httplib::Response& response);
  ApiReply discovery(const std::string& path) const;
  ApiReply answer(const httplib::Request& request, const ApiPath& path);
  ApiReply list(const httplib::Request& request, const ApiPath& path) const;
  void watch(const httplib::Request& request, const ApiPath& path, httplib::Response& response);
  bool pump(FakeApiWatch& watch, httplib::DataSink& sink);
  std::string next_text(FakeApiWatch& watch) const;

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  const FakeApiServer::Tls tls;
  FakeApiObjects objects;
  std::vector<ApiFault> faults;
  std::vector<SeenRequest> seen;
  std::vector<std::shared_ptr<FakeApiWatch>> watches;
  bool stopping = false;
  int port = 0;
  std::unique_ptr<httplib::Server> server;
  std::thread thread;
};

}  // namespace gatehouse::test
