// SPDX-License-Identifier: Apache-2.0
// A client that speaks gRPC-Web, seen as one that speaks gRPC.
#pragma once

#include <cstddef>
#include <string>

#include "base/arena.h"
#include "proxy/http/grpc.h"
#include "proxy/http/grpc_web.h"
#include "proxy/stream.h"

namespace gatehouse::proxy {

/// Stands between an exchange and its stream. The request's body comes out as gRPC frames; a gRPC answer goes
/// out with its trailers as the last frame of the body, in base64 where the client wants text. An answer of
/// another content type passes as it is. `arena` takes what is built for the heads and outlives it.
class GrpcWebStream final : public DownstreamStream {
 public:
  struct Kinds {
    http::GrpcKind request = http::GrpcKind::web;
    http::GrpcKind answer = http::GrpcKind::web;
  };
  GrpcWebStream(DownstreamStream& client, Kinds kinds, Arena& arena)
      : client_(client), kinds_(kinds), arena_(arena) {}

  /// As the request's fields ask for it: the answer by Accept, else like the request.
  static Kinds kinds_of(const http::HeaderList& fields);
  /// Makes a gRPC request of a gRPC-Web one.
  static void edit_request(http::RequestHead& head, Kinds kinds, Arena& arena);

  Chunk buffered_body() override;
  Task<Result<Chunk>> read_body(WaitLimits limits) override;
  void consume_body(std::size_t size) override;
  const http::HeaderList& trailers() const override { return client_.trailers(); }
  Task<Result<void>> send_head(http::ResponseHead& head, Chunk first, WaitLimits limits) override;
  Task<Result<void>> send_body(Chunk chunk, const http::HeaderList* trailers, WaitLimits limits) override;
  void reset(const Error& why) override { client_.reset(why); }
  void start_tunnel() override { client_.start_tunnel(); }
  io::CancelSource& peer_gone() override { return client_.peer_gone(); }

 private:
  bool is_text_in() const { return kinds_.request == http::GrpcKind::web_text; }
  bool is_text_out() const { return kinds_.answer == http::GrpcKind::web_text; }
  void take(Chunk chunk);
  void edit_answer(http::ResponseHead& head);
  std::string_view encode(Chunk chunk, const http::HeaderList* trailers);

  DownstreamStream& client_;
  Kinds kinds_;
  Arena& arena_;
  http::Base64Stream decoder_;
  std::string decoded_;
  std::size_t consumed_ = 0;  ///< of decoded_
  bool ended_ = false;
  bool broken_ = false;
  bool translates_answer_ = false;
  http::HeaderList in_head_;  ///< trailers that came in the head
  std::string encoded_;
};

}  // namespace gatehouse::proxy
