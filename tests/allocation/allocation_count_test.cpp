// SPDX-License-Identifier: Apache-2.0
// The counter of allocations: hooks of the sanitizers' allocator, or malloc itself interposed.
#include "tests/allocation/allocation_count.h"

#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace gatehouse::test {
namespace {

constexpr std::size_t kMostPrefix = 16;

std::atomic<bool> g_counting{false};
std::atomic<std::uint64_t> g_allocations{0};
std::atomic<std::uint64_t> g_first_size{0};
std::array<char, kMostPrefix> g_prefix{};

bool is_counted_thread() {
  std::array<char, kMostPrefix> name{};
  prctl(PR_GET_NAME, name.data());
  return std::strncmp(name.data(), g_prefix.data(), std::strlen(g_prefix.data())) == 0;
}

void note_allocation(std::size_t size) {
  if (!g_counting.load(std::memory_order_acquire) || !is_counted_thread()) return;
  if (g_allocations.fetch_add(1, std::memory_order_relaxed) == 0) g_first_size.store(size);
}

}  // namespace

AllocationCount::AllocationCount(std::string_view thread_prefix) {
  g_prefix.fill('\0');
  thread_prefix.copy(g_prefix.data(), kMostPrefix - 1);
  g_allocations = 0;
  g_first_size = 0;
  g_counting.store(true, std::memory_order_release);
}

AllocationCount::~AllocationCount() {
  g_counting.store(false, std::memory_order_release);
}

std::uint64_t AllocationCount::allocations() const {
  return g_allocations.load();
}
std::uint64_t AllocationCount::first_size() const {
  return g_first_size.load();
}

}  // namespace gatehouse::test

#ifdef GATEHOUSE_SANITIZED

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));

namespace {
const int g_installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t size) { gatehouse::test::note_allocation(size); },
    [](const volatile void*) {});
}  // namespace

#else

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

// operator new ends in malloc or aligned_alloc, so it is counted with them.
void* malloc(std::size_t size) {
  gatehouse::test::note_allocation(size);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  gatehouse::test::note_allocation(count * size);
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  gatehouse::test::note_allocation(size);
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  gatehouse::test::note_allocation(size);
  return __libc_memalign(alignment, size);
}
}

#endif

namespace gatehouse::test {
namespace {

/// Kept from the optimiser's eyes.
void* volatile g_sink;

void allocate_three_ways() {
  g_sink = std::malloc(100);
  std::free(g_sink);
  g_sink = std::calloc(1, 100);
  std::free(g_sink);
  g_sink = ::operator new(100);
  ::operator delete(g_sink);
}

TEST_CASE("allocations of named threads are counted, those of others are not") {
  const AllocationCount count("counted");
  allocate_three_ways();
  std::thread other([] {
    prctl(PR_SET_NAME, "other");
    allocate_three_ways();
  });
  other.join();
  CHECK(count.allocations() == 0);
  std::thread counted([] {
    prctl(PR_SET_NAME, "counted-7");
    allocate_three_ways();
  });
  counted.join();
  CHECK(count.allocations() == 3);
  CHECK(count.first_size() == 100);
}

}  // namespace
}  // namespace gatehouse::test
