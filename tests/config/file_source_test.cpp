// SPDX-License-Identifier: Apache-2.0
// Files and folders into the store: what is read, what is kept when something breaks.
#include "config/file/file_source.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "temp_folder.h"

using namespace gatehouse;
using file::FileSource;
using test::namespace_yaml;
using test::TempFolder;

namespace {

namespace fs = std::filesystem;

struct Fixture {
  TempFolder folder;
  objects::ObjectStore store;

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& [name, object] : store.snapshot().namespaces) result.push_back(name);
    return result;
  }
  std::string label(const std::string& name) const {
    return store.snapshot().namespaces.at(name)->meta.labels.at("v");
  }
};

using Names = std::vector<std::string>;

const std::string kBadName = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: two, labels: {v: 2}}\n";

}  // namespace

TEST_CASE_METHOD(Fixture, "a folder's configuration files are read, other names are not") {
  folder.write("a.yaml", namespace_yaml("a"));
  folder.write("b.yml", namespace_yaml("b"));
  folder.write("c.json", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"c"}})");
  for (const auto* other : {".d.yaml", "d.yaml~", ".d.yaml.swp", ".#d.yaml", "#d.yaml#", "d.txt", "4913"})
    folder.write(other, namespace_yaml("d"));
  folder.folder("sub.yaml");
  folder.write("sub.yaml/e.yaml", namespace_yaml("e"));
  FileSource source({folder.path()}, store);
  const auto report = source.load();
  CHECK(names() == Names{"a", "b", "c"});
  CHECK(report.problems.empty());
  CHECK(report.changed);
  CHECK(report.files == Names{folder.path("a.yaml"), folder.path("b.yml"), folder.path("c.json")});
}

TEST_CASE_METHOD(Fixture, "a file given by name may have any name") {
  folder.write("routes.conf", namespace_yaml("a"));
  FileSource source({folder.path("routes.conf")}, store);
  source.load();
  CHECK(names() == Names{"a"});
}

TEST_CASE_METHOD(Fixture, "a file given twice is read once") {
  folder.write("a.yaml", namespace_yaml("a"));
  FileSource source({folder.path("a.yaml"), folder.path() + "/./a.yaml", folder.path()}, store);
  CHECK(source.load().problems.empty());
}

TEST_CASE_METHOD(Fixture, "a second load without edits changes nothing") {
  folder.write("a.yaml", namespace_yaml("a"));
  FileSource source({folder.path()}, store);
  source.load();
  CHECK_FALSE(source.load().changed);
  CHECK(store.generation() == 1);
}

TEST_CASE_METHOD(Fixture, "an edit right after a load is seen, even with the same size") {
  FileSource source({folder.path("a.yaml")}, store);
  for (int i = 0; i < 9; ++i) {
    folder.write("a.yaml", namespace_yaml("a", std::to_string(i)));
    source.load();
    REQUIRE(label("a") == std::to_string(i));
  }
}

TEST_CASE_METHOD(Fixture, "a file that is written in place and has become less waits for the rest") {
  FileSource source({folder.path("a.yaml")}, store);
  folder.write("a.yaml", namespace_yaml("a") + "---\n" + namespace_yaml("b"));
  CHECK_FALSE(source.load().unsettled);
  for (const auto& so_far : {std::string(), namespace_yaml("a")}) {
    folder.write("a.yaml", so_far);
    const auto report = source.load();
    CHECK(report.unsettled);
    CHECK_FALSE(report.changed);
    CHECK(names() == Names{"a", "b"});
  }
  SECTION("the rest comes") {
    folder.write("a.yaml", namespace_yaml("a", "2") + "---\n" + namespace_yaml("b"));
    CHECK_FALSE(source.load().unsettled);
    CHECK(label("a") == "2");
  }
  SECTION("nothing comes") {
    fs::last_write_time(folder.path("a.yaml"), fs::file_time_type::clock::now() - 2 * file::kStampStep);
    CHECK_FALSE(source.load().unsettled);
    CHECK(names() == Names{"a"});
  }
}

TEST_CASE_METHOD(Fixture, "a file that is renamed over another counts at once") {
  FileSource source({folder.path("a.yaml")}, store);
  folder.write("a.yaml", namespace_yaml("a") + "---\n" + namespace_yaml("b"));
  source.load();
  folder.replace("a.yaml", namespace_yaml("a"));
  CHECK_FALSE(source.load().unsettled);
  CHECK(names() == Names{"a"});
}

TEST_CASE_METHOD(Fixture, "a file gone from a folder takes its objects along") {
  folder.write("a.yaml", namespace_yaml("a"));
  folder.write("b.yaml", namespace_yaml("b"));
  FileSource source({folder.path()}, store);
  source.load();
  folder.remove("a.yaml");
  CHECK(source.load().changed);
  CHECK(names() == Names{"b"});
}

TEST_CASE_METHOD(Fixture, "a link in a folder whose target is gone takes its objects along, silently") {
  folder.folder("data");
  folder.write("data/a", namespace_yaml("a"));
  folder.link("data/a", "a.yaml");
  FileSource source({folder.path()}, store);
  source.load();
  CHECK(names() == Names{"a"});
  folder.remove("data/a");
  const auto report = source.load();
  CHECK(report.problems.empty());
  CHECK_FALSE(report.unreadable);
  CHECK(names().empty());
}

TEST_CASE_METHOD(Fixture, "a syntax error keeps the file's last good objects and is fresh once") {
  folder.replace("a.yaml", namespace_yaml("a") + "---\n" + namespace_yaml("b"));
  folder.replace("c.yaml", namespace_yaml("c"));
  FileSource source({folder.path()}, store);
  source.load();
  folder.replace("a.yaml", namespace_yaml("a", "new") + "---\nx: [1\n");
  folder.replace("c.yaml", namespace_yaml("c", "new"));
  const auto report = source.load();
  CHECK(names() == Names{"a", "b", "c"});
  CHECK(label("a") == "1");
  CHECK(label("c") == "new");
  REQUIRE(report.fresh.size() == 1);
  CHECK(report.fresh[0].location.starts_with(folder.path("a.yaml") + ":"));
  CHECK(source.broken_files() == Names{folder.path("a.yaml")});

  const auto again = source.load();
  CHECK(again.problems == report.problems);
  CHECK(again.fresh.empty());

  folder.replace("a.yaml", namespace_yaml("a", "mended"));
  CHECK(source.load().problems.empty());
  CHECK(names() == Names{"a", "c"});
  CHECK(label("a") == "mended");
  CHECK(source.broken_files().empty());
}

TEST_CASE_METHOD(Fixture, "a file that is broken from the start gives nothing") {
  folder.replace("a.yaml", namespace_yaml("a") + "---\nx: [1\n");
  FileSource source({folder.path()}, store);
  CHECK(source.load().problems.size() == 1);
  CHECK(names().empty());
}

TEST_CASE_METHOD(Fixture, "a bad object keeps its own last good version, the rest of the file goes on") {
  folder.replace("a.yaml",
                 namespace_yaml("one") + "---\n" + namespace_yaml("two") + "---\n" + namespace_yaml("three"));
  FileSource source({folder.path()}, store);
  source.load();
  folder.replace("a.yaml", namespace_yaml("one", "new") + kBadName);
  const auto report = source.load();
  CHECK(names() == Names{"one", "two"});
  CHECK(label("one") == "new");
  CHECK(label("two") == "1");
  REQUIRE(report.problems.size() == 1);
  CHECK(report.problems[0].object == "Namespace two");
  CHECK(source.broken_files().empty());
}

TEST_CASE_METHOD(Fixture, "a document that cannot be named keeps every object it could have been") {
  folder.replace("a.yaml", namespace_yaml("one") + "---\n" + namespace_yaml("two"));
  FileSource source({folder.path()}, store);
  source.load();
  folder.replace("a.yaml", namespace_yaml("one", "new") + "---\nkind: Namespace\nkind: Namespace\n");
  CHECK(source.load().problems.size() == 1);
  CHECK(names() == Names{"one", "two"});
  CHECK(label("one") == "new");
}

TEST_CASE_METHOD(Fixture, "the same object in two files names both, the first file wins") {
  folder.replace("a.yaml", namespace_yaml("one", "a"));
  folder.replace("b.yaml", namespace_yaml("one", "b"));
  FileSource source({folder.path("b.yaml"), folder.path("a.yaml")}, store);
  const auto report = source.load();
  REQUIRE(report.problems.size() == 1);
  CHECK(report.problems[0].reason ==
        "is in " + folder.path("a.yaml") + " and in " + folder.path("b.yaml") + "; the first is used");
  CHECK(label("one") == "a");
}

TEST_CASE_METHOD(Fixture, "the same object twice in one file is a problem at the second") {
  folder.replace("a.yaml", namespace_yaml("one", "a") + "---\n" + namespace_yaml("one", "b"));
  FileSource source({folder.path()}, store);
  const auto report = source.load();
  REQUIRE(report.problems.size() == 1);
  CHECK(to_line(report.problems[0]) == folder.path("a.yaml") +
                                           ":5:1: error: Namespace one: is in this file twice; the first is "
                                           "used; keep one");
  CHECK(label("one") == "a");
}

TEST_CASE_METHOD(Fixture, "unknown kinds of all files are named in one warning") {
  const std::string job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: s}\n";
  folder.write("a.yaml", job + job);
  folder.write("b.yaml", job + "---\napiVersion: apps/v1\nkind: Deployment\n");
  FileSource source({folder.path()}, store);
  for (int round = 0; round < 2; ++round) {
    const auto report = source.load();
    REQUIRE(report.problems.size() == 1);
    CHECK(to_line(report.problems[0]) ==
          "warning: skipped kinds that this version does not read: Deployment (apps/v1), Job (batch/v1) x3");
    CHECK(report.fresh.size() == (round == 0 ? 1 : 0));
    CHECK(report.unknown_kinds.at("Job (batch/v1)") == 3);
  }
}

TEST_CASE_METHOD(Fixture, "a path that does not exist is unreadable, and read once it appears") {
  FileSource source({folder.path("later.yaml")}, store);
  const auto report = source.load();
  CHECK(report.unreadable);
  REQUIRE(report.problems.size() == 1);
  CHECK(report.problems[0].reason == "cannot be read: No such file or directory");
  folder.write("later.yaml", namespace_yaml("a"));
  CHECK_FALSE(source.load().unreadable);
  CHECK(names() == Names{"a"});
}

TEST_CASE_METHOD(Fixture, "a named file or a folder that vanishes keeps its objects") {
  folder.folder("conf");
  folder.write("conf/a.yaml", namespace_yaml("a"));
  folder.write("b.yaml", namespace_yaml("b"));
  FileSource source({folder.path("conf"), folder.path("b.yaml")}, store);
  source.load();
  folder.remove("conf");
  folder.remove("b.yaml");
  const auto report = source.load();
  CHECK(report.unreadable);
  CHECK(report.problems.size() >= 2);
  CHECK(names() == Names{"a", "b"});
}

TEST_CASE_METHOD(Fixture, "a pipe is refused instead of waited for") {
  REQUIRE(::system(("mkfifo " + folder.path("p.yaml")).c_str()) == 0);
  FileSource source({folder.path()}, store);
  CHECK(source.load().problems.at(0).reason == "cannot be read: not a regular file");
}

TEST_CASE_METHOD(Fixture, "a symbolic link that leads elsewhere is read again") {
  folder.folder("v1");
  folder.folder("v2");
  folder.write("v1/a.yaml", namespace_yaml("a", "1"));
  folder.write("v2/a.yaml", namespace_yaml("a", "2"));
  folder.link("v1", "data");
  folder.folder("conf");
  folder.link("../data/a.yaml", "conf/a.yaml");
  FileSource source({folder.path("conf")}, store);
  source.load();
  CHECK(label("a") == "1");
  folder.link("v2", "data.tmp");
  folder.rename("data.tmp", "data");
  source.load();
  CHECK(label("a") == "2");
}
