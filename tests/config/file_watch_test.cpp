// SPDX-License-Identifier: Apache-2.0
// Real inotify: every way in which people and programs change files is seen, and noise is not.
#include "config/file/file_watch.h"

#include <poll.h>

#include <catch2/catch.hpp>
#include <memory>

#include "temp_folder.h"

using namespace gatehouse;
using file::FileWatch;
using test::TempFolder;

namespace {

/// Waits until something relevant happened; inotify queues events before the change returns, so the bound is
/// only for a failing test.
bool sees(FileWatch& watch) {
  constexpr int kBound = 2000;
  pollfd entry{watch.fd(), POLLIN, 0};
  while (::poll(&entry, 1, kBound) == 1)
    if (watch.drain()) return true;
  return false;
}

/// Events are in the queue when the change returns: nothing relevant now means nothing relevant at all.
bool is_quiet(FileWatch& watch) {
  return !watch.drain();
}

}  // namespace

TEST_CASE("a file rewritten in place is seen") {
  TempFolder folder;
  folder.write("a.yaml", "a: 1");
  FileWatch watch({folder.path("a.yaml")});
  CHECK(is_quiet(watch));
  folder.write("a.yaml", "a: 2");
  CHECK(sees(watch));
  CHECK(is_quiet(watch));
}

TEST_CASE("a rename over a file is seen, time and again") {
  TempFolder folder;
  folder.write("a.yaml", "a: 1");
  FileWatch watch({folder.path("a.yaml")});
  for (int i = 0; i < 5; ++i) {
    folder.replace("a.yaml", "a: 2");
    CHECK(sees(watch));
  }
}

TEST_CASE("files that come to and go from a folder are seen") {
  TempFolder folder;
  FileWatch watch({folder.path()});
  folder.write("a.yaml", "a: 1");
  CHECK(sees(watch));
  folder.rename("a.yaml", "b.yml");
  CHECK(sees(watch));
  folder.remove("b.yml");
  CHECK(sees(watch));
  folder.link("/dev/null", "c.json");
  CHECK(sees(watch));
}

TEST_CASE("editors' temporary files and other names are not seen") {
  TempFolder folder;
  folder.write("a.yaml", "a: 1");
  FileWatch watch({folder.path()});
  for (const auto* name : {".a.yaml.swp", "a.yaml~", ".#a.yaml", "4913", "notes.txt", ".hidden.yaml"}) {
    folder.write(name, "x");
    folder.remove(name);
  }
  CHECK(is_quiet(watch));
}

TEST_CASE("neighbours of a file given by name are not seen") {
  TempFolder folder;
  folder.write("a.yaml", "a: 1");
  FileWatch watch({folder.path("a.yaml")});
  folder.write("b.yaml", "b: 1");
  CHECK(is_quiet(watch));
}

TEST_CASE("a file just created is not seen before it is closed") {
  TempFolder folder;
  FileWatch watch({folder.path()});
  std::ofstream file(folder.path("a.yaml"));
  file << "a: 1" << std::flush;
  CHECK(is_quiet(watch));
  file.close();
  CHECK(sees(watch));
}

TEST_CASE("a ConfigMap's swap of ..data is seen, time and again") {
  TempFolder folder;
  folder.folder("..1");
  folder.write("..1/a.yaml", "a: 1");
  folder.link("..1", "..data");
  folder.link("..data/a.yaml", "a.yaml");
  FileWatch watch({folder.path()});
  for (int i = 2; i < 5; ++i) {
    const auto next = ".." + std::to_string(i);
    folder.folder(next);
    folder.write(next + "/a.yaml", "a: 2");
    CHECK(is_quiet(watch));
    folder.link(next, "..data_tmp");
    folder.rename("..data_tmp", "..data");
    CHECK(sees(watch));
    folder.remove(".." + std::to_string(i - 1));
    watch.drain();
  }
}

TEST_CASE("the target of a symbolic link is watched where it stands") {
  TempFolder folder;
  folder.folder("real");
  folder.folder("conf");
  folder.write("real/a.yaml", "a: 1");
  folder.link(folder.path("real/a.yaml"), "conf/a.yaml");
  FileWatch watch({folder.path("conf")});
  folder.write("real/a.yaml", "a: 2");
  CHECK(sees(watch));
  folder.write("real/b.yaml", "b: 1");
  CHECK(is_quiet(watch));
}

TEST_CASE("a folder that is itself a symbolic link may be switched") {
  TempFolder folder;
  folder.folder("v1");
  folder.folder("v2");
  folder.link("v1", "conf");
  FileWatch watch({folder.path("conf")});
  folder.link("v2", "conf.tmp");
  folder.rename("conf.tmp", "conf");
  CHECK(sees(watch));
  folder.write("v2/a.yaml", "a: 1");
  CHECK(sees(watch));
}

TEST_CASE("a path that does not exist yet is seen when it appears") {
  TempFolder folder;
  FileWatch watch({folder.path("later/conf")});
  folder.folder("later");
  CHECK(sees(watch));
  folder.folder("later/conf");
  CHECK(sees(watch));
  folder.write("later/conf/a.yaml", "a: 1");
  CHECK(sees(watch));
}

TEST_CASE("a folder deleted and made again is watched again") {
  TempFolder folder;
  folder.folder("conf");
  FileWatch watch({folder.path("conf")});
  folder.remove("conf");
  CHECK(sees(watch));
  folder.folder("conf");
  CHECK(sees(watch));
  folder.write("conf/a.yaml", "a: 1");
  CHECK(sees(watch));
}

TEST_CASE("a loop of symbolic links ends") {
  TempFolder folder;
  folder.link("b.yaml", "a.yaml");
  folder.link("a.yaml", "b.yaml");
  FileWatch watch({folder.path("a.yaml")});
  folder.remove("b.yaml");
  CHECK(sees(watch));
  CHECK(watch.error().empty());
}
