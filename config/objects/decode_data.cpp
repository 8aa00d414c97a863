// SPDX-License-Identifier: Apache-2.0
// Secret and ConfigMap. No message here may show a value.
#include <fmt/format.h>

#include <array>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::size_t kMaxDataBytes = 1024 * 1024;
constexpr std::array<std::string_view, 2> kTlsKeys{"tls.crt", "tls.key"};
const MapRules kDataRules{kNoLimit, check_data_key, nullptr};

using Texts = std::map<std::string, std::string>;

std::size_t total_size(const Texts& data) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : data) bytes += value.size();
  return bytes;
}

void check_size(Reader& root, std::size_t bytes) {
  if (bytes > kMaxDataBytes)
    root.error_at("data", {fmt::format("holds {} bytes, at most {} are allowed", bytes, kMaxDataBytes),
                           "split the object"});
}

}  // namespace

void decode(Reader& root, Secret& to) {
  to.type = root.text_or("type", to.type);
  if (to.type.empty()) to.type = Secret{}.type;
  to.data = root.bytes_map("data", kDataRules);
  for (auto& [key, value] : root.text_map("stringData", kDataRules)) to.data[key] = value;
  check_size(root, total_size(to.data));
  if (to.type != "kubernetes.io/tls") return;
  for (const auto key : kTlsKeys)
    if (!to.data.contains(std::string(key)))
      root.error_at("data", {fmt::format("has no {}, which type kubernetes.io/tls requires", key), "add it"});
}

void decode(Reader& root, ConfigMap& to) {
  to.data = root.text_map("data", kDataRules);
  to.binary_data = root.bytes_map("binaryData", kDataRules);
  check_size(root, total_size(to.data) + total_size(to.binary_data));
  for (const auto& [key, value] : to.binary_data)
    if (to.data.contains(key))
      root.error_at("binaryData", {fmt::format("has {}, as data has", key), "keep one"});
}

}  // namespace gatehouse::objects
