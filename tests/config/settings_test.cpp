// SPDX-License-Identifier: Apache-2.0
// Precedence, values, mistakes, --help and the reference of the settings.
#include "config/file/settings.h"

#include <catch2/catch.hpp>
#include <set>

#include "config/file/setting_table.h"
#include "config/file/setting_values.h"
#include "config/file/usable_cpus.h"
#include "temp_folder.h"

using namespace gatehouse;
using namespace gatehouse::file;
using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

namespace {

ParsedSettings parse(Texts arguments, std::map<std::string, std::string> environment = {}) {
  return parse_settings({std::move(arguments), std::move(environment)});
}

Settings good(Texts arguments, std::map<std::string, std::string> environment = {}) {
  const auto parsed = parse(std::move(arguments), std::move(environment));
  for (const auto& error : parsed.errors) UNSCOPED_INFO(error);
  REQUIRE(parsed.errors.empty());
  return parsed.settings;
}

std::string only_error(Texts arguments, std::map<std::string, std::string> environment = {}) {
  const auto parsed = parse(std::move(arguments), std::move(environment));
  for (const auto& error : parsed.errors) UNSCOPED_INFO(error);
  REQUIRE(parsed.errors.size() == 1);
  return parsed.errors[0];
}

struct Fixture {
  test::TempFolder folder;
  std::string file = folder.path("s.yaml");
  Texts with_file(const std::string& text, Texts more = {}) {
    folder.write("s.yaml", text);
    more.insert(more.begin(), {"--settings", file});
    return more;
  }
};

}  // namespace

TEST_CASE("without input every setting has its default") {
  const auto s = good({});
  CHECK(s.controller_names == Texts{"gatehouse.dev/gateway-controller"});
  CHECK(s.limits == ir::HttpLimits{});
  CHECK(s.pool == ir::PoolLimits{});
  CHECK(s.admin_address->to_string() == "127.0.0.1:9901");
  CHECK(s.access_log == "off");
  CHECK_FALSE(s.via);
}

TEST_CASE_METHOD(Fixture, "the zone comes from flag, environment or file, and is not empty") {
  CHECK(good({}).zone.empty());
  CHECK(good({"--zone", "eu-1a"}).zone == "eu-1a");
  CHECK(good({}, {{"GATEHOUSE_ZONE", "eu-1b"}}).zone == "eu-1b");
  CHECK(good(with_file("zone: eu-1c\n")).zone == "eu-1c");
  CHECK_THAT(only_error({"--zone", ""}), Catch::Contains("zone"));
}

TEST_CASE_METHOD(Fixture, "a flag beats the environment, which beats the file, which beats the default") {
  const std::string text = "workers: 2\nmax-series: 3\nvia: on\n";
  const auto s =
      good(with_file(text, {"--workers", "4"}), {{"GATEHOUSE_WORKERS", "8"}, {"GATEHOUSE_MAX_SERIES", "9"}});
  CHECK(s.workers == 4);
  CHECK(s.max_series == 9);
  CHECK(s.via);
  CHECK(s.drain_delay == 5s);
}

TEST_CASE_METHOD(Fixture, "a list replaces the whole list of a weaker source") {
  const std::string text = "trusted-proxies: [10.0.0.0/8, 192.168.0.0/16]\ncontroller-name: a.b/file\n";
  const auto s = good(with_file(text, {"--trusted-proxies=172.16.0.0/12"}));
  REQUIRE(s.trusted_proxies.size() == 1);
  CHECK(s.trusted_proxies[0] == Cidr::parse("172.16.0.0/12"));
  CHECK(s.controller_names == Texts{"a.b/file"});
}

TEST_CASE("the settings file may be named by the environment, a flag beats that") {
  test::TempFolder folder;
  folder.write("a.yaml", "workers: 1\n");
  folder.write("b.yaml", "workers: 2\n");
  const std::map<std::string, std::string> environment{{"GATEHOUSE_SETTINGS", folder.path("a.yaml")}};
  CHECK(good({}, environment).workers == 1);
  CHECK(good({"--settings", folder.path("b.yaml")}, environment).workers == 2);
}

TEST_CASE("lists come from repeated flags, commas and environment") {
  const auto s = good(
      {"-f", "a.yaml", "--file=b,c.yaml", "--bind", "127.0.0.1,::1", "--port-map", "80=8080", "--port-map",
       "443=8443"},
      {{"GATEHOUSE_ADDRESS_POOL", "192.0.2.0/28, 192.0.2.64"}, {"GATEHOUSE_CONTROLLER_NAME", "a.b/c,d.e/f"}});
  CHECK(s.files == Texts{"a.yaml", "b,c.yaml"});
  CHECK(s.bind.size() == 2);
  CHECK(s.port_map == std::map<std::uint16_t, std::uint16_t>{{80, 8080}, {443, 8443}});
  CHECK(s.address_pool.size() == 2);
  CHECK(s.controller_names == Texts{"a.b/c", "d.e/f"});
}

TEST_CASE_METHOD(Fixture, "file values may be numbers, booleans, lists and pairs") {
  const auto s =
      good(with_file("workers: 3\nvia: true\nport-map: {80: 8080}\nfile: [a.yaml, b.yaml]\n"
                     "max-body-bytes: 10M\nheader-timeout: 5s\nadmin-address: \"off\"\n"));
  CHECK(s.workers == 3);
  CHECK(s.via);
  CHECK(s.port_map.at(80) == 8080);
  CHECK(s.files.size() == 2);
  CHECK(s.limits.max_body_bytes == 10'000'000);
  CHECK(s.limits.header_timeout == 5s);
  CHECK_FALSE(s.admin_address);
}

TEST_CASE("every row accepts what it prints as its default, and has its own environment name") {
  std::set<std::string> names;
  for (const auto& setting : setting_table()) {
    INFO(setting.name);
    CHECK(names.insert(environment_name(setting.name)).second);
    Settings settings;
    const auto text = setting.field.print(settings);
    if (!text.empty()) CHECK(setting.field.assign(settings, text).empty());
  }
}

TEST_CASE("each row sets a member of its own") {
  const std::map<std::string_view, std::string> values{{"file", "x"},
                                                       {"controller-name", "x.y/z"},
                                                       {"address-pool", "10.0.0.1"},
                                                       {"bind", "10.0.0.1"},
                                                       {"port-map", "80=81"},
                                                       {"trusted-proxies", "10.0.0.1"},
                                                       {"via", "on"},
                                                       {"header-underscores", "allow"},
                                                       {"http10-keep-alive", "on"},
                                                       {"half-close", "keep"},
                                                       {"access-log", "-"},
                                                       {"access-log-format", "$status"},
                                                       {"log-level", "debug"},
                                                       {"trusted-hops", "7"},
                                                       {"http2-connection-window", "100000"},
                                                       {"log-format", "json"},
                                                       {"output", "json"},
                                                       {"dns-server", "127.0.0.1:53"},
                                                       {"kubernetes", "on"},
                                                       {"namespaces", "shop"},
                                                       {"address-mode", "shared"},
                                                       {"gateway-service", "edge/gatehouse"},
                                                       {"gateway", "edge/web"},
                                                       {"leader-election", "off"},
                                                       {"lease", "edge/gatehouse"},
                                                       {"admin-address", "[::1]:1"}};
  for (const auto& setting : setting_table()) {
    INFO(setting.name);
    const auto given = values.find(setting.name);
    const std::string text = given != values.end() ? given->second : setting.value == "TIME" ? "7s" : "1007";
    Settings settings;
    REQUIRE(setting.field.assign(settings, text).empty());
    for (const auto& other : setting_table()) {
      INFO(other.name);
      const bool as_before = other.field.print(settings) == other.field.print(Settings{});
      if (!other.is_list()) CHECK(as_before == (other.name != setting.name));
    }
  }
}

TEST_CASE("unknown settings are errors that name the nearest known one") {
  CHECK(only_error({"--max-header-byte", "1"}) ==
        "--max-header-byte: unknown setting; did you mean max-header-bytes?");
  CHECK(only_error({"--zzz=1"}) == "--zzz: unknown setting");
  CHECK(only_error({"-x"}) == "-x: unknown setting");
  CHECK(only_error({}, {{"GATEHOUSE_WORKER", "1"}}) ==
        "GATEHOUSE_WORKER: unknown setting; did you mean GATEHOUSE_WORKERS?");
}

TEST_CASE_METHOD(Fixture, "mistakes in the file carry file, line and column") {
  CHECK(only_error(with_file("via: on\nworker: 2\n")) ==
        file + ":2:9: unknown setting worker; did you mean workers?");
  CHECK(only_error(with_file("workers: x\n")) == file + ":1:10: workers: \"x\" is not a whole number");
  CHECK(only_error(with_file("workers: {a: {b: 1}}\n")) ==
        file + ":1:1: workers: is neither a value nor a list of values");
  CHECK(only_error(with_file("workers: [1\n")).starts_with(file + ":2:1: error: "));
  CHECK(only_error({"--settings", folder.path("none.yaml")}) ==
        folder.path("none.yaml") + ": cannot be read: No such file or directory");
}

TEST_CASE("variables that Kubernetes sets for a Service of our name are nobody's settings") {
  CHECK(parse({}, {{"GATEHOUSE_SERVICE_HOST", "10.0.0.1"},
                   {"GATEHOUSE_SERVICE_PORT", "80"},
                   {"GATEHOUSE_SERVICE_PORT_HTTP", "80"},
                   {"GATEHOUSE_PORT", "tcp://10.0.0.1:80"},
                   {"GATEHOUSE_PORT_80_TCP", "tcp://10.0.0.1:80"},
                   {"GATEHOUSE_PORT_80_TCP_PROTO", "tcp"},
                   {"GATEHOUSE_ADMIN_PORT_9901_TCP_ADDR", "10.0.0.1"},
                   {"OTHER_THING", "1"}})
            .errors.empty());
}

TEST_CASE("command line mistakes are named") {
  CHECK(only_error({"routes.yaml"}) == "routes.yaml: unexpected argument");
  CHECK(only_error({"--workers"}) == "--workers: needs a value");
  CHECK(only_error({"--workers", "1", "--workers", "2"}) == "--workers: is given twice");
  CHECK(only_error({"--settings", "a", "--settings", "b"}) == "--settings: is given twice");
}

TEST_CASE("help is wanted by either flag") {
  CHECK(parse({"--help"}).help_wanted);
  CHECK(parse({"-h"}).help_wanted);
  CHECK_FALSE(parse({}).help_wanted);
}

TEST_CASE("bad values name the setting, the value and the remedy") {
  CHECK(only_error({"--workers", "1025"}) == "--workers: \"1025\" is outside 0 to 1024");
  CHECK(only_error({"--workers", "-1"}) == "--workers: \"-1\" is not a whole number");
  CHECK(only_error({"--max-header-bytes", "64KB"}) ==
        "--max-header-bytes: \"64KB\" is not a size; write 65536, 64Ki or 10M");
  CHECK(only_error({"--max-header-bytes", "5Gi"}) ==
        "--max-header-bytes: \"5Gi\" is outside 256 to 4294967295");
  CHECK(only_error({"--idle-timeout", "10"}) ==
        "--idle-timeout: \"10\" is not a duration; write 500ms, 10s or 1h30m");
  CHECK(only_error({"--idle-timeout", "0s"}) == "--idle-timeout: \"0s\" must be at least 1ms");
  CHECK(only_error({"--via", "yes"}) == "--via: \"yes\" is not one of on, off");
  CHECK(only_error({"--port-map", "80:8080"}) ==
        "--port-map: \"80:8080\" is not a pair of ports; write 80=8080");
  CHECK(only_error({"--port-map", "80=0"}) == "--port-map: \"80=0\" is not a pair of ports; write 80=8080");
  CHECK(only_error({"--bind", "localhost"}) == "--bind: \"localhost\" is not an IP address");
  CHECK(only_error({"--trusted-proxies", "10.0.0.0/33"}) ==
        "--trusted-proxies: \"10.0.0.0/33\" is not an address or CIDR; write 10.0.0.0/8");
  CHECK(only_error({"--admin-address", "9901"}) ==
        "--admin-address: \"9901\" is not an address with a port; write 127.0.0.1:9901, or off");
  CHECK(only_error({"--controller-name", "x"}) ==
        "--controller-name: \"x\" is not a controller name; write domain/path");
  CHECK(only_error({"--access-log", "-", "--access-log-format", "combined"}) ==
        "--access-log-format: \"combined\" is neither json nor a template with $variables");
  CHECK(only_error({"--file", ""}) == "--file: \"\" must not be empty");
}

TEST_CASE("combinations that make no sense are errors") {
  CHECK(only_error({"--max-uri-bytes", "8Ki", "--max-header-bytes", "4Ki"}) ==
        "max-uri-bytes: 8192 is more than max-header-bytes, 4096, which counts the target too");
  CHECK(only_error({"--drain-delay", "10s", "--drain-timeout", "10s"}) ==
        "drain-delay: is not shorter than drain-timeout, so no request could finish");
  CHECK(only_error({"--access-log-format", "$status"}) ==
        "access-log-format: has no effect while access-log is off");
  CHECK(only_error({"--port-map", "80=8080,81=8080"}) ==
        "--port-map: \"81=8080\" maps to port 8080, as port 80 does already");
  CHECK(only_error({"--port-map", "80=8080,80=8081"}) ==
        "--port-map: \"80=8081\" maps port 80 a second time, it goes to 8080 already");
  CHECK(only_error({"--bind", "0.0.0.0,127.0.0.1"}) == "bind: 0.0.0.0 covers 127.0.0.1 already");
  CHECK(only_error({"--bind", "::1,::1"}) == "bind: ::1 is given twice");
}

TEST_CASE("all mistakes are reported at once") {
  CHECK(parse({"--workers", "x", "--nope", "1"}, {{"GATEHOUSE_VIA", "maybe"}}).errors.size() == 3);
}

TEST_CASE("sizes and durations") {
  CHECK(parse_size("64Ki") == 65536);
  CHECK(parse_size("10M") == 10'000'000);
  CHECK(parse_size("5") == 5);
  CHECK_FALSE(parse_size("Ki"));
  CHECK_FALSE(parse_size("99999999999Gi"));
  CHECK(print_size(65536) == "64Ki");
  CHECK(print_size(1000) == "1k");
  CHECK(print_size(1001) == "1001");
  CHECK(print_duration(0ms) == "0s");
  CHECK(print_duration(300s) == "300s");
  CHECK(print_duration(1h) == "1h");
  CHECK(print_duration(5400500ms) == "1h30m500ms");
}

TEST_CASE("--help groups all settings and shows defaults") {
  const auto help = settings_help();
  for (const auto& setting : setting_table())
    CHECK(help.find("--" + std::string(setting.name) + " ") != std::string::npos);
  CHECK(help.find("\nUpstream:\n") != std::string::npos);
  CHECK(help.find("  -f, --file PATH") != std::string::npos);
  CHECK(help.find("[64Ki]") != std::string::npos);
  CHECK(help.find("[gatehouse.dev/gateway-controller]") != std::string::npos);
}

TEST_CASE("the reference lists every setting with its variable") {
  const auto reference = settings_reference();
  CHECK(reference.find("| `--max-header-bytes SIZE` | `GATEHOUSE_MAX_HEADER_BYTES` | `64Ki` |") !=
        std::string::npos);
  CHECK(reference.find("| `--via on\\|off` |") != std::string::npos);
  CHECK(reference.starts_with("## Configuration\n"));
}

TEST_CASE("usable CPUs follow the strictest cgroup quota") {
  test::TempFolder root;
  const unsigned all = usable_cpus(root.path());
  CHECK(all >= 1);
  root.folder("proc/self");
  root.folder("sys/fs/cgroup/pods/one");
  root.write("proc/self/cgroup", "0::/pods/one\n");
  root.write("sys/fs/cgroup/pods/one/cpu.max", "max 100000\n");
  CHECK(usable_cpus(root.path()) == all);
  root.write("sys/fs/cgroup/pods/cpu.max", "50000 100000\n");
  CHECK(usable_cpus(root.path()) == 1);
  root.write("sys/fs/cgroup/pods/cpu.max", "6400000 100000\n");
  CHECK(usable_cpus(root.path()) == std::min(all, 64u));
}

TEST_CASE("usable CPUs read the quota of cgroup v1") {
  test::TempFolder root;
  root.folder("proc/self");
  root.folder("sys/fs/cgroup/cpu/a");
  root.write("proc/self/cgroup", "3:cpu,cpuacct:/a\n2:memory:/b\n");
  root.write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "150000");
  root.write("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000");
  CHECK(usable_cpus(root.path()) == std::min(usable_cpus("/nonexistent"), 2u));
}

TEST_CASE("a switch needs no value, and takes one only behind an equals sign") {
  const auto alone = parse_settings({{"--kubernetes", "--address-mode", "pool"}, {}});
  CHECK(alone.errors.empty());
  CHECK(alone.settings.kubernetes.enabled);
  CHECK_FALSE(parse_settings({{"--kubernetes=off"}, {}}).settings.kubernetes.enabled);
  CHECK(parse_settings({{"--kubernetes", "on"}, {}}).errors.size() == 1);
}

TEST_CASE("settings of a cluster that contradict each other are errors that name the remedy") {
  const auto first_error = [](std::vector<std::string> arguments) {
    const auto parsed = parse_settings({std::move(arguments), {}});
    return parsed.errors.empty() ? std::string() : parsed.errors.front();
  };
  CHECK(first_error({"--kubernetes", "-f", "x.yaml"}).find("no place beside it") != std::string::npos);
  CHECK(first_error({"--kubeconfig", "x"}) == "kubeconfig: has no effect without --kubernetes");
  CHECK(first_error({"--kubernetes", "--address-mode", "merged"}).find("--gateway-service") !=
        std::string::npos);
  CHECK(first_error({"--kubernetes", "--address-mode", "dedicated"}).find("--image") != std::string::npos);
  CHECK(first_error({"--kubernetes", "--gateway-service", "web"}).find("namespace/name") !=
        std::string::npos);
  CHECK(first_error({"--kubernetes", "--namespaces", "a,B_"}).find("not the name of a namespace") !=
        std::string::npos);
}
