// SPDX-License-Identifier: Apache-2.0
// Read buffers and their free list.
#include "base/io/buffer_pool.h"

#include <catch2/catch.hpp>

#include <vector>

namespace gatehouse::io {
namespace {

void put(Buffer& buffer, std::string_view text) {
  buffer.append(text);
}

TEST_CASE("a buffer that is given back is the next one taken") {
  BufferPool pool;
  const char* where = nullptr;
  {
    auto buffer = pool.take();
    where = buffer.data();
  }
  CHECK(pool.free_count() == 1);
  const auto again = pool.take();
  CHECK(again.data() == where);
  CHECK(pool.free_count() == 0);
}

TEST_CASE("the last buffer given back is taken first") {
  BufferPool pool;
  auto first = pool.take();
  auto second = pool.take();
  const char* warm = second.data();
  first = Buffer();
  second = Buffer();
  CHECK(pool.take().data() == warm);
}

TEST_CASE("a reused buffer starts empty") {
  BufferPool pool;
  {
    auto used = pool.take();
    put(used, "secret");
  }
  const auto fresh = pool.take();
  CHECK(fresh.empty());
  CHECK(fresh.capacity() == BufferPool::kBufferSize);
}

TEST_CASE("filled region: commit, consume, compact") {
  BufferPool pool;
  auto buffer = pool.take();
  put(buffer, "abcdef");
  CHECK(buffer.view() == "abcdef");
  buffer.consume(2);
  CHECK(buffer.view() == "cdef");
  CHECK(buffer.room().size() == BufferPool::kBufferSize - 6);
  buffer.compact();
  CHECK(buffer.view() == "cdef");
  CHECK(buffer.room().size() == BufferPool::kBufferSize - 4);
  buffer.consume(4);
  CHECK(buffer.empty());
  CHECK(buffer.room().size() == BufferPool::kBufferSize);
}

TEST_CASE("a moved buffer is given back once") {
  BufferPool pool;
  {
    auto buffer = pool.take();
    put(buffer, "x");
    Buffer other(std::move(buffer));
    CHECK_FALSE(buffer);  // NOLINT(bugprone-use-after-move)
    CHECK(other.view() == "x");
    other = pool.take();
    CHECK(pool.free_count() == 1);
  }
  CHECK(pool.free_count() == 2);
}

TEST_CASE("a burst of buffers is not kept for ever") {
  BufferPool pool;
  {
    std::vector<Buffer> burst;
    for (std::size_t i = 0; i < BufferPool::kMostKept + 100; ++i) burst.push_back(pool.take());
  }
  CHECK(pool.free_count() == BufferPool::kMostKept);
}

TEST_CASE("a buffer of another size never enters the pool") {
  BufferPool pool;
  { CHECK(pool.take_sized(100).capacity() == 100); }
  CHECK(pool.free_count() == 0);
}

}  // namespace
}  // namespace gatehouse::io
