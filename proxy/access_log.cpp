// SPDX-License-Identifier: Apache-2.0
#include "proxy/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "base/log_ring.h"

namespace gatehouse::proxy {
namespace detail {

constexpr auto kBusyPause = std::chrono::milliseconds(50);
constexpr auto kIdlePause = std::chrono::milliseconds(500);

/// When a worker should end the writer's pause.
enum class WakeFor : std::uint8_t { nothing, half_full_ring, any_line };

/// All that the writing thread needs; kept alive by it.
struct AccessLogState {
  AccessLogState(AccessLogOptions wanted, std::size_t workers) : options(std::move(wanted)) {
    for (std::size_t at = 0; at < workers; ++at)
      rings.push_back(std::make_unique<LogRing>(options.ring_bytes));
  }
  ~AccessLogState() {
    close_file();
    if (wake_fd >= 0) close(wake_fd);
  }

  /// Zero, or an errno; then the former file stays.
  int open_file();
  void close_file();
  void wake();
  void run();

  const AccessLogOptions options;
  std::vector<std::unique_ptr<LogRing>> rings;
  int wake_fd = -1;
  int file = -1;
  bool is_regular = false;
  std::size_t lost_bytes = 0;

  // Written once per pause of the writer, so workers read a line that stays in their caches.
  alignas(64) std::atomic<WakeFor> wake_for{WakeFor::any_line};
  std::atomic<bool> reopen{false};
  std::atomic<bool> stopping{false};
  std::atomic<bool> abandoned{false};  ///< what is left is not worth waiting for

  std::mutex mutex;
  std::condition_variable ended_changed;
  bool ended = false;

 private:
  bool drain(LogRing& ring);
  bool write_out(LogRing& ring);
  ssize_t write_some(const std::array<std::string_view, 2>& parts) const;
  bool can_write() const;
  void pause(WakeFor event, std::chrono::milliseconds longest);
};

int AccessLogState::open_file() {
  const int opened =
      options.path == "-"
          ? STDOUT_FILENO
          : ::open(options.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
  if (opened < 0) return errno;
  struct stat status {};
  const bool known = fstat(opened, &status) == 0;
  close_file();
  file = opened;
  is_regular = known && S_ISREG(status.st_mode);
  return 0;
}

void AccessLogState::close_file() {
  if (file >= 0 && options.path != "-") close(file);
  file = -1;
}

void AccessLogState::wake() {
  const std::uint64_t one = 1;
  // A full counter means that a wake-up is pending already.
  [[maybe_unused]] const auto ignored = write(wake_fd, &one, sizeof one);
}

/// The wait a worker may end. A wake-up that falls between the look at the rings and this costs one pause, no
/// more: cheaper than a fence in every worker.
void AccessLogState::pause(WakeFor event, std::chrono::milliseconds longest) {
  wake_for.store(event, std::memory_order_relaxed);
  pollfd wait{wake_fd, POLLIN, 0};
  poll(&wait, 1, static_cast<int>(longest.count()));
  wake_for.store(WakeFor::nothing, std::memory_order_relaxed);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto ignored = read(wake_fd, &count, sizeof count);
}

void AccessLogState::run() {
  // Signals are for other threads; a closed pipe is an errno here.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  bool last_round = false;
  while (!last_round) {
    last_round = stopping.load(std::memory_order_acquire);
    if (reopen.exchange(false))
      if (const int error = open_file(); error != 0)
        log_error("access log: cannot reopen {}: {}", options.path, std::strerror(error));
    bool any = false;
    for (const auto& ring : rings) any |= drain(*ring);
    if (last_round) break;
    if (any)
      pause(WakeFor::half_full_ring, kBusyPause);
    else
      pause(WakeFor::any_line, kIdlePause);
  }
  const std::scoped_lock lock(mutex);
  ended = true;
  ended_changed.notify_all();
}

/// Whether there was anything. What the file refuses for good (a full disk) is lost and told once.
bool AccessLogState::drain(LogRing& ring) {
  const auto parts = ring.readable();
  if (parts[0].empty()) return false;
  if (write_out(ring)) {
    lost_bytes = 0;
    return true;
  }
  if (lost_bytes == 0)
    log_error("access log: cannot write {}: {}; lines are lost", options.path, std::strerror(errno));
  const auto rest = ring.readable();
  lost_bytes += rest[0].size() + rest[1].size();
  ring.consume(rest[0].size() + rest[1].size());
  return true;
}

/// Everything that was in the ring at the start, so that lines of two workers never mix.
bool AccessLogState::write_out(LogRing& ring) {
  auto parts = ring.readable();
  while (!parts[0].empty() && !abandoned.load(std::memory_order_relaxed)) {
    const auto written = can_write() ? write_some(parts) : 0;
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    const auto size = static_cast<std::size_t>(std::max<ssize_t>(written, 0));
    ring.consume(size);
    const auto of_first = std::min(size, parts[0].size());
    parts[0].remove_prefix(of_first);
    parts[1].remove_prefix(size - of_first);
    if (parts[0].empty()) std::swap(parts[0], parts[1]);
  }
  return true;
}

/// A file takes everything at once. A pipe or terminal gets no more than poll() promised to take without
/// waiting.
ssize_t AccessLogState::write_some(const std::array<std::string_view, 2>& parts) const {
  if (!is_regular) return write(file, parts[0].data(), std::min<std::size_t>(parts[0].size(), PIPE_BUF));
  iovec vectors[2];
  for (std::size_t at = 0; at < 2; ++at)
    vectors[at] = {const_cast<char*>(parts[at].data()), parts[at].size()};  // NOLINT: writev reads only
  return writev(file, vectors, 2);
}

bool AccessLogState::can_write() const {
  if (is_regular) return true;
  pollfd wait{file, POLLOUT, 0};
  return poll(&wait, 1, static_cast<int>(kBusyPause.count())) > 0;
}

}  // namespace detail

void AccessLogShard::record(const AccessRecord& record) {
  auto& ring = *state_->rings[index_];
  const auto line = state_->options.format.write(record, line_);
  const bool kept = ring.push(line);
  if (!kept) dropped_->add();
  const auto wake_for = state_->wake_for.load(std::memory_order_relaxed);
  if (wake_for == detail::WakeFor::nothing) return;
  if (wake_for == detail::WakeFor::half_full_ring && ring.fill() <= ring.capacity() / 2) return;
  if (state_->wake_for.exchange(detail::WakeFor::nothing, std::memory_order_relaxed) !=
      detail::WakeFor::nothing)
    state_->wake();
}

std::variant<std::unique_ptr<AccessLog>, std::string> AccessLog::open(
    AccessLogOptions options, const std::vector<metrics::Cell*>& dropped) {
  auto state = std::make_shared<detail::AccessLogState>(std::move(options), dropped.size());
  if (const int error = state->open_file(); error != 0)
    return "access log: cannot open " + state->options.path + ": " + std::strerror(error);
  state->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (state->wake_fd < 0) return std::string("access log: no eventfd: ") + std::strerror(errno);
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(state), dropped));
}

AccessLog::AccessLog(std::shared_ptr<detail::AccessLogState> state,
                     const std::vector<metrics::Cell*>& dropped)
    : state_(std::move(state)) {
  for (std::size_t at = 0; at < dropped.size(); ++at)
    shards_.push_back(std::unique_ptr<AccessLogShard>(new AccessLogShard(*state_, at, *dropped[at])));
  std::thread([kept = state_] { kept->run(); }).detach();
}

AccessLog::~AccessLog() {
  stop(std::chrono::milliseconds(200));
}

void AccessLog::request_reopen() {
  state_->reopen.store(true);
  state_->wake();
}

bool AccessLog::stop(std::chrono::milliseconds longest) {
  if (!stopped_) {
    state_->stopping.store(true, std::memory_order_release);
    state_->wake();
    stopped_ = true;
  }
  std::unique_lock lock(state_->mutex);
  const bool ended = state_->ended_changed.wait_for(lock, longest, [this] { return state_->ended; });
  if (!ended) state_->abandoned.store(true);
  return ended;
}

}  // namespace gatehouse::proxy
