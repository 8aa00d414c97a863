// SPDX-License-Identifier: Apache-2.0
// An HTTP/2 client that writes its frames by hand: what no library would send.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/proxy/exchange_driver.h"

namespace gatehouse::proxy {

namespace frames {

inline std::string number(std::uint32_t value, int bytes) {
  std::string text;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    text.push_back(static_cast<char>(value >> shift & 0xff));
  return text;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload = {}) {
  std::string made = number(static_cast<std::uint32_t>(payload.size()), 3);
  made.push_back(static_cast<char>(type));
  made.push_back(static_cast<char>(flags));
  return made + number(stream, 4) + std::string(payload);
}

/// A literal field without indexing; both texts under 127 bytes.
inline std::string field(std::string_view name, std::string_view value) {
  std::string made(1, '\0');
  made.push_back(static_cast<char>(name.size()));
  made += name;
  made.push_back(static_cast<char>(value.size()));
  return made + std::string(value);
}

inline std::string get(std::string_view more = {}, std::string_view path = "/") {
  return field(":method", "GET") + field(":scheme", "http") + field(":authority", "a.test") +
         field(":path", path) + std::string(more);
}
inline std::string post(std::string_view more = {}) {
  return field(":method", "POST") + field(":scheme", "http") + field(":authority", "a.test") +
         field(":path", "/") + std::string(more);
}

constexpr std::uint8_t kEndStream = NGHTTP2_FLAG_END_STREAM;
constexpr std::uint8_t kEndHeaders = NGHTTP2_FLAG_END_HEADERS;

inline std::string headers(std::uint32_t stream, std::string_view block,
                           std::uint8_t flags = kEndStream | kEndHeaders) {
  return frame(NGHTTP2_HEADERS, flags, stream, block);
}
inline std::string data(std::uint32_t stream, std::string_view bytes, std::uint8_t flags = 0) {
  return frame(NGHTTP2_DATA, flags, stream, bytes);
}
inline std::string reset(std::uint32_t stream, std::uint32_t code = NGHTTP2_CANCEL) {
  return frame(NGHTTP2_RST_STREAM, 0, stream, number(code, 4));
}

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(NGHTTP2_SETTINGS, 0, 0);

}  // namespace frames

struct ReceivedFrame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
};

/// Collects what the gateway sends; answers nothing by itself but SETTINGS.
class FrameClient {
 public:
  explicit FrameClient(ExchangeRig& rig, std::string_view begin = frames::kPreface)
      : rig_(rig), socket_(test::WireSocket::connect(rig.address())), unsent_(begin) {
    REQUIRE(nghttp2_hd_inflate_new(&inflater_) == 0);
    rig_.on_round([this] { poll(); });
  }
  ~FrameClient() {
    rig_.on_round({});
    socket_.close();
    rig_.settle();
    nghttp2_hd_inflate_del(inflater_);
  }
  FrameClient(const FrameClient&) = delete;
  FrameClient& operator=(const FrameClient&) = delete;

  void send(std::string_view bytes) { unsent_ += bytes; }
  /// The gateway's SETTINGS stay without an answer.
  void be_silent() { answers_ = false; }
  void pause_reading() { reads_ = false; }
  void resume_reading() { reads_ = true; }
  bool is_closed() const { return closed_; }
  bool has_sent_all() const { return unsent_.empty(); }
  const std::vector<ReceivedFrame>& received() const { return received_; }

  const ReceivedFrame* find(std::uint8_t type, std::uint32_t stream) const {
    const auto at = std::find_if(received_.begin(), received_.end(), [&](const ReceivedFrame& frame) {
      return frame.type == type && frame.stream == stream;
    });
    return at == received_.end() ? nullptr : &*at;
  }
  /// The code of the last GOAWAY, or -1.
  int goaway() const {
    int code = -1;
    for (const auto& frame : received_)
      if (frame.type == NGHTTP2_GOAWAY) code = static_cast<unsigned char>(frame.payload[7]);
    return code;
  }
  /// The code of the stream's RST_STREAM, or -1.
  int reset_code(std::uint32_t stream) const {
    const auto* frame = find(NGHTTP2_RST_STREAM, stream);
    return frame ? static_cast<unsigned char>(frame->payload[3]) : -1;
  }
  /// Of the final response on the stream; 0 while there is none.
  int status(std::uint32_t stream) const {
    int found = 0;
    for (const auto& [id, status] : statuses_)
      if (id == stream) found = status;
    return found;
  }
  std::string body(std::uint32_t stream) const {
    std::string all;
    for (const auto& frame : received_)
      if (frame.type == NGHTTP2_DATA && frame.stream == stream) all += frame.payload;
    return all;
  }
  bool has_ended(std::uint32_t stream) const {
    return std::any_of(received_.begin(), received_.end(), [&](const ReceivedFrame& frame) {
      const bool is_message = frame.type == NGHTTP2_DATA || frame.type == NGHTTP2_HEADERS;
      return frame.stream == stream && is_message && (frame.flags & NGHTTP2_FLAG_END_STREAM);
    });
  }
  /// A request of its own on `stream` is answered with `status`: the connection still serves.
  bool serves(std::uint32_t stream) {
    const auto requests = [&] {
      std::size_t count = 0;
      for (const auto& backend : rig_.backends()) count += test::all_requests(backend.received).size();
      return count;
    };
    const auto before = requests();
    send(frames::headers(stream, frames::get()));
    if (!rig_.run_until([&] { return requests() > before; })) return false;
    rig_.backends().back().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    return rig_.run_until([&] { return has_ended(stream); }) && status(stream) == 200;
  }

 private:
  void poll() {
    if (!socket_.is_open() || closed_) return;
    while (!unsent_.empty()) {
      const auto n =
          ::send(socket_.fd(), unsent_.data() + sent_, unsent_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n <= 0) break;
      sent_ += static_cast<std::size_t>(n);
      if (sent_ < unsent_.size()) continue;
      unsent_.clear();
      sent_ = 0;
    }
    if (!reads_) return;
    using Got = test::WireSocket::Got;
    const auto got = socket_.read(bytes_, std::chrono::milliseconds(0));
    closed_ = got == Got::end || got == Got::reset;
    while (take_frame()) {
    }
  }
  bool take_frame() {
    constexpr std::size_t kHead = 9;
    if (bytes_.size() < kHead) return false;
    const auto at = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes_[i]));
    };
    const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
    if (bytes_.size() < kHead + size) return false;
    ReceivedFrame frame{static_cast<std::uint8_t>(at(3)), static_cast<std::uint8_t>(at(4)),
                        at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8), bytes_.substr(kHead, size)};
    bytes_.erase(0, kHead + size);
    if (answers_ && frame.type == NGHTTP2_SETTINGS && frame.flags == 0)
      send(frames::frame(NGHTTP2_SETTINGS, 1, 0));
    if (frame.type == NGHTTP2_HEADERS) note_status(frame);
    received_.push_back(std::move(frame));
    return true;
  }
  void note_status(const ReceivedFrame& frame) {
    auto* at = reinterpret_cast<const std::uint8_t*>(frame.payload.data());
    auto left = frame.payload.size();
    for (;;) {
      nghttp2_nv pair{};
      int flags = 0;
      const auto taken = nghttp2_hd_inflate_hd2(inflater_, &pair, &flags, at, left, 1);
      REQUIRE(taken >= 0);
      at += taken;
      left -= static_cast<std::size_t>(taken);
      if (flags & NGHTTP2_HD_INFLATE_EMIT) {
        const std::string name(reinterpret_cast<const char*>(pair.name), pair.namelen);
        const std::string value(reinterpret_cast<const char*>(pair.value), pair.valuelen);
        if (name == ":status") statuses_.emplace_back(frame.stream, std::atoi(value.c_str()));
      }
      if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  ExchangeRig& rig_;
  test::WireSocket socket_;
  std::string unsent_;
  std::size_t sent_ = 0;
  std::string bytes_;
  std::vector<ReceivedFrame> received_;
  std::vector<std::pair<std::uint32_t, int>> statuses_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  bool reads_ = true;
  bool answers_ = true;
  bool closed_ = false;
};

}  // namespace gatehouse::proxy
