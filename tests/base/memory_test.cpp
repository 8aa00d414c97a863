// SPDX-License-Identifier: Apache-2.0
// Memory of one request and of one thread: Arena and Ref.
#include <catch2/catch.hpp>

#include <string>

#include "base/arena.h"
#include "base/ref.h"

namespace gatehouse {
namespace {

TEST_CASE("arena: copies live until reset") {
  Arena arena(64);
  std::string_view views[100];
  for (int i = 0; i < 100; ++i) views[i] = arena.copy(std::string(static_cast<std::size_t>(i), 'a'));
  for (int i = 0; i < 100; ++i) REQUIRE(views[i] == std::string(static_cast<std::size_t>(i), 'a'));
}

TEST_CASE("arena: concat joins its parts") {
  Arena arena;
  CHECK(arena.concat("a", "", "bc", "d") == "abcd");
  CHECK(arena.concat("", "").empty());
}

TEST_CASE("arena: a warm arena reserves nothing more") {
  Arena arena(1024);
  arena.allocate(500);
  const auto reserved = arena.bytes_reserved();
  for (int i = 0; i < 10; ++i) {
    arena.reset();
    arena.allocate(1000);
    CHECK(arena.bytes_reserved() == reserved);
  }
}

TEST_CASE("arena: what a large request needed is given back at reset") {
  Arena arena(1024);
  arena.allocate(10);
  arena.allocate(1'000'000);
  CHECK(arena.bytes_reserved() >= 1'000'000);
  arena.reset();
  CHECK(arena.bytes_reserved() == 1024);
  Arena first_is_large(1024);
  first_is_large.allocate(1'000'000);
  first_is_large.reset();
  CHECK(first_is_large.bytes_reserved() <= 1024);
}

struct Counted : RefCounted<Counted> {
  explicit Counted(int& to) : alive(to) { ++alive; }
  ~Counted() { --alive; }
  int& alive;
};

TEST_CASE("ref: the last reference deletes") {
  int alive = 0;
  {
    Ref<Counted> first(new Counted(alive));
    Ref<Counted> second = first;
    CHECK(first->refs() == 2);
    first.reset();
    CHECK(alive == 1);
    CHECK(second->refs() == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("ref: a moved reference is not counted twice, assignment to itself is harmless") {
  int alive = 0;
  Ref<Counted> first(new Counted(alive));
  Ref<Counted> second = std::move(first);
  CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move)
  CHECK(second->refs() == 1);
  const Ref<Counted>& same = second;
  second = same;
  CHECK(second->refs() == 1);
  second = Ref<Counted>(new Counted(alive));
  CHECK(alive == 1);
}

}  // namespace
}  // namespace gatehouse
