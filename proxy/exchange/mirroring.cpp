// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/mirroring.h"

#include "proxy/filters/mirror.h"

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMostUnderWay = 1024;  // per worker
constexpr auto kLongest = std::chrono::seconds(60);
constexpr std::size_t kMostAnswerBytes = 256 * 1024;

}  // namespace

std::unique_ptr<Mirroring> Mirroring::prepare(WorkerContext& worker, std::uint32_t cluster,
                                              const http::RequestHead& head) {
  if (worker.background.size() >= kMostUnderWay || !worker.cluster(cluster)) {
    worker.probes.worker().mirror_dropped();
    return nullptr;
  }
  return std::unique_ptr<Mirroring>(new Mirroring(worker, cluster, head));
}

Mirroring::Mirroring(WorkerContext& worker, std::uint32_t cluster, const http::RequestHead& head)
    : BackgroundTask(worker.background),
      cancel_(worker.loop),
      loop_(worker.loop),
      request_(worker),
      cluster_(cluster) {
  http::RequestHead copy;
  write_mirror(copy, head, {});
  request_.copy_request(copy);
}

void Mirroring::start(std::unique_ptr<Mirroring> self, std::string_view body) {
  self->body_ = body;
  io::spawn(run(std::move(self)));
}

Task<> Mirroring::run(std::unique_ptr<Mirroring> self) {
  // The outcome is nobody's concern: the cluster's own counters tell of failures.
  static_cast<void>(co_await self->send());
}

Task<Result<void>> Mirroring::send() {
  const WaitLimits limits{loop_.now() + kLongest, &cancel_};
  const auto sent = co_await request_.send(cluster_, body_, limits);
  if (!sent) co_return sent;
  // Read to its end, so that the connection can serve again.
  const auto answer = co_await request_.read_answer(kMostAnswerBytes, limits);
  if (!answer) co_return answer.error();
  co_return Result<void>();
}

}  // namespace gatehouse::proxy
