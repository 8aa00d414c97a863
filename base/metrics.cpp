// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <fmt/format.h>

#include <iterator>
#include <memory>
#include <utility>

namespace gatehouse::metrics {
namespace {

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::histogram:
      return "histogram";
  }
  return "untyped";
}

double seconds(std::uint64_t microseconds) {
  return static_cast<double>(microseconds) / 1e6;
}

}  // namespace

std::string escape_label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void append_family(std::string& to, std::string_view name, std::string_view help, Kind kind) {
  fmt::format_to(std::back_inserter(to), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind_name(kind));
}

void append_value(std::string& to, std::string_view name, std::string_view help, Kind kind,
                  std::int64_t value) {
  append_family(to, name, help, kind);
  fmt::format_to(std::back_inserter(to), "{} {}\n", name, value);
}

Lease::Lease(Lease&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)), slot_(std::exchange(other.slot_, 0)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  std::swap(table_, other.table_);
  std::swap(slot_, other.slot_);
  return *this;
}

Lease::~Lease() {
  if (table_ != nullptr) table_->release(slot_);
}

Table::Table(TableLayout layout, std::size_t shards, std::size_t max_series)
    : layout_(std::move(layout)),
      shards_(shards),
      max_series_(max_series),
      stride_((layout_.row_cells + kLineCells - 1) / kLineCells * kLineCells),
      chunk_limit_(max_series / kChunkRows + 1),
      chunks_(std::make_unique<std::atomic<Cell*>[]>(shards * chunk_limit_)) {
  const std::scoped_lock lock(mutex_);
  series_.push_back({"other", "other", 0, std::vector<std::uint64_t>(layout_.row_cells)});
  add_chunk(0);
}

Lease Table::lease(std::string_view value) {
  const std::scoped_lock lock(mutex_);
  const auto known = slots_.find(std::string(value));
  if (known != slots_.end()) {
    ++series_[known->second].users;
    return {this, known->second};
  }
  const auto slot = take_slot();
  ++series_[slot].users;
  if (slot == kOther) return {this, slot};
  auto& series = series_[slot];
  series.value = value;
  series.label = escape_label(value);
  for (std::size_t cell = 0; cell < layout_.row_cells; ++cell) series.base[cell] = total(slot, cell);
  slots_.emplace(value, slot);
  return {this, slot};
}

void Table::release(std::uint32_t slot) {
  const std::scoped_lock lock(mutex_);
  if (--series_[slot].users > 0 || slot == kOther) return;
  slots_.erase(series_[slot].value);
  free_.push_back(slot);
}

std::uint32_t Table::take_slot() {
  if (!free_.empty()) {
    const auto slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (layout_.label.empty() || series_.size() > max_series_) return kOther;
  const auto slot = static_cast<std::uint32_t>(series_.size());
  if (slot % kChunkRows == 0) add_chunk(slot / kChunkRows);
  series_.push_back({{}, {}, 0, std::vector<std::uint64_t>(layout_.row_cells)});
  return slot;
}

void Table::add_chunk(std::size_t index) {
  const auto cells = kChunkRows * stride_;
  for (std::size_t shard = 0; shard < shards_; ++shard) {
    auto* first = static_cast<Cell*>(::operator new[](cells * sizeof(Cell), std::align_val_t{kLineBytes}));
    std::uninitialized_value_construct_n(first, cells);
    memory_.emplace_back(first);
    chunk(shard, index).store(first, std::memory_order_release);
  }
}

std::size_t Table::series() const {
  const std::scoped_lock lock(mutex_);
  return slots_.size();
}

std::uint64_t Table::total(std::uint32_t slot, std::size_t cell) const {
  std::uint64_t sum = 0;
  for (std::size_t shard = 0; shard < shards_; ++shard) sum += row(shard, slot)[cell].read();
  return sum;
}

std::uint64_t Table::since_base(std::uint32_t slot, std::size_t cell) const {
  return total(slot, cell) - series_[slot].base[cell];
}

/// From its first count on: thousands of objects that nobody asks for have no series.
bool Table::is_shown(std::uint32_t slot) const {
  if (layout_.label.empty()) return true;
  if (series_[slot].users == 0) return false;
  for (std::size_t cell = 0; cell < layout_.row_cells; ++cell)
    if (since_base(slot, cell) != 0) return true;
  return false;
}

void Table::render(std::string& to) const {
  const std::scoped_lock lock(mutex_);
  std::string_view family;
  for (const auto& column : layout_.columns) {
    if (column.name != family) append_family(to, column.name, column.help, column.kind);
    family = column.name;
    render_column(to, column);
  }
}

void Table::render_column(std::string& to, const Column& column) const {
  const bool waits_for_first = !layout_.label.empty() && !column.fixed_label.empty();
  for (std::uint32_t slot = 0; slot < series_.size(); ++slot) {
    if (!is_shown(slot)) continue;
    if (column.kind == Kind::histogram) {
      render_histogram(to, column, slot);
      continue;
    }
    const auto value = column.kind == Kind::gauge ? total(slot, column.cell) : since_base(slot, column.cell);
    if (waits_for_first && value == 0) continue;
    // A gauge's plus and minus may come from two workers' cells: the sum is right modulo 2^64.
    fmt::format_to(std::back_inserter(to), "{}{} {}\n", column.name, labels(column, slot),
                   static_cast<std::int64_t>(value));
  }
}

void Table::render_histogram(std::string& to, const Column& column, std::uint32_t slot) const {
  std::uint64_t count = 0;
  for (std::size_t bucket = 0; bucket < kBucketCells; ++bucket) {
    count += since_base(slot, column.cell + bucket);
    const auto bound = bucket < kBucketBounds.size()
                           ? fmt::format("le=\"{}\"", seconds(kBucketBounds[bucket]))
                           : std::string("le=\"+Inf\"");
    fmt::format_to(std::back_inserter(to), "{}_bucket{} {}\n", column.name, labels(column, slot, bound),
                   count);
  }
  const auto own = labels(column, slot);
  fmt::format_to(std::back_inserter(to), "{}_sum{} {}\n{}_count{} {}\n", column.name, own,
                 seconds(since_base(slot, column.sum_cell)), column.name, own, count);
}

std::string Table::labels(const Column& column, std::uint32_t slot, std::string_view last) const {
  std::string out;
  if (!layout_.label.empty()) out = fmt::format("{}=\"{}\"", layout_.label, series_[slot].label);
  for (const auto more : {column.fixed_label, last}) {
    if (more.empty()) continue;
    if (!out.empty()) out += ',';
    out += more;
  }
  return out.empty() ? out : "{" + out + "}";
}

}  // namespace gatehouse::metrics
