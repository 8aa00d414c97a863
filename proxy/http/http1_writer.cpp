// SPDX-License-Identifier: Apache-2.0
// Serialises HTTP/1 heads into the exchange's arena in one pass.
#include <cstring>

#include "base/text.h"
#include "proxy/http/http1_codec.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kLineOverhead = 4;     // ": " and CRLF
constexpr std::size_t kFixedOverhead = 256;  // start line, framing, Connection, Date and their names

std::size_t fields_size(std::span<const HeaderField> fields) {
  std::size_t size = 0;
  for (const auto& field : fields) size += field.name.size() + field.value.size() + kLineOverhead;
  return size;
}

/// Most parts of a head are names and short values: for those the call of memcpy costs more than the copy.
/// Halves of what is no power of two overlap.
inline char* copy_part(char* to, const char* from, std::size_t size) {
  const auto halves = [&]<typename Word>(Word) {
    Word first;
    Word last;
    std::memcpy(&first, from, sizeof(Word));
    std::memcpy(&last, from + size - sizeof(Word), sizeof(Word));
    std::memcpy(to, &first, sizeof(Word));
    std::memcpy(to + size - sizeof(Word), &last, sizeof(Word));
  };
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    halves(std::uint64_t{});
  } else if (size >= 4) {
    halves(std::uint32_t{});
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
  }
  return to + size;
}

class Out {
 public:
  explicit Out(char* start) : start_(start), at_(start) {}

  Out& text(std::string_view part) {
    at_ = copy_part(at_, part.data(), part.size());
    return *this;
  }
  Out& number(std::uint64_t value) {
    at_ = write_decimal(at_, value);
    return *this;
  }
  void fields(std::span<const HeaderField> list) {
    for (const auto& field : list) text(field.name).text(": ").text(field.value).text("\r\n");
  }
  std::string_view view() const { return {start_, static_cast<std::size_t>(at_ - start_)}; }

 private:
  char* start_;
  char* at_;
};

}  // namespace

std::string_view write_request_head(Arena& arena, const RequestLine& line,
                                    std::span<const HeaderField> fields) {
  const std::size_t bound = line.method.size() + line.path.size() + line.query.size() +
                            line.authority.size() + line.upgrade.size() + fields_size(fields) +
                            kFixedOverhead;
  Out out(arena.allocate(bound));
  out.text(line.method).text(" ").text(line.path);
  if (line.has_query) out.text("?").text(line.query);
  out.text(" HTTP/1.1\r\nHost: ").text(line.authority).text("\r\n");
  out.fields(fields);
  if (line.framing.kind == BodyKind::length) {
    out.text("Content-Length: ").number(line.framing.length).text("\r\n");
  } else if (line.framing.kind == BodyKind::chunked) {
    out.text("Transfer-Encoding: chunked\r\n");
  }
  if (!line.upgrade.empty()) out.text("Connection: upgrade\r\nUpgrade: ").text(line.upgrade).text("\r\n");
  out.text("\r\n");
  return out.view();
}

std::string_view write_response_head(Arena& arena, const StatusLine& line,
                                     std::span<const HeaderField> fields, std::string_view body) {
  const std::size_t bound = line.reason.size() + line.date.size() + line.upgrade.size() +
                            fields_size(fields) + body.size() + kFixedOverhead;
  Out out(arena.allocate(bound));
  out.text("HTTP/1.1 ").number(line.status).text(" ");
  out.text(line.reason.empty() ? reason_phrase(line.status) : line.reason).text("\r\n");
  out.fields(fields);
  if (line.framing.kind == BodyKind::chunked) {
    out.text("Transfer-Encoding: chunked\r\n");
  } else if (line.framing.kind == BodyKind::length && line.write_length) {
    out.text("Content-Length: ").number(line.framing.length).text("\r\n");
  }
  if (!line.date.empty()) out.text("Date: ").text(line.date).text("\r\n");
  switch (line.connection) {
    case ConnectionField::none:
      break;
    case ConnectionField::close:
      out.text("Connection: close\r\n");
      break;
    case ConnectionField::keep_alive:
      out.text("Connection: keep-alive\r\n");
      break;
    case ConnectionField::upgrade:
      out.text("Connection: upgrade\r\nUpgrade: ").text(line.upgrade).text("\r\n");
      break;
  }
  out.text("\r\n").text(body);
  return out.view();
}

std::string_view reason_phrase(std::uint16_t status) {
  struct Phrase {
    std::uint16_t status;
    std::string_view text;
  };
  static constexpr Phrase kPhrases[] = {
      {100, "Continue"},
      {101, "Switching Protocols"},
      {103, "Early Hints"},
      {200, "OK"},
      {204, "No Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {508, "Loop Detected"},
  };
  for (const auto& phrase : kPhrases)
    if (phrase.status == status) return phrase.text;
  return {};
}

}  // namespace gatehouse::http
