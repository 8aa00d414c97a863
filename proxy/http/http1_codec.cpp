// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http1_codec.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>
#include <limits>

#include "base/text.h"

namespace gatehouse::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::http::field;

constexpr Rejection kBadVersion{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};

FieldId id_of(field name, std::string_view text) {
  switch (name) {
    case field::authorization:
      return FieldId::authorization;
    case field::connection:
      return FieldId::connection;
    case field::content_length:
      return FieldId::content_length;
    case field::cookie:
      return FieldId::cookie;
    case field::date:
      return FieldId::date;
    case field::expect:
      return FieldId::expect;
    case field::forwarded:
      return FieldId::forwarded;
    case field::host:
      return FieldId::host;
    case field::http2_settings:
      return FieldId::http2_settings;
    case field::keep_alive:
      return FieldId::keep_alive;
    case field::proxy_connection:
      return FieldId::proxy_connection;
    case field::te:
      return FieldId::te;
    case field::trailer:
      return FieldId::trailer;
    case field::transfer_encoding:
      return FieldId::transfer_encoding;
    case field::upgrade:
      return FieldId::upgrade;
    case field::via:
      return FieldId::via;
    case field::unknown:
      return field_id(text);  // x-forwarded-* and the like are not in Beast's table
    default:
      return FieldId::other;
  }
}

std::string_view plain(beast::string_view text) {
  return {text.data(), text.size()};
}

/// Collects views. A field folded over lines (obs-fold) is handed over by Beast from a stack buffer: any view
/// outside the head is refused (F12).
template <bool isRequest>
class HeadSink final : public beast::http::basic_parser<isRequest> {
 public:
  HeadSink(std::string_view head, HeaderList& fields) : head_(head), fields_(fields) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // bounded by the caller's buffer
    this->body_limit(boost::none);
    this->skip(true);  // bodies are framing.cpp's and the chunked decoder's
  }

  std::string_view method;
  std::string_view target;
  std::string_view reason;
  int status = 0;
  int version = 11;
  bool folded = false;

 private:
  void on_request_impl(beast::http::verb, beast::string_view name, beast::string_view to, int v,
                       error_code&) override {
    method = plain(name);
    target = plain(to);
    version = v;
  }
  void on_response_impl(int code, beast::string_view text, int v, error_code&) override {
    status = code;
    reason = plain(text);
    version = v;
  }
  void on_field_impl(field name, beast::string_view text, beast::string_view value, error_code& ec) override {
    const auto inside = [&](beast::string_view view) {
      return view.empty() ||
             (view.data() >= head_.data() && view.data() + view.size() <= head_.data() + head_.size());
    };
    if (!inside(value)) {
      folded = true;
      ec = beast::http::error::bad_value;
      return;
    }
    fields_.push_back({plain(text), plain(value), id_of(name, plain(text))});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  std::string_view head_;
  HeaderList& fields_;
};

template <bool isRequest>
std::optional<Rejection> run(HeadSink<isRequest>& sink, std::string_view bytes) {
  error_code ec;
  sink.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (!ec && sink.is_header_done()) return std::nullopt;
  if (sink.folded) return Rejection{400, "a field is folded over several lines"};
  if (ec == beast::http::error::bad_version) return Rejection{400, "the HTTP version is malformed"};
  if (ec == beast::http::error::bad_target)
    return Rejection{400, "the request target has a byte that is not allowed"};
  if (ec == beast::http::error::bad_method) return Rejection{400, "the method is not a token"};
  if (ec == beast::http::error::bad_content_length) return Rejection{400, "Content-Length is malformed"};
  if (ec == beast::http::error::bad_transfer_encoding)
    return Rejection{400, "Transfer-Encoding is malformed"};
  return Rejection{400, "the head is malformed"};
}

/// Where the minor version digit of a request line stands, for versions this build understands.
struct VersionText {
  enum class Kind : std::uint8_t { http10_or_11, later_1, other_major, malformed } kind;
  std::size_t digit = 0;
};

VersionText version_of(std::string_view bytes) {
  const auto line_end = bytes.find('\r');
  constexpr std::string_view kPrefix = " HTTP/";
  constexpr std::size_t kSize = kPrefix.size() + 3;
  if (line_end == std::string_view::npos || line_end < kSize) return {VersionText::Kind::malformed};
  const auto text = bytes.substr(line_end - kSize, kSize);
  const char major = text[kPrefix.size()];
  const char minor = text[kPrefix.size() + 2];
  if (!text.starts_with(kPrefix) || !is_digit(major) || text[kPrefix.size() + 1] != '.' || !is_digit(minor))
    return {VersionText::Kind::malformed};
  if (major != '1') return {VersionText::Kind::other_major};
  return {minor <= '1' ? VersionText::Kind::http10_or_11 : VersionText::Kind::later_1, line_end - 1};
}

}  // namespace

std::size_t leading_blank_lines(std::string_view bytes) {
  std::size_t n = 0;
  while (bytes.size() >= n + 2 && bytes[n] == '\r' && bytes[n + 1] == '\n') n += 2;
  return n;
}

std::optional<Rejection> parse_request_head(std::string_view bytes, RequestHead& head) {
  const auto version = version_of(bytes);
  if (version.kind == VersionText::Kind::malformed) return Rejection{400, "the request line is malformed"};
  if (version.kind == VersionText::Kind::other_major) {
    if (bytes.starts_with("PRI ")) return Rejection{400, "HTTP/2 is not enabled on this listener"};
    return kBadVersion;
  }
  // RFC 9112 2.3: a later minor version of HTTP/1 is handled as 1.1. The read buffer is ours to change.
  if (version.kind == VersionText::Kind::later_1) const_cast<char&>(bytes[version.digit]) = '1';

  head.fields.clear();
  HeadSink<true> sink(bytes, head.fields);
  if (const auto rejected = run(sink, bytes)) return rejected;
  head.method_name = sink.method;
  head.target = sink.target;
  head.minor_version = static_cast<std::uint8_t>(sink.version - 10);
  return std::nullopt;
}

std::optional<Rejection> parse_response_head(std::string_view bytes, ResponseHead& head) {
  head.fields.clear();
  HeadSink<false> sink(bytes, head.fields);
  if (const auto rejected = run(sink, bytes)) return Rejection{502, rejected->reason};
  head.status = static_cast<std::uint16_t>(sink.status);
  head.reason = sink.reason;
  head.minor_version = static_cast<std::uint8_t>(sink.version - 10);
  return std::nullopt;
}

}  // namespace gatehouse::http
