// SPDX-License-Identifier: Apache-2.0
// Writes plain block-style YAML in the order it is told: dumps of configuration and statuses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse {

/// Builds one document. Every open() has a close(), every open_item() a close_item().
/// A scalar is written plain when every YAML reader takes it for the same text, else in double quotes.
class YamlText {
 public:
  void field(std::string_view name, std::string_view value);
  void field(std::string_view name, const char* value) { field(name, std::string_view(value)); }
  void field(std::string_view name, std::int64_t value);
  /// "name: [a, b]"; nothing when `values` is empty.
  void list(std::string_view name, const std::vector<std::string>& values);
  /// "name:" with what follows one level deeper, until close().
  void open(std::string_view name);
  void close();
  /// Starts a "- " entry of the list that the surrounding open() named.
  void open_item();
  void close_item();
  /// The text so far; the writer is empty afterwards.
  std::string take();

 private:
  void start_line();

  std::string text_;
  std::size_t depth_ = 0;
  bool dash_pending_ = false;
};

/// `text` as a YAML scalar.
std::string yaml_scalar(std::string_view text);

}  // namespace gatehouse
