// SPDX-License-Identifier: Apache-2.0
// HTTP/1 heads: found, parsed into views, checked, and written again.
#include <benchmark/benchmark.h>

#include <string>

#include "proxy/http/head_scanner.h"
#include "proxy/http/http1_codec.h"
#include "proxy/http/request_rules.h"
#include "proxy/http/response_rules.h"

namespace gatehouse::http {
namespace {

const std::string kRequest =
    "GET /shop/items?id=42 HTTP/1.1\r\n"
    "Host: demo.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Cookie: session=0123456789abcdef; theme=dark\r\n"
    "Connection: keep-alive\r\n\r\n";

const std::string kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 150\r\n"
    "Connection: keep-alive\r\n\r\n";

void parse_request(benchmark::State& state) {
  RequestHead head;
  for (auto _ : state) {
    HeadScanner scanner;
    benchmark::DoNotOptimize(scanner.scan(kRequest));
    benchmark::DoNotOptimize(parse_request_head(kRequest, head));
  }
}
BENCHMARK(parse_request);

void parse_and_check_request(benchmark::State& state) {
  RequestHead head;
  Arena arena;
  const RequestRules rules;
  for (auto _ : state) {
    arena.reset();
    benchmark::DoNotOptimize(parse_request_head(kRequest, head));
    benchmark::DoNotOptimize(check_request(head, rules, arena));
  }
}
BENCHMARK(parse_and_check_request);

void parse_and_check_response(benchmark::State& state) {
  ResponseHead head;
  const ResponseRules rules;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_response_head(kResponse, head));
    benchmark::DoNotOptimize(check_response(head, rules));
  }
}
BENCHMARK(parse_and_check_response);

void write_request(benchmark::State& state) {
  RequestHead head;
  Arena arena;
  parse_request_head(kRequest, head);
  RequestLine line;
  line.method = "GET";
  line.path = "/shop/items";
  line.query = "id=42";
  line.has_query = true;
  line.authority = "demo.example.com";
  for (auto _ : state) {
    arena.reset();
    benchmark::DoNotOptimize(write_request_head(arena, line, head.fields));
  }
}
BENCHMARK(write_request);

}  // namespace
}  // namespace gatehouse::http
