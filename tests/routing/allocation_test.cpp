// SPDX-License-Identifier: Apache-2.0
// find() allocates nothing: operator new of this test program counts per thread.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <new>

#include "tests/routing/table_builder.h"

namespace {

thread_local std::size_t allocations = 0;

void* counted_or_null(std::size_t size) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

void* counted(std::size_t size) {
  if (void* memory = counted_or_null(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted_or_null(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted_or_null(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace gatehouse;
using namespace gatehouse::routing;
using namespace gatehouse::routing::testing;

TEST_CASE("find allocates nothing, whatever kind of match it meets") {
  constexpr auto kRegex = ir::ValueMatchKind::regex;
  ir::Listener listener;
  std::vector<ir::RouteMatch> matches{
      exact("/exact/path"),
      prefix("/prefix"),
      regex("/regex/[0-9]+/.*"),
      with_header(prefix("/header"), "x-version", "1,2"),
      with_header(prefix("/header-regex"), "x-version", "[0-9,]+", kRegex),
      with_query(prefix("/query"), "a long parameter name, beyond short strings", "x"),
      with_query(prefix("/query-regex"), "q", "[a-z ]+", kRegex),
  };
  listener.routes.push_back({make_route("r", matches), {"*.example.com", "a.example.com"}});
  Ids clusters;
  Ids metrics;
  const auto table = compile(listener, {clusters, metrics});

  const std::vector<HeaderField> headers{{"Accept", "*/*"}, {"X-Version", "1"}, {"X-Version", "2"}};
  const std::string_view query = "a+long%20parameter+name,+beyond+short+strings=x&q=a+b";
  const std::string_view paths[] = {"/exact/path",
                                    "/prefix/and/more",
                                    "/regex/12345/and/a/long/path/behind/it",
                                    "/header",
                                    "/header-regex",
                                    "/query",
                                    "/query-regex/x",
                                    "/none"};
  std::size_t found = 0;
  std::size_t during = 0;
  for (int round = 0; round < 3; ++round) {
    const std::size_t before = allocations;
    for (const std::string_view host :
         {"a.example.com", "a.very.long.host.name.below.a.wildcard.example.com"})
      for (const std::string_view path : paths)
        found += table->find({host, path, query, "GET", headers}) ? 1 : 0;
    during = allocations - before;
  }
  CHECK(found == 3 * 2 * 7);
  // The first round warms the regular expressions' automata.
  CHECK(during == 0);
}

TEST_CASE("the allocation counter counts") {
  const std::size_t before = allocations;
  const auto text = std::make_unique<std::string>(100, 'x');
  CHECK(text->size() == 100);
  CHECK(allocations - before >= 2);
}
