// SPDX-License-Identifier: Apache-2.0
// Sources, identity of unchanged objects, conflicts.
#include "config/objects/object_store.h"

#include <catch2/catch.hpp>

using namespace gatehouse::objects;

namespace {

AnyObject space(const std::string& name, const std::string& label = "1") {
  auto object = std::make_shared<Namespace>();
  object->meta.name = name;
  object->meta.labels["v"] = label;
  return std::shared_ptr<const Namespace>(std::move(object));
}

AnyObject service(const std::string& name) {
  auto object = std::make_shared<Service>();
  object->meta.name = name;
  object->meta.ns = "default";
  return std::shared_ptr<const Service>(std::move(object));
}

std::string label_of(const ObjectStore& store, const std::string& name) {
  return store.snapshot().namespaces.at(name)->meta.labels.at("v");
}

}  // namespace

TEST_CASE("a source's objects appear by kind and full name") {
  ObjectStore store;
  CHECK(store.apply("a", {space("one"), service("web")}));
  CHECK(store.generation() == 1);
  CHECK(store.snapshot().namespaces.size() == 1);
  CHECK(store.snapshot().services.count("default/web") == 1);
  CHECK(store.contributed("a").size() == 2);
}

TEST_CASE("an equal object keeps its pointer and changes nothing") {
  ObjectStore store;
  store.apply("a", {space("one"), space("two")});
  const auto before = store.snapshot();
  CHECK_FALSE(store.apply("a", {space("one"), space("two")}));
  CHECK(store.generation() == 1);
  CHECK(store.apply("a", {space("one"), space("two", "2")}));
  CHECK(store.snapshot().namespaces.at("one") == before.namespaces.at("one"));
  CHECK(store.snapshot().namespaces.at("two") != before.namespaces.at("two"));
}

TEST_CASE("a copy of the snapshot does not see later changes") {
  ObjectStore store;
  store.apply("a", {space("one")});
  const auto before = store.snapshot();
  store.apply("a", {});
  CHECK(before.namespaces.size() == 1);
  CHECK(store.snapshot().namespaces.empty());
  CHECK(store.contributed("a").empty());
}

TEST_CASE("objects a source no longer gives are gone, those of others stay") {
  ObjectStore store;
  store.apply("a", {space("one")});
  store.apply("b", {space("two")});
  CHECK(store.apply("a", {}));
  CHECK(store.snapshot().namespaces.size() == 1);
  CHECK(store.snapshot().namespaces.count("two") == 1);
}

TEST_CASE("the same object in two sources is a problem that names both, and the first by name wins") {
  ObjectStore store;
  store.apply("b.yaml", {space("one", "b")});
  CHECK(store.conflicts().empty());
  CHECK(store.apply("a.yaml", {space("one", "a")}));
  CHECK(label_of(store, "one") == "a");
  REQUIRE(store.conflicts().size() == 1);
  CHECK(
      to_line(store.conflicts()[0]) ==
      "b.yaml: error: Namespace one: is in a.yaml and in b.yaml; the first is used; keep it in one of them");
}

TEST_CASE("a losing source changes nothing until the winner goes") {
  ObjectStore store;
  store.apply("a", {space("one", "a")});
  CHECK_FALSE(store.apply("b", {space("one", "b")}));
  CHECK(store.apply("a", {}));
  CHECK(label_of(store, "one") == "b");
  CHECK(store.conflicts().empty());
}

TEST_CASE("moving an object from one source to another keeps its pointer") {
  ObjectStore store;
  store.apply("a", {space("one")});
  const auto before = store.snapshot();
  store.apply("b", {space("one")});
  store.apply("a", {});
  CHECK(store.snapshot().namespaces.at("one") == before.namespaces.at("one"));
  CHECK(store.generation() == 1);
}

TEST_CASE("of two equal identities in one source the first counts") {
  ObjectStore store;
  store.apply("a", {space("one", "first"), space("one", "second")});
  CHECK(label_of(store, "one") == "first");
}

TEST_CASE("single objects come, change and go without the rest of their source") {
  ObjectStore store;
  store.apply("a", {space("one"), space("two")});
  CHECK(store.upsert("a", {space("two", "2"), space("three")}));
  CHECK_FALSE(store.upsert("a", {space("two", "2")}));
  CHECK(store.contributed("a").size() == 3);
  CHECK(store.remove("a", {"Namespace one", "Namespace nobody"}));
  CHECK_FALSE(store.remove("a", {"Namespace one"}));
  CHECK_FALSE(store.remove("b", {"Namespace two"}));
  CHECK(store.snapshot().namespaces.size() == 2);
  CHECK(label_of(store, "two") == "2");
}

TEST_CASE("an object that its first source takes back is that of the next source") {
  ObjectStore store;
  store.apply("a", {space("one", "first")});
  store.upsert("b", {space("one", "second")});
  CHECK(store.conflicts().size() == 1);
  store.remove("a", {"Namespace one"});
  CHECK(label_of(store, "one") == "second");
  CHECK(store.conflicts().empty());
}

TEST_CASE("the feed names what changed since it was emptied, and nothing else") {
  ObjectStore store;
  store.apply("a", {space("one"), service("web")});
  CHECK(store.snapshot().feed.since == 0);
  CHECK(store.snapshot().feed.objects.size() == 2);
  store.forget_changes();
  store.apply("a", {space("one", "2"), service("web")});
  store.remove("a", {"Service default/web"});
  const auto& feed = store.snapshot().feed;
  CHECK(feed.since == 1);
  CHECK(feed.until == store.generation());
  REQUIRE(feed.objects.size() == 2);
  CHECK(feed.objects[0].kind == "Namespace");
  CHECK(feed.objects[1].kind == "Service");
  CHECK(feed.objects[1].name == "default/web");
  CHECK(feed.store != ObjectStore().snapshot().feed.store);
}

TEST_CASE("a feed that nobody empties stays bounded and says from when on it holds") {
  ObjectStore store;
  for (int i = 0; i < 60'000; ++i) store.upsert("a", {space("one", std::to_string(i))});
  CHECK(store.snapshot().feed.objects.size() <= 50'000);
  CHECK(store.snapshot().feed.since > 0);
  CHECK(store.snapshot().feed.until == 60'000);
}
