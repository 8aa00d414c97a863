// SPDX-License-Identifier: Apache-2.0
// One exchange: the client's side in memory, the backend's side a loopback socket that this thread answers
// itself. Two of its four system calls are the backend's.
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "proxy/exchange/exchange.h"

namespace gatehouse::proxy {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

/// A client without a body that takes everything at once.
class MemoryStream final : public DownstreamStream {
 public:
  explicit MemoryStream(io::EventLoop& loop) : peer_gone_(loop) {}

  Chunk buffered_body() override { return {{}, true}; }
  Task<Result<Chunk>> read_body(WaitLimits) override { return Task<Result<Chunk>>::ready(Chunk{{}, true}); }
  void consume_body(std::size_t) override {}
  const http::HeaderList& trailers() const override { return none_; }
  Task<Result<void>> send_head(http::ResponseHead& head, Chunk first, WaitLimits) override {
    status = head.status;
    benchmark::DoNotOptimize(first.data.data());
    return Task<Result<void>>::ready(Result<void>());
  }
  Task<Result<void>> send_body(Chunk, const http::HeaderList*, WaitLimits) override {
    return Task<Result<void>>::ready(Result<void>());
  }
  void reset(const Error&) override {}
  void start_tunnel() override {}
  io::CancelSource& peer_gone() override { return peer_gone_; }

  int status = 0;

 private:
  io::CancelSource peer_gone_;
  http::HeaderList none_;
};

/// The worker's surroundings of an exchange, with one route to one endpoint.
class Bench final : public RuntimeReaper {
 public:
  Bench() : loop_(std::move(*io::EventLoop::create())), probes_(1) {
    listen_fd_ = socket(AF_INET, SOCK_STREAM, 0);
    const SocketAddress any{*IpAddress::parse("127.0.0.1"), 0};
    sockaddr_storage storage;
    socklen_t size = any.write(storage);
    if (bind(listen_fd_, reinterpret_cast<sockaddr*>(&storage), size) != 0 || listen(listen_fd_, 8) != 0)
      std::abort();
    getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&storage), &size);
    context_ = std::make_unique<WorkerContext>(
        *loop_, WorkerContext::Options{settings_, probes_.of_worker(0), nullptr, *this});
    context_->adopt(make_runtime(SocketAddress::from(storage).port));
    peer_.request_ids = &context_->request_ids;
    peer_.address = *IpAddress::parse("127.0.0.1");
    peer_.address_text = "127.0.0.1";
    peer_.scheme = "http";
    peer_.port_text = "80";
  }
  ~Bench() {
    context_.reset();
    close(backend_fd_);
    close(listen_fd_);
  }
  void take(std::shared_ptr<const Runtime>) override {}

  /// False when the answer was not the backend's.
  bool run_one() {
    MemoryStream stream(*loop_);
    auto scratch = context_->take_scratch();
    fill(scratch->request);
    bool done = false;
    io::spawn(serve(stream, *scratch, done));
    if (backend_fd_ < 0) accept_backend();
    answer();
    while (!done) loop_->turn(std::chrono::milliseconds(100));
    context_->give_back(std::move(scratch));
    return stream.status == 200;
  }

 private:
  Task<> serve(MemoryStream& stream, Scratch& scratch, bool& done) {
    Exchange exchange(*context_, stream, scratch, context_->runtime(),
                      (*context_->runtime())->sockets().front(), peer_);
    co_await exchange.run();
    done = true;
  }

  static void fill(http::RequestHead& head) {
    head.method = http::Method::get;
    head.method_name = "GET";
    head.authority = head.host = "demo.example.com";
    head.path = "/shop/items";
    head.fields.push_back({"Host", "demo.example.com", FieldId::host});
    head.fields.push_back({"User-Agent", "bench", FieldId::other});
    head.fields.push_back({"Accept", "*/*", FieldId::other});
  }

  void accept_backend() {
    loop_->turn(std::chrono::milliseconds(100));
    backend_fd_ = accept(listen_fd_, nullptr, nullptr);
  }

  void answer() {
    std::array<char, 4096> request;
    if (recv(backend_fd_, request.data(), request.size(), 0) <= 0) std::abort();
    if (send(backend_fd_, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) <= 0) std::abort();
  }

  std::shared_ptr<const Runtime> make_runtime(std::uint16_t port) {
    auto route = std::make_shared<ir::HttpRoute>();
    route->key = "HTTPRoute/default/bench";
    ir::RouteRule rule;
    rule.matches.emplace_back();
    rule.backends.push_back({"Service/default/bench/80", 1, 0, {}, {}});
    route->rules = {rule};
    auto listener = std::make_shared<ir::Listener>();
    listener->name = "default/bench/http";
    listener->binds = {{*IpAddress::parse("127.0.0.1"), 80}};
    listener->routes.push_back({route, {}});
    auto cluster = std::make_shared<ir::Cluster>();
    cluster->key = "Service/default/bench/80";
    cluster->endpoints = {{"127.0.0.1", port}};
    auto config = std::make_shared<ir::Config>();
    config->listeners = {listener};
    config->clusters = {cluster};
    Runtime::Input input{config, nullptr, {cluster_ids_, route_ids_}};
    input.settings = &settings_;
    input.probes = &probes_;
    return Runtime::build(input);
  }

  std::unique_ptr<io::EventLoop> loop_;
  Probes probes_;
  ProxySettings settings_;
  routing::Ids cluster_ids_;
  routing::Ids route_ids_;
  std::unique_ptr<WorkerContext> context_;
  http::PeerContext peer_;
  int listen_fd_ = -1;
  int backend_fd_ = -1;
};

void one_exchange(benchmark::State& state) {
  Bench bench;
  for (auto _ : state) {
    if (!bench.run_one()) state.SkipWithError("the backend's answer did not come through");
  }
}
BENCHMARK(one_exchange);

}  // namespace
}  // namespace gatehouse::proxy
