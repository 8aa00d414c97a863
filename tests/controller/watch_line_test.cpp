// SPDX-License-Identifier: Apache-2.0
// Pages of lists and lines of watches, as arrivals.
#include "controller/watch_line.h"

#include <catch2/catch.hpp>

namespace gatehouse::controller {
namespace {

using Type = WatchEvent::Type;

const WatchedKind& kind(std::string_view name) {
  const auto* const found = find_watched_kind(name);
  REQUIRE(found);
  return *found;
}

WatchEvent read(std::string_view line, std::string_view of = "HTTPRoute") {
  return read_watch_line(kind(of), "v1", line);
}

constexpr std::string_view kRoute = R"({"type": "MODIFIED", "object": {
  "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
  "metadata": {"name": "cart", "namespace": "shop", "uid": "u-1", "resourceVersion": "77x", "generation": 3},
  "spec": {"hostnames": ["a.example"]},
  "status": {"parents": []}}})";

}  // namespace

TEST_CASE("a changed object arrives decoded, with what a writer of statuses needs") {
  const auto event = read(kRoute);
  REQUIRE(event.type == Type::changed);
  CHECK(event.resource_version == "77x");
  const auto& arrival = event.arrival;
  CHECK(arrival.name == "shop/cart");
  CHECK(arrival.observed.uid == "u-1");
  CHECK(arrival.observed.resource_version == "77x");
  CHECK(arrival.observed.generation == 3);
  CHECK(arrival.observed.api_version == "gateway.networking.k8s.io/v1");
  CHECK(arrival.observed.status == R"({"parents":[]})");
  REQUIRE(arrival.object);
  const auto& route = *std::get<std::shared_ptr<const objects::HttpRoute>>(*arrival.object);
  CHECK(route.hostnames == std::vector<std::string>{"a.example"});
  CHECK(route.meta.resource_version.empty());
  CHECK(route.meta.generation == 3);
}

TEST_CASE("two versions of an object that differ in nothing but the status decode alike") {
  std::string other(kRoute);
  other.replace(other.find("77x"), 3, "78y");
  other.replace(other.find("\"parents\": []"), 13, "\"parents\": [1]");
  const auto before = read(kRoute);
  const auto after = read(other);
  REQUIRE((before.arrival.object && after.arrival.object));
  CHECK(objects::equal_content(*before.arrival.object, *after.arrival.object));
  CHECK(after.arrival.observed.status == R"({"parents":[1]})");
}

TEST_CASE("an object that cannot be decoded arrives as its name and its problems") {
  const auto event = read(R"({"type": "ADDED", "object": {"apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute", "metadata": {"name": "bad", "namespace": "shop", "resourceVersion": "5"},
    "spec": {"rules": "none"}}})");
  REQUIRE(event.type == Type::changed);
  CHECK(event.arrival.name == "shop/bad");
  CHECK_FALSE(event.arrival.object);
  CHECK_FALSE(event.arrival.problems.empty());
}

TEST_CASE("of a Secret nothing but metadata is looked at") {
  const auto event = read(R"({"type": "ADDED", "object": {"kind": "PartialObjectMetadata",
    "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "s", "namespace": "shop", "uid": "u",
    "resourceVersion": "9"}, "data": {"key": "c2VjcmV0"}}})",
                          "Secret");
  REQUIRE(event.type == Type::changed);
  CHECK(event.arrival.name == "shop/s");
  CHECK(event.arrival.observed.resource_version == "9");
  CHECK_FALSE(event.arrival.object);
  CHECK(event.arrival.problems.empty());
}

TEST_CASE("what went is its name, and a bookmark a version") {
  const auto gone =
      read(R"({"type":"DELETED","object":{"metadata":{"name":"a","namespace":"b","resourceVersion":"9"}}})");
  CHECK(gone.type == Type::gone);
  CHECK(gone.arrival.name == "b/a");
  CHECK(gone.resource_version == "9");
  const auto mark = read(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}})");
  CHECK(mark.type == Type::bookmark);
  CHECK(mark.resource_version == "12");
}

TEST_CASE("errors within a watch say whether a list is needed") {
  CHECK(read(R"({"type":"ERROR","object":{"code":410,"message":"too old resource version"}})").type ==
        Type::expired);
  CHECK(read(R"({"type":"ERROR","object":{"code":500,"reason":"Expired"}})").type == Type::expired);
  CHECK(read(R"({"type":"ERROR","object":{"code":504,"message":"Timeout: Too large resource version: 9"}})")
            .type == Type::expired);
  const auto other =
      read(R"({"type":"ERROR","object":{"code":500,"reason":"InternalError","message":"a\nb"}})");
  CHECK(other.type == Type::failed);
  CHECK(other.error == "500 InternalError: a\\u000ab");
}

TEST_CASE("a line that no watch may send is told apart") {
  for (const auto* line : {"", "{", "[]", "null", R"({"type":"ADDED"})", R"({"type":"ADDED","object":3})",
                           R"({"type":"SOMETHING","object":{"metadata":{"name":"a","resourceVersion":"1"}}})",
                           R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})",
                           R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}})"}) {
    CAPTURE(line);
    CHECK(read(line).type == Type::broken);
    CHECK_FALSE(read(line).error.empty());
  }
}

TEST_CASE("items of a list need not say what they are") {
  const auto page = read_list_page(kind("Service"), "v1", R"({"kind":"ServiceList","apiVersion":"v1",
    "metadata":{"resourceVersion":"100","continue":"abc","other":{"name":"no item"}},
    "items":[{"metadata":{"name":"a","namespace":"x","resourceVersion":"1"},"spec":{"ports":[{"port":80}]},
              "status":{"loadBalancer":{}}},
             {"metadata":{"name":"b","namespace":"x","resourceVersion":"2"},"spec":{"ports":[{"port":81}]}}]})");
  CHECK(page.error.empty());
  CHECK(page.resource_version == "100");
  CHECK(page.next == "abc");
  REQUIRE(page.arrivals.size() == 2);
  CHECK(page.arrivals[0].name == "x/a");
  CHECK(page.arrivals[1].name == "x/b");
  REQUIRE(page.arrivals[0].object);
  CHECK(std::holds_alternative<std::shared_ptr<const objects::Service>>(*page.arrivals[0].object));
  CHECK(page.arrivals[0].observed.api_version == "v1");
  CHECK(page.arrivals[0].observed.status.empty());
}

TEST_CASE("an answer that is no list is an error") {
  for (const auto* body : {"", "{}", "[]", "{\"items\":[", "<html>"})
    CHECK(read_list_page(kind("Service"), "v1", body).error == "the answer is no list");
  const auto empty =
      read_list_page(kind("Service"), "v1", R"({"metadata":{"resourceVersion":"1"},"items":null})");
  CHECK(empty.error.empty());
  CHECK(empty.arrivals.empty());
}

}  // namespace gatehouse::controller
