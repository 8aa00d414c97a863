// SPDX-License-Identifier: Apache-2.0
// gRPC-Web text and gRPC frames decode to the same thing at any split; what is encoded decodes to itself.
#include <cstdlib>
#include <string>

#include "proxy/http/grpc.h"
#include "proxy/http/grpc_web.h"

using namespace gatehouse::http;

namespace {

constexpr std::size_t kMostFrame = 512;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  bool good = true;
  bool complete = true;
  std::string bytes;
  std::string frames;  ///< flags, payload and a mark of each
  bool operator==(const Outcome&) const = default;
};

void read_frames(GrpcFrameReader& reader, std::string_view bytes, Outcome& outcome) {
  while (!bytes.empty() && outcome.good) {
    const auto step = reader.feed(bytes);
    require(step.consumed <= bytes.size());
    require(reader.payload().size() <= kMostFrame);
    if (step.state == GrpcFrameReader::State::failed) outcome.good = false;
    if (step.state == GrpcFrameReader::State::need_more) require(step.consumed == bytes.size());
    if (step.state == GrpcFrameReader::State::frame)
      outcome.frames.append(1, static_cast<char>(reader.flags())).append(reader.payload()).append("|");
    bytes.remove_prefix(step.consumed);
  }
}

Outcome decode(std::string_view text, std::size_t step) {
  Outcome outcome;
  Base64Stream stream;
  GrpcFrameReader reader(kMostFrame);
  while (!text.empty() && outcome.good) {
    std::string bytes;
    if (!stream.decode(text.substr(0, step), bytes)) outcome.good = false;
    text.remove_prefix(std::min(step, text.size()));
    if (outcome.good) read_frames(reader, bytes, outcome);
    outcome.bytes += bytes;
  }
  outcome.complete = stream.is_complete();
  if (!outcome.good) return {false, false, {}, {}};
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto whole = decode(input, input.size() + 1);
  require(whole == decode(input, 1));
  require(whole == decode(input, 3));

  std::string text;
  append_base64(input, text);
  Base64Stream stream;
  std::string back;
  require(stream.decode(text, back) && stream.is_complete() && back == input);
  return 0;
}
