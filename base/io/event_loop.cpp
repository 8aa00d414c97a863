// SPDX-License-Identifier: Apache-2.0
#include "base/io/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace gatehouse::io {

Result<std::unique_ptr<EventLoop>> EventLoop::create(const Clock& clock) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return Error{Fault::system, Side::internal, Retry::never, "epoll_create1 failed"};
  const int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd < 0) {
    close(epoll_fd);
    return Error{Fault::system, Side::internal, Retry::never, "eventfd failed"};
  }
  std::unique_ptr<EventLoop> loop(new EventLoop(clock, epoll_fd, wake_fd));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;  // no sink: the wake descriptor
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &event) != 0)
    return Error{Fault::system, Side::internal, Retry::never, "epoll_ctl failed"};
  return loop;
}

EventLoop::EventLoop(const Clock& clock, int epoll_fd, int wake_fd)
    : clock_(clock), epoll_fd_(epoll_fd), wake_fd_(wake_fd), now_(clock.now()), timers_(now_) {}

EventLoop::~EventLoop() {
  close(wake_fd_);
  close(epoll_fd_);
}

bool EventLoop::add(int fd, EventSink& sink) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &sink;
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventLoop::remove(int fd, EventSink& sink) {
  // close(fd) takes the descriptor out of the epoll set: nobody duplicates our sockets.
  static_cast<void>(fd);
  for (int i = event_index_; i < event_count_; ++i)
    if (events_[static_cast<std::size_t>(i)].data.ptr == &sink)
      events_[static_cast<std::size_t>(i)].events = 0;
}

void EventLoop::release(int fd, EventSink& sink) {
  remove(fd, sink);
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_fd_, &one, sizeof one));
}

void EventLoop::post(std::function<void()> function) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(function));
  }
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_fd_, &one, sizeof one));
}

void EventLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) turn(std::chrono::seconds(60));
}

void EventLoop::turn(Duration longest) {
  int timeout_ms = 0;
  if (ready_.empty() && turn_end_.empty()) {
    const Duration next = timers_.time_to_next(now_).value_or(longest);
    timeout_ms =
        static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(std::min(next, longest)).count());
  }
  const int count = epoll_wait(epoll_fd_, events_.data(), kBatch, timeout_ms);
  now_ = clock_.now();
  ++turns_;
  hand_out(std::max(count, 0));
  timers_.advance(now_);
  run_ready();
}

void EventLoop::hand_out(int count) {
  event_count_ = count;
  bool woken = false;
  for (event_index_ = 0; event_index_ < event_count_;) {
    const epoll_event event = events_[static_cast<std::size_t>(event_index_++)];
    if (event.data.ptr == nullptr) {
      woken = true;
    } else if (event.events != 0) {
      static_cast<EventSink*>(event.data.ptr)->on_events(event.events);
    }
  }
  event_count_ = 0;
  if (woken) run_posted();
}

void EventLoop::run_ready() {
  // Only what is ready now: a waiter that makes itself ready again gives way to I/O first.
  ready_.move_to(running_);
  while (Waiter* waiter = running_.pop()) waiter->run(*waiter);
  turn_end_.move_to(running_);
  while (Waiter* waiter = running_.pop()) waiter->run(*waiter);
}

void EventLoop::run_posted() {
  std::uint64_t drained;
  static_cast<void>(!read(wake_fd_, &drained, sizeof drained));
  std::vector<std::function<void()>> functions;
  {
    const std::lock_guard lock(posted_mutex_);
    functions.swap(posted_);
  }
  for (auto& function : functions) function();
}

}  // namespace gatehouse::io
