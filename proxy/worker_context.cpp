// SPDX-License-Identifier: Apache-2.0
#include "proxy/worker_context.h"

#include <ctime>
#include <random>

namespace gatehouse::proxy {
namespace {

constexpr std::size_t kMostScratchesKept = 512;

}  // namespace

WorkerContext::WorkerContext(io::EventLoop& event_loop, const Options& options)
    : loop(event_loop),
      settings(options.settings),
      probes(options.probes),
      access_log(options.access_log),
      handshakes(event_loop),
      reaper_(options.reaper),
      dice_state_(std::random_device{}() | 1u) {}

WorkerContext::~WorkerContext() {
  for (const auto& cluster : clusters_)
    if (cluster) cluster->retire();
}

void WorkerContext::adopt(std::shared_ptr<const Runtime> runtime) {
  std::vector<Ref<Cluster>> next(runtime->cluster_ids());
  for (const auto& wanted : runtime->clusters()) {
    Cluster* known = cluster(wanted.id);
    if (!known) {
      const ClusterProbe probe = probes.cluster(runtime->cluster_row(wanted.id));
      const WorkerShare share{static_cast<std::uint32_t>(probes.worker_index()),
                              static_cast<std::uint32_t>(probes.worker_count())};
      const Cluster::Surroundings surroundings{loop, buffers, share, dice()};
      next[wanted.id] = Ref<Cluster>(new Cluster(surroundings, probe, wanted));
      continue;
    }
    if (&known->config() != wanted.config.get()) known->update(wanted);
    next[wanted.id] = std::move(clusters_[wanted.id]);
  }
  for (const auto& gone : clusters_)
    if (gone) gone->retire();
  clusters_ = std::move(next);
  runtime_ = Ref<RuntimeHandle>(new RuntimeHandle(std::move(runtime), reaper_));
}

std::unique_ptr<Scratch> WorkerContext::take_scratch() {
  if (scratches_.empty()) return std::make_unique<Scratch>();
  auto scratch = std::move(scratches_.back());
  scratches_.pop_back();
  return scratch;
}

void WorkerContext::give_back(std::unique_ptr<Scratch> scratch) {
  if (scratches_.size() >= kMostScratchesKept) return;
  scratch->reset();
  scratches_.push_back(std::move(scratch));
}

std::uint64_t WorkerContext::dice() {
  // splitmix64
  dice_state_ += 0x9e3779b97f4a7c15;
  std::uint64_t z = dice_state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::string_view WorkerContext::date() {
  if (loop.now() >= date_until_) {
    const std::time_t now = std::chrono::system_clock::to_time_t(loop.wall());
    std::tm parts{};
    gmtime_r(&now, &parts);
    date_size_ = std::strftime(date_.data(), date_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_until_ = loop.now() + std::chrono::milliseconds(500);
  }
  return {date_.data(), date_size_};
}

}  // namespace gatehouse::proxy
