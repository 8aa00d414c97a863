// SPDX-License-Identifier: Apache-2.0
// The client's side of the exchange scenarios, over HTTP/1 and over a scripted multiplexed stream.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "proxy/exchange/exchange.h"
#include "proxy/http/http1_codec.h"
#include "tests/proxy/exchange_rig.h"
#include "tests/proxy/scripted_stream.h"

namespace gatehouse::proxy {

struct ClientRequest {
  std::string method = "GET";
  std::string path = "/";
  std::string fields;  ///< whole lines
  enum class Body { none, streamed } body = Body::none;

  /// The head as HTTP/1 writes it; a streamed body is chunked.
  std::string head() const {
    return method + " " + path + " HTTP/1.1\r\nHost: a.test\r\n" + fields +
           (body == Body::streamed ? "Transfer-Encoding: chunked\r\n" : "") + "\r\n";
  }
};

using Trailers = std::vector<std::pair<std::string, std::string>>;

inline std::string hex(std::size_t value) {
  char text[16];
  return std::string(text, std::to_chars(text, text + sizeof text, value, 16).ptr);
}

/// HTTP/1 over the loopback: the acceptor's connection, its stream, its codec.
class Http1Driver {
 public:
  static constexpr bool kMultiplexed = false;

  explicit Http1Driver(ExchangeRig& rig) : rig_(rig), socket_(test::WireSocket::connect(rig.address())) {
    rig_.on_round([this] { poll(); });
  }
  ~Http1Driver() {
    rig_.on_round({});
    socket_.close();
    rig_.settle();
  }
  Http1Driver(const Http1Driver&) = delete;
  Http1Driver& operator=(const Http1Driver&) = delete;

  void begin(const ClientRequest& request) {
    is_head_ = request.method == "HEAD";
    unsent_ += request.head();
  }
  void send_body(std::string_view bytes) {
    unsent_ += hex(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
  }
  void end_body(const Trailers& trailers = {}) {
    unsent_ += "0\r\n";
    for (const auto& [name, value] : trailers) unsent_ += name + ": " + value + "\r\n";
    unsent_ += "\r\n";
  }
  void send_raw(std::string_view bytes) { unsent_ += bytes; }
  void leave() { socket_.reset(); }
  void pause_reading() { reads_ = false; }
  void resume_reading() { reads_ = true; }

  const std::vector<int>& interim() const { return interim_; }
  /// Of the final head, complete or not; 0 before it came.
  int status() const {
    if (response_) return response_->status();
    return rest_.find("\r\n\r\n") == std::string::npos ? 0 : std::atoi(rest_.c_str() + 9);
  }
  bool is_complete() const { return response_.has_value(); }
  /// Complete, or known never to be.
  bool is_over() const { return is_complete() || ended_; }
  bool is_closed() const { return ended_; }
  std::string body() const {
    if (response_) return response_->body;
    const auto at = rest_.find("\r\n\r\n");
    return at == std::string::npos ? "" : rest_.substr(at + 4);
  }
  std::string field(std::string_view name) const { return response_ ? response_->field(name) : ""; }
  bool has_trailer(std::string_view name) const {
    return response_ && lower_case(response_->trailers).find(lower_case(name)) != std::string::npos;
  }
  /// After a 101: what came through.
  std::string tunnelled() const { return rest_; }
  std::vector<std::string> broken_rules() const { return {}; }
  /// What the gateway may have taken from a client whose body goes nowhere: its buffers and the kernel's.
  std::size_t client_bytes_left() const { return unsent_.size(); }

 private:
  void poll() {
    if (!socket_.is_open()) return;
    while (!unsent_.empty()) {
      const auto n = ::send(socket_.fd(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n <= 0) break;
      unsent_.erase(0, static_cast<std::size_t>(n));
    }
    if (!reads_ || ended_) return;
    using Got = test::WireSocket::Got;
    const auto got = socket_.read(rest_, std::chrono::milliseconds(0));
    ended_ = got == Got::end || got == Got::reset;
    parse(got);
  }
  void parse(test::WireSocket::Got got) {
    const auto stream = got == test::WireSocket::Got::end ? test::Stream::ended : test::Stream::open;
    while (!response_) {
      std::string_view left(rest_);
      auto taken =
          test::take_response(left, is_head_ ? test::HasBody::no : test::HasBody::by_framing, stream);
      if (!taken) return;
      rest_ = std::string(left);
      if (taken->status() < 200 && taken->status() != 101) {
        interim_.push_back(taken->status());
      } else {
        response_ = std::move(taken);
      }
    }
  }

  ExchangeRig& rig_;
  test::WireSocket socket_;
  std::string unsent_;
  std::string rest_;
  std::vector<int> interim_;
  std::optional<test::WireMessage> response_;
  bool is_head_ = false;
  bool reads_ = true;
  bool ended_ = false;
};

/// The exchange itself on a stream with windows, as HTTP/2 will drive it.
class MultiplexedDriver {
 public:
  static constexpr bool kMultiplexed = true;
  static constexpr std::size_t kWindow = 64 * 1024;

  explicit MultiplexedDriver(ExchangeRig& rig) : rig_(rig), stream_(rig.loop()) {
    peer_.request_ids = &rig.worker().request_ids;
    peer_.address = *IpAddress::parse("192.0.2.1");
    peer_.address_text = "192.0.2.1";
    peer_.scheme = "http";
    peer_.port_text = "80";
    stream_.open_window(kWindow);
    granted_ = kWindow;
    rig_.on_round([this] { poll(); });
  }
  ~MultiplexedDriver() {
    rig_.on_round({});
    if (started_ && !done_) stream_.client_leaves();
    CHECK(rig_.run_until([this] { return done_ || !started_; }));
  }
  MultiplexedDriver(const MultiplexedDriver&) = delete;
  MultiplexedDriver& operator=(const MultiplexedDriver&) = delete;

  void begin(const ClientRequest& request) {
    head_ = request.head();
    if (request.body == ClientRequest::Body::none && !pending_end_) stream_.client_ends();
    started_ = true;
    io::spawn(run());
  }
  void send_body(std::string_view bytes) { stream_.client_sends(bytes); }
  void end_body(const Trailers& trailers = {}) { stream_.client_ends(trailers); }
  void send_raw(std::string_view bytes) { stream_.client_sends(bytes); }
  void leave() { stream_.client_leaves(); }
  void pause_reading() { reads_ = false; }
  void resume_reading() { reads_ = true; }
  /// Before begin(): the body, or the bytes behind an upgrade request, stay open.
  void keep_open() { pending_end_ = true; }

  const std::vector<int>& interim() const { return stream_.output().interim; }
  int status() const { return stream_.output().status; }
  bool is_complete() const { return stream_.output().ended && !stream_.output().was_reset; }
  bool is_over() const { return is_complete() || done_; }
  std::string body() const { return stream_.output().body; }
  std::string field(std::string_view name) const {
    for (const auto& [key, value] : stream_.output().fields)
      if (equals_ignoring_case(key, name)) return value;
    return {};
  }
  bool has_trailer(std::string_view name) const {
    for (const auto& [key, value] : stream_.output().trailers)
      if (equals_ignoring_case(key, name)) return true;
    return false;
  }
  std::string tunnelled() const { return stream_.output().body; }
  std::vector<std::string> broken_rules() const { return stream_.broken_rules(); }
  std::size_t client_bytes_left() const { return stream_.unsent(); }

  ScriptedStream& stream() { return stream_; }
  bool is_done() const { return done_; }
  const ExchangeOutcome& outcome() const { return *outcome_; }

 private:
  void poll() {
    if (!reads_) return;
    // A client that reads returns credit for what it got.
    const auto wanted = stream_.output().body.size() + kWindow;
    if (wanted <= granted_) return;
    stream_.open_window(wanted - granted_);
    granted_ = wanted;
  }
  Task<> run() {
    REQUIRE_FALSE(http::parse_request_head(head_, scratch_.request));
    REQUIRE_FALSE(
        http::check_request(scratch_.request, rig_.sockets()->first().request_rules, scratch_.arena));
    Exchange exchange(rig_.worker(), stream_, scratch_, rig_.worker().runtime(), *rig_.sockets(), peer_);
    co_await exchange.run();
    outcome_ = exchange.outcome();
    done_ = true;
  }

  ExchangeRig& rig_;
  ScriptedStream stream_;
  Scratch scratch_;
  http::PeerContext peer_;
  std::string head_;
  std::optional<ExchangeOutcome> outcome_;
  std::size_t granted_ = 0;
  bool reads_ = true;
  bool pending_end_ = false;
  bool started_ = false;
  bool done_ = false;
};

}  // namespace gatehouse::proxy
