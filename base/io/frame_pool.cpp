// SPDX-License-Identifier: Apache-2.0
#include "base/io/frame_pool.h"

#include <new>

namespace gatehouse::io {

#ifdef GATEHOUSE_SANITIZED

void* allocate_frame(std::size_t size) {
  return ::operator new(size);
}
void release_frame(void* frame, std::size_t) {
  ::operator delete(frame);
}

#else

namespace {

/// Ends with its thread, and with it the frames that nobody needed again.
struct Emptier {
  ~Emptier() {
    for (auto& list : detail::t_frames) {
      while (list.head) {
        auto* frame = list.head;
        list.head = frame->next;
        ::operator delete(frame);
      }
    }
  }
  void wake() {}
};
thread_local Emptier t_emptier;

// The test of the pool calls these from files that are sanitized and see no inline functions.
[[gnu::used]] void* (*const kAllocate)(std::size_t) = &allocate_frame;
[[gnu::used]] void (*const kRelease)(void*, std::size_t) = &release_frame;

}  // namespace

constinit thread_local std::array<detail::FrameList, detail::kFrameClasses> detail::t_frames;

void* detail::make_frame(std::size_t size) {
  t_emptier.wake();  // the first use of a thread-local object is what gets it destroyed
  return ::operator new(size);
}

#endif

}  // namespace gatehouse::io
