// SPDX-License-Identifier: Apache-2.0
// Incremental decoder of the chunked transfer coding (RFC 9112 7.1), strict and without copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "proxy/http/field_syntax.h"
#include "proxy/http/message.h"

namespace gatehouse::http {

/// F9 and F10. The trailer limits are the listener's header limits.
struct ChunkedRules {
  std::uint32_t max_line_bytes = 4 * 1024;        ///< a size line with its extensions
  std::uint32_t max_extension_bytes = 16 * 1024;  ///< all extensions of a body
  std::uint32_t max_trailer_bytes = 64 * 1024;
  std::uint32_t max_trailer_count = 100;
  Underscores underscores = Underscores::allow;
  std::span<const std::string_view>
      hop_names;  ///< names the head's Connection fields listed; must outlive decoding
};

/// F10: whether a field may stand in trailers at all, in any version of HTTP.
bool may_be_trailer(const HeaderField& field);

/// One body's decoder, owned by its exchange. Any split of the input gives the same result.
/// Trailers that must not be merged or forwarded (F10) are dropped, all others kept apart in trailers().
class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { need_more, data, done, failed };

  struct Step {
    std::size_t consumed = 0;  ///< bytes of the input to let go of, once `data` has been used
    std::string_view data;     ///< body bytes, a view into the input; not empty exactly in State::data
    State state = State::need_more;
  };

  /// `arena` holds the trailers; it is touched only when there are any.
  ChunkedDecoder(const ChunkedRules& rules, Arena& arena) : rules_(rules), arena_(&arena) {}

  /// Goes on until it has a piece of the body, the input ends, or the message ends. Call again with what is
  /// left. need_more consumes all input; done leaves the bytes behind the message; failed is final.
  Step feed(std::string_view input);

  const HeaderList& trailers() const { return trailers_; }
  const Rejection& rejection() const { return rejection_; }

 private:
  enum class At : std::uint8_t {
    size_start,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_lf,
    end_lf,
    done,
    failed
  };

  bool step_framing(char c);
  bool expect(char c, char wanted, At next);
  bool take_size_digit(char c);
  bool take_extension_byte(char c);
  bool count_line_byte();
  void end_size_line();
  std::size_t take_trailer(std::string_view input);
  bool append_trailer(std::string_view part);
  bool end_trailer_line();
  bool is_forwardable(const HeaderField& field) const;
  bool fail(std::uint16_t status, std::string_view reason);

  ChunkedRules rules_;
  Arena* arena_;
  At at_ = At::size_start;
  std::uint8_t digits_ = 0;
  std::uint64_t left_ = 0;  ///< the size being read, then the bytes of the chunk still to come
  std::uint32_t line_bytes_ = 0;
  std::uint32_t extension_bytes_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::uint32_t trailer_lines_ = 0;
  char* line_ = nullptr;  ///< the trailer line read so far, in the arena
  std::size_t line_size_ = 0;
  std::size_t line_room_ = 0;
  HeaderList trailers_;
  Rejection rejection_;
};

}  // namespace gatehouse::http
