// SPDX-License-Identifier: Apache-2.0
// F19: a chunked body decodes to the same thing at any split, and as the reference decoder says.
#include <cstdlib>
#include <string>

#include "proxy/http/chunked_decoder.h"
#include "tests/proxy/chunked_reference.h"

using namespace gatehouse;
using namespace gatehouse::http;
using State = ChunkedDecoder::State;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::string body, trailers;
  State state = State::need_more;
  std::size_t consumed = 0;
  bool operator==(const Outcome&) const = default;
};

/// Feeds pieces of 1 + (seed & 15) bytes, the seed rotating; a seed of 0 stands for everything at once.
Outcome decode(std::string_view input, std::uint8_t seed) {
  Arena arena;
  ChunkedRules rules;
  rules.max_trailer_count = 4000;  // the reference knows no limit
  ChunkedDecoder decoder(rules, arena);
  Outcome outcome;
  while (outcome.consumed < input.size()) {
    const std::size_t wanted = seed == 0 ? input.size() : 1U + (seed & 15U);
    if (seed != 0) seed = static_cast<std::uint8_t>(seed * 5U + 1U) | 1U;
    const std::string piece(input.substr(outcome.consumed, wanted));
    std::string_view left = piece;
    while (!left.empty()) {
      const auto step = decoder.feed(left);
      outcome.state = step.state;
      outcome.body += step.data;
      require(step.consumed > 0 || step.state == State::failed || step.state == State::done);
      if (step.state == State::failed) outcome.consumed = 0;
      if (step.state == State::failed) return outcome;
      left.remove_prefix(step.consumed);
      outcome.consumed += step.consumed;
      if (step.state == State::done) break;
    }
    if (outcome.state == State::done) break;
  }
  if (outcome.state == State::data) outcome.state = State::need_more;
  for (const auto& field : decoder.trailers()) {
    if (!outcome.trailers.empty()) outcome.trailers += '|';
    outcome.trailers.append(field.name).append(": ").append(field.value);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Below the decoder's limits, which the reference does not have.
  if (size < 1 || size > 4000) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto once = decode(input, 0);
  require(once == decode(input, data[0] | 1U));
  require(once == decode(input, 0x10));

  const auto expected = test::decode_chunked(input);
  require((once.state == State::done) == (expected.state == test::Reference::State::done));
  require((once.state == State::failed) == (expected.state == test::Reference::State::failed));
  if (once.state == State::done) require(once.body == expected.body && once.consumed == expected.consumed);
  return 0;
}
