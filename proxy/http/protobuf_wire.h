// SPDX-License-Identifier: Apache-2.0
// The protobuf wire format, as much of it as a handful of small messages needs. Written by hand: the messages
// of external authorization and health checks have a dozen fields between them, while their published
// definitions bring a library, a compiler and some forty files of annotations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::http {

/// Appends fields to a text. Nested messages are written on their own and added as bytes.
class ProtobufWriter {
 public:
  void number(std::uint32_t field, std::uint64_t value);
  /// Bytes, text or a message; also when empty.
  void bytes(std::uint32_t field, std::string_view value);
  /// A `string` field must be UTF-8: of what is not, bytes beyond ASCII become '?'.
  void text(std::uint32_t field, std::string_view value);
  /// One entry of a map<string, string>.
  void entry(std::uint32_t field, std::string_view key, std::string_view value);

  const std::string& data() const { return data_; }

 private:
  void varint(std::uint64_t value);
  std::string data_;
};

/// Walks the fields of one message; views are into it.
class ProtobufReader {
 public:
  struct Field {
    std::uint32_t number = 0;
    std::uint64_t value = 0;  ///< of a number
    std::string_view bytes;   ///< of text, bytes and messages
  };
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  /// The next field of a wire type that is in use; nullopt at the end, or when the message is broken.
  std::optional<Field> next();
  bool is_broken() const { return broken_; }

 private:
  std::optional<std::uint64_t> varint();
  std::optional<std::string_view> take(std::uint64_t size);
  bool read(std::uint32_t wire_type, Field& field);

  std::string_view rest_;
  bool broken_ = false;
};

bool is_utf8(std::string_view text);

}  // namespace gatehouse::http
