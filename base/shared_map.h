// SPDX-License-Identifier: Apache-2.0
// A sorted map whose copies share what they have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {

/// Values by name, in chunks that copies share: copying costs a pointer per chunk, a change one chunk. So a
/// map of thousands can be handed to other threads at every change of one entry. Values are immutable.
template <typename T>
class SharedMap {
 public:
  struct Entry {
    std::string name;
    std::shared_ptr<const T> value;
  };

  class Iterator {
   public:
    using Chunks = std::vector<std::shared_ptr<const std::vector<Entry>>>;
    Iterator(const Chunks& chunks, std::size_t chunk) : chunks_(&chunks), chunk_(chunk) {}
    std::pair<const std::string&, const T&> operator*() const {
      const Entry& entry = (*(*chunks_)[chunk_])[at_];
      return {entry.name, *entry.value};
    }
    Iterator& operator++() {
      if (++at_ == (*chunks_)[chunk_]->size()) {
        ++chunk_;
        at_ = 0;
      }
      return *this;
    }
    bool operator==(const Iterator& other) const { return chunk_ == other.chunk_ && at_ == other.at_; }

   private:
    const Chunks* chunks_;
    std::size_t chunk_;
    std::size_t at_ = 0;
  };

  SharedMap() = default;
  /// `entries` are sorted by name, each name once.
  explicit SharedMap(std::vector<Entry> entries) : size_(entries.size()) {
    for (auto from = entries.begin(); from != entries.end();) {
      const auto count = std::min<std::size_t>(kChunk, static_cast<std::size_t>(entries.end() - from));
      const auto to = from + static_cast<std::ptrdiff_t>(count);
      chunks_.push_back(
          std::make_shared<const Chunk>(std::make_move_iterator(from), std::make_move_iterator(to)));
      from = to;
    }
  }

  Iterator begin() const { return {chunks_, 0}; }
  Iterator end() const { return {chunks_, chunks_.size()}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Null when there is none.
  std::shared_ptr<const T> find(std::string_view name) const {
    if (chunks_.empty()) return nullptr;
    const Chunk& chunk = *chunks_[chunk_for(name)];
    const auto at = place(chunk, name);
    return at != chunk.end() && at->name == name ? at->value : nullptr;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  void set(std::string_view name, std::shared_ptr<const T> value) {
    if (chunks_.empty()) chunks_.push_back(std::make_shared<const Chunk>());
    const auto number = chunk_for(name);
    Chunk chunk = *chunks_[number];
    const auto at = place(chunk, name);
    if (at != chunk.end() && at->name == name) {
      chunk[static_cast<std::size_t>(at - chunk.begin())].value = std::move(value);
    } else {
      chunk.insert(at, Entry{std::string(name), std::move(value)});
      ++size_;
    }
    store(number, std::move(chunk));
  }

  void erase(std::string_view name) {
    if (!contains(name)) return;
    const auto number = chunk_for(name);
    Chunk chunk = *chunks_[number];
    chunk.erase(place(chunk, name));
    --size_;
    store(number, std::move(chunk));
  }

  /// By value, looking at pointers first.
  bool operator==(const SharedMap& other) const {
    if (size_ != other.size_) return false;
    auto theirs = other.begin();
    for (auto mine = begin(); mine != end(); ++mine, ++theirs) {
      const auto& [name, value] = *mine;
      const auto& [other_name, other_value] = *theirs;
      if (name != other_name || (&value != &other_value && !(value == other_value))) return false;
    }
    return true;
  }

 private:
  using Chunk = std::vector<Entry>;
  static constexpr std::size_t kChunk = 64;

  /// The last that begins at or before `name`, else the first.
  std::size_t chunk_for(std::string_view name) const {
    const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), name, [](auto n, const auto& chunk) {
      return chunk->empty() || n < chunk->front().name;
    });
    return after == chunks_.begin() ? 0 : static_cast<std::size_t>(after - chunks_.begin()) - 1;
  }

  static typename Chunk::const_iterator place(const Chunk& chunk, std::string_view name) {
    return std::lower_bound(chunk.begin(), chunk.end(), name,
                            [](const Entry& entry, std::string_view n) { return entry.name < n; });
  }

  void store(std::size_t number, Chunk chunk) {
    const auto at = chunks_.begin() + static_cast<std::ptrdiff_t>(number);
    if (chunk.empty()) {
      chunks_.erase(at);
      return;
    }
    if (chunk.size() <= 2 * kChunk) {
      *at = std::make_shared<const Chunk>(std::move(chunk));
      return;
    }
    const auto middle = chunk.begin() + kChunk;
    auto upper =
        std::make_shared<const Chunk>(std::make_move_iterator(middle), std::make_move_iterator(chunk.end()));
    chunk.erase(middle, chunk.end());
    *at = std::make_shared<const Chunk>(std::move(chunk));
    chunks_.insert(at + 1, std::move(upper));
  }

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace gatehouse
