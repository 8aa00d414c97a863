// SPDX-License-Identifier: Apache-2.0
// The process log and the ring of the access log.
#include "base/log.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <thread>

#include "base/log_ring.h"

using namespace gatehouse;

namespace {

/// Sends the log to a temporary file and back to standard error at the end.
class CapturedLog {
 public:
  explicit CapturedLog(LogOptions options) : file_(std::tmpfile()) {
    options.to = file_;
    start_log(options);
  }
  ~CapturedLog() {
    start_log(LogOptions{});
    std::fclose(file_);
  }
  std::string text() const {
    std::rewind(file_);
    std::string out(4096, '\0');
    out.resize(std::fread(out.data(), 1, out.size(), file_));
    return out;
  }

 private:
  std::FILE* file_;
};

std::string drain(LogRing& ring) {
  const auto parts = ring.readable();
  const std::string out = std::string(parts[0]) + std::string(parts[1]);
  ring.consume(out.size());
  return out;
}

}  // namespace

TEST_CASE("lines below the level are not written") {
  const CapturedLog log({LogLevel::warning});
  log_info("quiet {}", 1);
  log_warning("loud {}", 2);
  CHECK(log.text().find("quiet") == std::string::npos);
  CHECK(log.text().find(" warning loud 2\n") != std::string::npos);
}

TEST_CASE("a JSON log line stays one object whatever the message holds") {
  const CapturedLog log({LogLevel::info, LogFormat::json});
  log_error("say \"{}\"", "a\nb");
  CHECK(log.text().find(R"("level":"error","message":"say \"a\u000ab\""})") != std::string::npos);
  CHECK(log.text().ends_with("}\n"));
}

TEST_CASE("every log level has a name") {
  CHECK(parse_log_level("debug") == LogLevel::debug);
  CHECK(parse_log_level("off") == LogLevel::off);
  CHECK_FALSE(parse_log_level("verbose"));
}

TEST_CASE("L13 network text is escaped and cut") {
  CHECK(escaped("a\r\nb\x1b[31m\"") == R"(a\u000d\u000ab\u001b[31m\")");
  CHECK(escaped(std::string(600, 'x')) == std::string(512, 'x') + "...");
}

TEST_CASE("a ring gives lines back in order across the wrap") {
  LogRing ring(16);
  std::string out;
  for (const std::string_view line : {"one\n", "three\n", "five5\n", "seven\n", "nine9\n"}) {
    REQUIRE(ring.push(line));
    out += drain(ring);
  }
  CHECK(out == "one\nthree\nfive5\nseven\nnine9\n");
}

TEST_CASE("a full ring refuses the whole line and takes the next one that fits") {
  LogRing ring(16);
  REQUIRE(ring.push("0123456789\n"));
  CHECK_FALSE(ring.push("abcdefgh\n"));
  CHECK(ring.push("abc\n"));
  CHECK(ring.fill() == 15);
  CHECK(drain(ring) == "0123456789\nabc\n");
  CHECK(ring.push("abcdefgh\n"));
}

TEST_CASE("a ring can be filled to the last byte") {
  LogRing ring(8);
  CHECK(ring.push("1234567\n"));
  CHECK_FALSE(ring.push("x"));
  CHECK(drain(ring) == "1234567\n");
}

TEST_CASE("a ring hands lines from one thread to another") {
  LogRing ring(1024);
  constexpr int kLines = 20'000;
  std::thread producer([&ring] {
    for (int at = 0; at < kLines; ++at) {
      const auto line = std::to_string(at) + "\n";
      while (!ring.push(line)) std::this_thread::yield();
    }
  });
  std::string expected, got;
  for (int at = 0; at < kLines; ++at) expected += std::to_string(at) + "\n";
  while (got.size() < expected.size()) got += drain(ring);
  producer.join();
  CHECK(got == expected);
}
