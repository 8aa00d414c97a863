// SPDX-License-Identifier: Apache-2.0
// Server name -> what serves it: exact names before wildcards, longer wildcards before shorter, then any.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace gatehouse::tls {

/// Filled by the thread that makes it, then read only. Names are lower case. Of two equal names the first
/// stays.
template <typename T>
class ServerNames {
 public:
  /// `name`: "a.example.com", "*.example.com", or empty for any.
  void add(std::string_view name, T value) {
    if (name.starts_with("*.")) {
      wildcards_.try_emplace(std::string(name.substr(2)), std::move(value));
    } else {
      exact_.try_emplace(std::string(name), std::move(value));
    }
  }

  /// Null: nobody serves it. A wildcard stands for one label or more; an empty `name` is served by "any"
  /// alone.
  const T* find(std::string_view name) const {
    if (const T* found = look_up(exact_, name)) return found;
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1))
      if (const T* found = look_up(wildcards_, name.substr(dot + 1))) return found;
    return name.empty() ? nullptr : look_up(exact_, {});
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Map = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  static const T* look_up(const Map& map, std::string_view name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : &found->second;
  }

  Map exact_;
  Map wildcards_;
};

}  // namespace gatehouse::tls
