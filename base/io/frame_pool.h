// SPDX-License-Identifier: Apache-2.0
// Where coroutine frames live: free lists per thread and size class.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace gatehouse::io {

// allocate_frame and release_frame hand out and take back coroutine frames on the calling thread. A warm pool
// never calls malloc. Frames must be released on the thread that allocated them.

#ifdef GATEHOUSE_SANITIZED

// Under sanitizers every frame is a plain allocation, so that use after free is seen.
void* allocate_frame(std::size_t size);
void release_frame(void* frame, std::size_t size);

#else

namespace detail {

struct FreeFrame {
  FreeFrame* next;
};

/// Frames of one size class, last in first out.
struct FrameList {
  FreeFrame* head = nullptr;
  std::uint32_t count = 0;
};

inline constexpr std::size_t kFrameGrain = 128;
inline constexpr std::size_t kFrameClasses = 32;        ///< frames up to 4 KiB are pooled
inline constexpr std::uint32_t kMostFramesKept = 1024;  ///< per class: a burst gives its memory back

extern constinit thread_local std::array<FrameList, kFrameClasses> t_frames;

/// A new block for frames of up to `size` bytes.
void* make_frame(std::size_t size);

}  // namespace detail

// Inline: the size of a frame is a constant where it is asked for, and a request takes ten of them.
inline void* allocate_frame(std::size_t size) {
  const std::size_t index = (size - 1) / detail::kFrameGrain;
  if (index >= detail::kFrameClasses) return detail::make_frame(size);
  auto& list = detail::t_frames[index];
  if (!list.head) return detail::make_frame((index + 1) * detail::kFrameGrain);
  detail::FreeFrame* frame = list.head;
  list.head = frame->next;
  --list.count;
  return frame;
}

inline void release_frame(void* frame, std::size_t size) {
  const std::size_t index = (size - 1) / detail::kFrameGrain;
  if (index >= detail::kFrameClasses || detail::t_frames[index].count >= detail::kMostFramesKept)
    return ::operator delete(frame);
  auto& list = detail::t_frames[index];
  auto* free = static_cast<detail::FreeFrame*>(frame);
  free->next = list.head;
  list.head = free;
  ++list.count;
}

#endif

}  // namespace gatehouse::io
