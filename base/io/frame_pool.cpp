// SPDX-License-Identifier: Apache-2.0
#include "base/io/frame_pool.h"

#include <array>
#include <cstdint>
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

constexpr std::size_t kGrain = 128;
constexpr std::size_t kClasses = 32;       // frames up to 4 KiB are pooled
constexpr std::uint32_t kMostKept = 1024;  // per class: a burst gives its memory back

struct FreeFrame {
  FreeFrame* next;
};

struct FreeList {
  FreeFrame* head = nullptr;
  std::uint32_t count = 0;
};

struct ThreadFrames {
  std::array<FreeList, kClasses> lists;
  ~ThreadFrames() {
    for (auto& list : lists) {
      while (list.head) {
        FreeFrame* frame = list.head;
        list.head = frame->next;
        ::operator delete(frame);
      }
    }
  }
};

thread_local ThreadFrames t_frames;

constexpr std::size_t class_of(std::size_t size) {
  return (size + kGrain - 1) / kGrain - 1;
}

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  if (index >= kClasses) return ::operator new(size);
  FreeList& list = t_frames.lists[index];
  if (!list.head) return ::operator new((index + 1) * kGrain);
  FreeFrame* frame = list.head;
  list.head = frame->next;
  --list.count;
  return frame;
}

void release_frame(void* frame, std::size_t size) {
  const std::size_t index = class_of(size);
  if (index >= kClasses) return ::operator delete(frame);
  FreeList& list = t_frames.lists[index];
  if (list.count >= kMostKept) return ::operator delete(frame);
  auto* free = static_cast<FreeFrame*>(frame);
  free->next = list.head;
  list.head = free;
  ++list.count;
}

#endif

}  // namespace gatehouse::io
