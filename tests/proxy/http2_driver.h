// SPDX-License-Identifier: Apache-2.0
// The client's side of the exchange scenarios over real HTTP/2: an nghttp2 client on a socket of the
// loopback.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "tests/proxy/exchange_driver.h"

namespace gatehouse::proxy {

/// One request per driver; the connection is its own.
class Http2Driver {
 public:
  static constexpr bool kMultiplexed = false;

  explicit Http2Driver(ExchangeRig& rig) : rig_(rig), socket_(test::WireSocket::connect(rig.address())) {
    nghttp2_session_callbacks* callbacks = nullptr;
    REQUIRE(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_close);
    REQUIRE(nghttp2_session_client_new(&session_, callbacks, this) == 0);
    nghttp2_session_callbacks_del(callbacks);
    REQUIRE(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0) == 0);
    rig_.on_round([this] { poll(); });
  }
  ~Http2Driver() {
    rig_.on_round({});
    socket_.close();
    rig_.settle();
    nghttp2_session_del(session_);
  }
  Http2Driver(const Http2Driver&) = delete;
  Http2Driver& operator=(const Http2Driver&) = delete;

  void begin(const ClientRequest& request) {
    is_tunnel_ = request.fields.find("Upgrade: websocket") != std::string::npos;
    add(":method", is_tunnel_ ? "CONNECT" : request.method);
    if (is_tunnel_) add(":protocol", "websocket");
    add(":scheme", "http");
    add(":authority", "a.test");
    add(":path", request.path);
    if (!is_tunnel_) add_lines(request.fields);
    const auto native = natives(head_);
    const bool has_body = is_tunnel_ || request.body == ClientRequest::Body::streamed;
    nghttp2_data_provider provider{};
    provider.read_callback = &read_body;
    id_ = nghttp2_submit_request(session_, nullptr, native.data(), native.size(),
                                 has_body ? &provider : nullptr, nullptr);
    REQUIRE(id_ > 0);
  }
  void send_body(std::string_view bytes) {
    body_to_send_ += bytes;
    nghttp2_session_resume_data(session_, id_);
  }
  void end_body(const Trailers& trailers = {}) {
    trailers_to_send_ = trailers;
    end_to_send_ = true;
    nghttp2_session_resume_data(session_, id_);
  }
  void send_raw(std::string_view bytes) { send_body(bytes); }
  void leave() { socket_.reset(); }
  void pause_reading() { reads_ = false; }
  void resume_reading() { reads_ = true; }

  const std::vector<int>& interim() const { return interim_; }
  int status() const { return is_tunnel_ && status_ == 200 ? 101 : status_; }
  bool is_complete() const { return ended_; }
  bool is_over() const { return ended_ || closed_ || disconnected_; }
  bool is_closed() const { return disconnected_; }
  /// RST_STREAM of the gateway.
  std::uint32_t close_code() const { return close_code_; }
  std::string body() const { return body_; }
  std::string tunnelled() const { return body_; }
  std::string field(std::string_view name) const { return find(fields_, name); }
  bool has_trailer(std::string_view name) const { return !find(trailers_, name).empty(); }
  std::vector<std::string> broken_rules() const { return {}; }
  std::size_t client_bytes_left() const { return body_to_send_.size() - body_taken_ + unsent_.size(); }

 private:
  static std::string find(const Trailers& fields, std::string_view wanted) {
    for (const auto& [name, value] : fields)
      if (equals_ignoring_case(name, wanted)) return value;
    return {};
  }
  void add(std::string name, std::string value) { head_.emplace_back(std::move(name), std::move(value)); }
  void add_lines(std::string_view lines) {
    for (auto end = lines.find("\r\n"); end != std::string_view::npos; end = lines.find("\r\n")) {
      const auto line = lines.substr(0, end);
      const auto colon = line.find(": ");
      add(lower_case(line.substr(0, colon)), std::string(line.substr(colon + 2)));
      lines.remove_prefix(end + 2);
    }
  }
  static std::vector<nghttp2_nv> natives(Trailers& fields) {
    std::vector<nghttp2_nv> made;
    for (auto& [name, value] : fields) {
      name = lower_case(name);
      made.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                      reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                      NGHTTP2_NV_FLAG_NONE});
    }
    return made;
  }

  void poll() {
    if (!socket_.is_open() || disconnected_) return;
    if (reads_) read();
    const std::uint8_t* bytes = nullptr;
    while (unsent_.size() < 64 * 1024) {
      const auto size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) break;
      unsent_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    while (!unsent_.empty()) {
      const auto n = ::send(socket_.fd(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n <= 0) break;
      unsent_.erase(0, static_cast<std::size_t>(n));
    }
  }
  void read() {
    std::string bytes;
    using Got = test::WireSocket::Got;
    const auto got = socket_.read(bytes, std::chrono::milliseconds(0));
    if (!bytes.empty())
      REQUIRE(nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                       bytes.size()) >= 0);
    disconnected_ = got == Got::end || got == Got::reset;
  }

  static Http2Driver& self(void* user) { return *static_cast<Http2Driver*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t n,
                       const std::uint8_t* value, std::size_t v, std::uint8_t, void* user) {
    auto& driver = self(user);
    const std::string key(reinterpret_cast<const char*>(name), n);
    const std::string text(reinterpret_cast<const char*>(value), v);
    if (key == ":status") {
      const int status = std::atoi(text.c_str());
      status < 200 ? driver.interim_.push_back(status) : static_cast<void>(driver.status_ = status);
    } else if (driver.head_done_) {
      driver.trailers_.emplace_back(key, text);
    } else if (driver.status_ != 0) {
      driver.fields_.emplace_back(key, text);
    }
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size,
                     void* user) {
    self(user).body_.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto& driver = self(user);
    const bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (frame->hd.type == NGHTTP2_HEADERS && driver.status_ != 0) driver.head_done_ = true;
    if (is_message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) driver.ended_ = true;
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t, std::uint32_t code, void* user) {
    self(user).closed_ = true;
    self(user).close_code_ = code;
    return 0;
  }
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* into, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    auto& driver = self(user);
    const std::size_t size = std::min(room, driver.body_to_send_.size() - driver.body_taken_);
    if (size == 0 && !driver.end_to_send_) return NGHTTP2_ERR_DEFERRED;
    std::copy_n(driver.body_to_send_.data() + driver.body_taken_, size, into);
    driver.body_taken_ += size;
    if (driver.body_taken_ < driver.body_to_send_.size() || !driver.end_to_send_)
      return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (driver.trailers_to_send_.empty()) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const auto native = natives(driver.trailers_to_send_);
    nghttp2_submit_trailer(session, id, native.data(), native.size());
    return static_cast<ssize_t>(size);
  }

  ExchangeRig& rig_;
  test::WireSocket socket_;
  nghttp2_session* session_ = nullptr;
  std::int32_t id_ = 0;
  Trailers head_;
  std::string unsent_;
  std::string body_to_send_;
  std::size_t body_taken_ = 0;
  Trailers trailers_to_send_;
  std::vector<int> interim_;
  int status_ = 0;
  Trailers fields_;
  Trailers trailers_;
  std::string body_;
  std::uint32_t close_code_ = 0;
  bool is_tunnel_ = false;
  bool end_to_send_ = false;
  bool head_done_ = false;
  bool ended_ = false;
  bool closed_ = false;
  bool disconnected_ = false;
  bool reads_ = true;
};

/// The same client, and HTTP/2 between the gateway and its backend.
template <class Driver>
class ToHttp2Backend : public Driver {
 public:
  explicit ToHttp2Backend(ExchangeRig& rig) : Driver(rig) {}
};

template <class Driver>
struct RigOf {
  using Type = ExchangeRig;
};
template <class Driver>
struct RigOf<ToHttp2Backend<Driver>> {
  using Type = Http2BackendRig;
};
template <class Driver>
using RigFor = typename RigOf<Driver>::Type;

}  // namespace gatehouse::proxy
