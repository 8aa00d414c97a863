// SPDX-License-Identifier: Apache-2.0
// Access log lines, and the thread that writes them.
#include "proxy/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

using namespace gatehouse;
using namespace gatehouse::proxy;
using namespace std::chrono_literals;

namespace {

AccessRecord sample() {
  AccessRecord record;
  record.time = WallTime{} + 1'700'000'000'123ms;
  record.method = "GET";
  record.host = "demo.example.com";
  record.path = "/version";
  record.query = "token=secret";
  record.status = 200;
  record.bytes_out = 150;
  record.duration = 3'400us;
  record.route = "HTTPRoute/default/demo";
  record.cluster = "Service/default/httpbin/80";
  record.endpoint = "127.0.0.1:9001";
  record.upstream_duration = 2'100us;
  record.request_id = "11111111-2222-4333-8444-555555555555";
  record.client = "192.0.2.1";
  record.user_agent = "curl/8";
  return record;
}

std::string line_of(const AccessLogFormat& format, const AccessRecord& record) {
  std::array<char, AccessLogFormat::kMaxLine> buffer;
  return std::string(format.write(record, buffer));
}

std::string template_line(std::string_view text, const AccessRecord& record) {
  const auto compiled = AccessLogFormat::compile(text);
  REQUIRE(std::holds_alternative<AccessLogFormat>(compiled));
  return line_of(std::get<AccessLogFormat>(compiled), record);
}

std::string compile_error(std::string_view text) {
  const auto compiled = AccessLogFormat::compile(text);
  REQUIRE(std::holds_alternative<std::string>(compiled));
  return std::get<std::string>(compiled);
}

/// A directory that is gone after the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "access-log-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

std::unique_ptr<AccessLog> opened(AccessLogOptions options, const std::vector<metrics::Cell*>& dropped) {
  auto log = AccessLog::open(std::move(options), dropped);
  REQUIRE(std::holds_alternative<std::unique_ptr<AccessLog>>(log));
  return std::move(std::get<std::unique_ptr<AccessLog>>(log));
}

AccessLogOptions path_only(const std::string& path) {
  AccessLogOptions options;
  options.path = path;
  options.format = std::get<AccessLogFormat>(AccessLogFormat::compile("$path"));
  return options;
}

}  // namespace

TEST_CASE("the JSON line holds every field with its type") {
  const auto json = nlohmann::json::parse(line_of(AccessLogFormat::json(), sample()));
  CHECK(json["time"] == "2023-11-14T22:13:20.123Z");
  CHECK(json["method"] == "GET");
  CHECK(json["host"] == "demo.example.com");
  CHECK(json["path"] == "/version");
  CHECK(json["protocol"] == "HTTP/1.1");
  CHECK(json["status"] == 200);
  CHECK(json["bytes_out"] == 150);
  CHECK(json["duration"] == 0.003);
  CHECK(json["upstream_duration"] == 0.002);
  CHECK(json["route"] == "HTTPRoute/default/demo");
  CHECK(json["endpoint"] == "127.0.0.1:9001");
  CHECK(json["reason"] == "");
}

TEST_CASE("C6 the JSON line leaves the query out") {
  CHECK(line_of(AccessLogFormat::json(), sample()).find("secret") == std::string::npos);
}

TEST_CASE("L13 hostile values keep the JSON line valid, single and below 4 KiB") {
  const std::string hostile(9'000, '\x01');
  const std::string quotes(9'000, '"');
  auto record = sample();
  record.host = record.method = record.path = record.route = record.cluster = hostile;
  record.user_agent = record.request_id = record.client = record.reason = record.endpoint = quotes;
  record.bytes_in = record.bytes_out = UINT64_MAX;
  record.duration = Duration::max();
  const auto line = line_of(AccessLogFormat::json(), record);
  CHECK(line.size() <= AccessLogFormat::kMaxLine);
  CHECK(line.find('\n') == line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  CHECK(json["path"].get<std::string>().ends_with("\x01..."));
  CHECK(json["user_agent"].get<std::string>().ends_with("\"..."));
}

TEST_CASE("a value as long as its cap is not cut") {
  auto record = sample();
  const std::string host(256, 'h');
  record.host = host;
  CHECK(template_line("$host", record) == host + "\n");
}

TEST_CASE("a template writes text and variables in order") {
  CHECK(template_line("$client \"$method ${uri} $protocol\" $status $bytes_out ${duration}s $$5", sample()) ==
        "192.0.2.1 \"GET /version?token=secret HTTP/1.1\" 200 150 0.003s $5\n");
}

TEST_CASE("L13 a template escapes what came from the network") {
  auto record = sample();
  record.user_agent = "x\"\ny";
  CHECK(template_line("\"$user_agent\"", record) == "\"x\\\"\\u000ay\"\n");
}

TEST_CASE("L13 a long template line is cut at 4 KiB") {
  std::string text;
  for (int at = 0; at < 200; ++at) text += "$route ";
  const auto line = template_line(text, sample());
  CHECK(line.size() == AccessLogFormat::kMaxLine);
  CHECK(line.back() == '\n');
}

TEST_CASE("C6 headers with secrets are no variables") {
  CHECK(compile_error("$authorization").find("unknown variable '$authorization'") == 0);
  CHECK(compile_error("$http_cookie").find("unknown variable '$http_cookie'") == 0);
}

TEST_CASE("a broken template is refused with a reason") {
  CHECK(compile_error("$nope").find("known are $time") != std::string::npos);
  CHECK(compile_error("${path").find("unknown variable") == 0);
  CHECK(compile_error("a $").find("unknown variable") == 0);
  CHECK(compile_error("$path\n") == "a control character in the format");
}

TEST_CASE("lines of all workers reach the file when the log is stopped") {
  const Folder folder;
  metrics::Cell dropped[2];
  auto log = opened(path_only(folder.file("log")), {&dropped[0], &dropped[1]});
  for (int at = 0; at < 1'000; ++at) {
    log->shard(0).record(sample());
    log->shard(1).record(sample());
  }
  REQUIRE(log->stop(10s));
  std::string expected;
  for (int at = 0; at < 2'000; ++at) expected += "/version\n";
  CHECK(content(folder.file("log")) == expected);
  CHECK(dropped[0].read() + dropped[1].read() == 0);
}

TEST_CASE("a line is written without stopping the log") {
  const Folder folder;
  const auto path = folder.file("pipe");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(fcntl(reader, F_SETFL, 0) == 0);
  metrics::Cell dropped;
  const auto log = opened(path_only(path), {&dropped});
  log->shard(0).record(sample());
  char line[64];
  const auto size = read(reader, line, sizeof line);
  close(reader);
  REQUIRE(size > 0);
  CHECK(std::string_view(line, static_cast<std::size_t>(size)) == "/version\n");
}

TEST_CASE("L13 a pipe that nobody reads drops lines and does not hold up the worker or the end") {
  const Folder folder;
  const auto path = folder.file("pipe");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  metrics::Cell dropped;
  auto options = path_only(path);
  options.ring_bytes = 4096;
  const auto log = opened(std::move(options), {&dropped});
  constexpr std::uint64_t kLines = 100'000;
  for (std::uint64_t at = 0; at < kLines; ++at) log->shard(0).record(sample());
  // At most a full pipe (64 KiB) and a full ring got away.
  CHECK(dropped.read() > kLines - 80'000 / 9);
  CHECK_FALSE(log->stop(10ms));
  close(reader);
}

TEST_CASE("a reopened log goes on in a new file") {
  const Folder folder;
  const auto path = folder.file("log");
  metrics::Cell dropped;
  const auto log = opened(path_only(path), {&dropped});
  std::filesystem::rename(path, folder.file("log.1"));
  log->request_reopen();
  while (!std::filesystem::exists(path)) std::this_thread::yield();
  log->shard(0).record(sample());
  REQUIRE(log->stop(10s));
  CHECK(content(path) == "/version\n");
}

TEST_CASE("a log that cannot be opened says why") {
  metrics::Cell dropped;
  const auto log = AccessLog::open(path_only("/nowhere/log"), {&dropped});
  REQUIRE(std::holds_alternative<std::string>(log));
  CHECK(std::get<std::string>(log) == "access log: cannot open /nowhere/log: No such file or directory");
}
