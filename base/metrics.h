// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms with one writer per cell, and their Prometheus text.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gatehouse::metrics {

/// One number with one writing thread: a plain load and store, never a locked instruction. Readers may be
/// anywhere.
class Cell {
 public:
  void add(std::uint64_t n = 1) { value_.store(read() + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) { value_.store(read() - n, std::memory_order_relaxed); }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

enum class Kind : std::uint8_t { counter, gauge, histogram };

/// Durations in the buckets of kBucketBounds, kept in microseconds.
inline constexpr std::array<std::uint32_t, 10> kBucketBounds = {
    500, 1'000, 2'500, 5'000, 10'000, 25'000, 100'000, 500'000, 2'500'000, 10'000'000};
/// Finite buckets and the one above them.
inline constexpr std::size_t kBucketCells = kBucketBounds.size() + 1;

/// Index of the bucket that `microseconds` falls into.
inline std::size_t bucket_of(std::uint64_t microseconds) {
  std::size_t at = 0;
  while (at < kBucketBounds.size() && microseconds > kBucketBounds[at]) ++at;
  return at;
}

/// One metric of a table's rows. Neighbours of one name form one family and differ by `fixed_label`.
struct Column {
  std::string_view name;
  std::string_view help;
  Kind kind = Kind::counter;
  std::size_t cell = 0;            ///< in the row; for a histogram the first of kBucketCells
  std::size_t sum_cell = 0;        ///< histogram only: microseconds in total
  std::string_view fixed_label{};  ///< such as `code="2xx"`, ready to print
};

/// All views point to static text.
struct TableLayout {
  std::string_view label;  ///< name of the one label; empty: the table is a single row without it
  std::size_t row_cells = 0;
  std::vector<Column> columns;
};

class Table;

/// The right to count under one label value. The series shows in render() while a lease for it lives; its
/// slot is given to another value only afterwards. Any thread may drop it; the table must outlive it.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  std::uint32_t slot() const { return slot_; }

 private:
  friend class Table;
  Lease(Table* table, std::uint32_t slot) : table_(table), slot_(slot) {}

  Table* table_ = nullptr;
  std::uint32_t slot_ = 0;
};

/// Rows of cells, one per label value, repeated for every worker (a shard), so no cache line has two writers.
/// The control thread leases; workers only call row(); chunks of rows never move. A worker may use a slot
/// after it got it together with the runtime that holds the lease. Slot 0 is the row `other`, into which
/// values beyond `max_series` fold. Cells are never reset: a reused slot starts from a remembered base, so a
/// late count of the former owner is at worst credited to the next one. Gauges have no base: each plus meets
/// its minus.
class Table {
 public:
  static constexpr std::uint32_t kOther = 0;

  Table(TableLayout layout, std::size_t shards, std::size_t max_series);

  /// The series of `value`: the living one, a new one, or `other`. Control thread.
  Lease lease(std::string_view value);
  /// The worker's cells for a slot. Thread: the worker that owns `shard`.
  Cell* row(std::size_t shard, std::uint32_t slot) const {
    return chunk(shard, slot / kChunkRows).load(std::memory_order_acquire) + slot % kChunkRows * stride_;
  }
  std::size_t shards() const { return shards_; }
  /// Label values that have a series of their own.
  std::size_t series() const;
  /// Appends the families in Prometheus text format. Any thread.
  void render(std::string& to) const;

 private:
  friend class Lease;
  static constexpr std::size_t kChunkRows = 64;
  static constexpr std::size_t kLineBytes = 64;
  static constexpr std::size_t kLineCells = kLineBytes / sizeof(Cell);
  struct FreeCells {
    void operator()(Cell* cells) const { ::operator delete[](cells, std::align_val_t{kLineBytes}); }
  };
  struct Series {
    std::string value;
    std::string label;  ///< `value` escaped
    std::uint32_t users = 0;
    std::vector<std::uint64_t> base;
  };

  std::atomic<Cell*>& chunk(std::size_t shard, std::size_t index) const {
    return chunks_[shard * chunk_limit_ + index];
  }
  void release(std::uint32_t slot);
  std::uint32_t take_slot();
  void add_chunk(std::size_t index);
  std::uint64_t total(std::uint32_t slot, std::size_t cell) const;
  std::uint64_t since_base(std::uint32_t slot, std::size_t cell) const;
  void render_column(std::string& to, const Column& column) const;
  void render_histogram(std::string& to, const Column& column, std::uint32_t slot) const;
  std::string labels(const Column& column, std::uint32_t slot, std::string_view last = {}) const;
  bool is_shown(std::uint32_t slot) const;

  const TableLayout layout_;
  const std::size_t shards_;
  const std::size_t max_series_;
  const std::size_t stride_;       ///< cells per row, whole cache lines
  const std::size_t chunk_limit_;  ///< per shard
  std::unique_ptr<std::atomic<Cell*>[]> chunks_;

  mutable std::mutex mutex_;  ///< control, reaper and admin threads; never a worker
  std::vector<std::unique_ptr<Cell[], FreeCells>> memory_;
  std::vector<Series> series_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<std::string, std::uint32_t> slots_;
};

/// One value for the whole process, written off the request path by any thread.
class SharedValue {
 public:
  void add(std::int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::int64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// HELP and TYPE lines.
void append_family(std::string& to, std::string_view name, std::string_view help, Kind kind);
void append_value(std::string& to, std::string_view name, std::string_view help, Kind kind,
                  std::int64_t value);
/// `text` as the inside of a quoted label value.
std::string escape_label(std::string_view text);

}  // namespace gatehouse::metrics
