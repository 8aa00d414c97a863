// SPDX-License-Identifier: Apache-2.0
// A copy of a request on its way to a mirror. The exchange it copies neither waits for it nor hears of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/exchange/own_request.h"

namespace gatehouse::proxy {

/// Prepared by an exchange, then on its own until the answer was read and dropped, or a limit was reached.
/// The worker counts those under way and cancels them when it ends. Thread: the worker's.
class Mirroring final : public BackgroundTask {
 public:
  /// Null when the worker has too many under way: the copy is dropped and counted.
  static std::unique_ptr<Mirroring> prepare(WorkerContext& worker, std::uint32_t cluster,
                                            const http::RequestHead& head);

  /// Hands `self` to itself.
  static void start(std::unique_ptr<Mirroring> self, std::string_view body);
  void cancel() override { cancel_.fire(); }

 private:
  Mirroring(WorkerContext& worker, std::uint32_t cluster, const http::RequestHead& head);
  static Task<> run(std::unique_ptr<Mirroring> self);
  Task<Result<void>> send();

  io::CancelSource cancel_;
  io::EventLoop& loop_;
  OwnRequest request_;
  std::uint32_t cluster_;
  std::string body_;
};

}  // namespace gatehouse::proxy
