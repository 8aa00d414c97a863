// SPDX-License-Identifier: Apache-2.0
// Any bytes from an HTTP/2 peer, in any segments, into a session of either side. Checks that no head with a
// broken rule gets through, that bodies stay within the window, and that the session always ends.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/field_syntax.h"
#include "proxy/http2_session.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::proxy;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Takes every stream; answers heads at once, reads bodies as they come.
class Peer final : public Http2Host {
 public:
  Peer(io::EventLoop& event_loop, io::BufferPool& buffer_pool, Http2Session::Role role)
      : loop(event_loop), buffers(buffer_pool), session(event_loop, buffer_pool, *this, options(role)) {}

  struct Stream {
    Stream(io::EventLoop& loop, io::BufferPool& buffers, Side side) : channel(loop, buffers, side) {
      channel.begin(arena);
    }
    Arena arena;
    Http2Channel channel;
  };

  Http2Channel* accept_stream() override {
    if (streams.size() > 200) return nullptr;
    streams.push_back(std::make_unique<Stream>(loop, buffers, Side::downstream));
    return &streams.back()->channel;
  }
  void head_received(Http2Channel& channel) override {
    check_head(channel);
    const std::array<HeaderField, 2> head{HeaderField{":status", "200"}, HeaderField{"x-a", "b"}};
    channel.submit_response(head, Http2Body::none);
  }
  void stream_closed(Http2Channel&) override {}
  void capacity_changed() override {}
  void session_ended() override { ended = true; }

  void check_head(Http2Channel& channel) {
    for (const auto& field : channel.next_head()) {
      require(http::is_field_value(field.value));
      const auto name = field.name.substr(field.name.starts_with(':') ? 1 : 0);
      require(http::name_syntax(name) != http::NameSyntax::invalid);
      require(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
    }
  }
  /// Reads what is there, but of every other stream only half.
  void read_bodies() {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      auto& channel = streams[i]->channel;
      const auto chunk = channel.buffered_body();
      channel.consume_body(i % 2 == 0 ? chunk.data.size() : chunk.data.size() / 2);
      require(chunk.data.size() <= options(Http2Session::Role::server).limits.stream_window);
    }
  }
  void open_request() {
    streams.push_back(std::make_unique<Stream>(loop, buffers, Side::upstream));
    const std::array<HeaderField, 4> head{HeaderField{":method", "GET"}, HeaderField{":scheme", "http"},
                                          HeaderField{":authority", "a.test"}, HeaderField{":path", "/"}};
    session.submit_request(streams.back()->channel, head, Http2Body::none);
  }

  static Http2Session::Options options(Http2Session::Role role) {
    Http2Session::Options made;
    made.role = role;
    return made;
  }

  io::EventLoop& loop;
  io::BufferPool& buffers;
  Http2Session session;
  std::vector<std::unique_ptr<Stream>> streams;
  bool ended = false;
};

void drain(int fd) {
  std::array<char, 16 * 1024> dropped;
  while (recv(fd, dropped.data(), dropped.size(), MSG_DONTWAIT) > 0) {
  }
}

void run(Http2Session::Role role, std::size_t step, std::string_view bytes) {
  auto loop = io::EventLoop::create();
  require(loop.has_value());
  io::BufferPool buffers;
  std::array<int, 2> fds{};
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  {
    Peer peer(**loop, buffers, role);
    require(peer.session.socket().open(fds[0]));
    require(peer.session.start());
    if (role == Http2Session::Role::client) peer.open_request();
    while (!bytes.empty() && !peer.ended) {
      const auto part = bytes.substr(0, step);
      if (send(fds[1], part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) break;
      bytes.remove_prefix(part.size());
      (*loop)->turn(Duration::zero());
      (*loop)->turn(Duration::zero());
      peer.read_bodies();
      drain(fds[1]);
    }
    if (role == Http2Session::Role::client)
      for (const auto& stream : peer.streams) peer.check_head(stream->channel);
    close(fds[1]);
    for (int i = 0; i < 8 && !peer.ended; ++i) (*loop)->turn(Duration::zero());
    require(peer.ended);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto role = data[0] % 2 == 0 ? Http2Session::Role::server : Http2Session::Role::client;
  const std::size_t step = data[1] == 0 ? 4096 : data[1];
  std::string bytes;
  // Without the preface hardly an input would come any further.
  if (role == Http2Session::Role::server) bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  bytes.append(reinterpret_cast<const char*>(data) + 2, size - 2);
  run(role, step, bytes);
  return 0;
}
