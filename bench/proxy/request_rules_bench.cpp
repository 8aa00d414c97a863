// SPDX-License-Identifier: Apache-2.0
// Cost per request of the rules between parser and router, and of the fields written for the backend.
#include "proxy/http/request_rules.h"

#include <benchmark/benchmark.h>

#include "proxy/http/chunked_decoder.h"
#include "proxy/http/forwarded.h"
#include "proxy/http/hop_headers.h"

namespace gatehouse::http {
namespace {

HeaderList typical_fields() {
  HeaderList fields;
  for (const auto& [name, value] :
       {std::pair{"Host", "demo.example.com"},
        {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101"},
        {"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"},
        {"Accept-Encoding", "gzip, deflate, br"},
        {"Connection", "keep-alive"}})
    fields.push_back({name, value, field_id(name)});
  return fields;
}

RequestHead head_for(std::string_view target) {
  RequestHead head;
  head.method_name = "GET";
  head.target = target;
  head.fields = typical_fields();
  return head;
}

void check_target(benchmark::State& state, std::string_view target) {
  Arena arena;
  auto head = head_for(target);
  const RequestRules rules;
  for (auto _ : state) {
    benchmark::DoNotOptimize(check_request(head, rules, arena));
    benchmark::ClobberMemory();
    arena.reset();
  }
}
BENCHMARK_CAPTURE(check_target, plain, "/api/v1/items/42?page=2");
BENCHMARK_CAPTURE(check_target, with_dot, "/static/app.min.js?v=2");
BENCHMARK_CAPTURE(check_target, escaped, "/caf%c3%a9/%70age");
BENCHMARK_CAPTURE(check_target, dot_segments, "/a/b/../c/./d");
BENCHMARK_CAPTURE(
    check_target, long_path,
    "/api/v1/namespaces/default/services/httpbin/proxy/anything/of/some/length/0123456789abcdef");

/// What a GET costs from the parsed head to the fields that the backend gets.
void forward_fields(benchmark::State& state) {
  Arena arena;
  RequestIdGenerator ids;
  const TrustRules trust;
  const PeerContext peer{&ids, *IpAddress::parse("127.0.0.1"), "127.0.0.1", "http", "80"};
  const auto original = typical_fields();
  auto head = head_for("/api/v1/items/42?page=2");
  head.authority = "demo.example.com";
  for (auto _ : state) {
    head.fields.assign(original.begin(), original.end());
    remove_hop_fields(head.fields, Trailers::dropped);
    write_forwarded(head.fields, decide_forwarded(head, peer, trust, arena));
    benchmark::ClobberMemory();
    arena.reset();
  }
}
BENCHMARK(forward_fields);

void make_request_id(benchmark::State& state) {
  RequestIdGenerator ids;
  char text[RequestIdGenerator::kSize];
  for (auto _ : state) {
    ids.write(text);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(make_request_id);

/// One 16 KiB chunk per iteration, split as a socket would deliver it.
void decode_chunks(benchmark::State& state) {
  const std::string chunk = "4000\r\n" + std::string(16 * 1024, 'x') + "\r\n";
  Arena arena;
  ChunkedDecoder decoder({}, arena);
  for (auto _ : state) {
    std::string_view left = chunk;
    while (!left.empty()) {
      const auto step = decoder.feed(left);
      benchmark::DoNotOptimize(step.data);
      left.remove_prefix(step.consumed);
    }
  }
}
BENCHMARK(decode_chunks);

}  // namespace
}  // namespace gatehouse::http
