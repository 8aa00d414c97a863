// SPDX-License-Identifier: Apache-2.0
// A pipe that bytes pass through on their way from one socket to another without being copied.
#pragma once

#include <cstddef>

namespace gatehouse::proxy {

/// Two descriptors, made when a flow turns out to be a long one. Closed until open() succeeds.
class SplicePipe {
 public:
  /// What the pipe is asked to hold: half the calls of the default 64 KiB, and more gained nothing.
  static constexpr int kBytes = 256 * 1024;

  SplicePipe() = default;
  SplicePipe(const SplicePipe&) = delete;
  SplicePipe& operator=(const SplicePipe&) = delete;
  ~SplicePipe() { close(); }

  /// False when the system refuses: then bytes are copied as before.
  bool open();
  void close();
  bool is_open() const { return in_ >= 0; }
  int in() const { return in_; }
  int out() const { return out_; }

  std::size_t level = 0;  ///< bytes in the pipe

 private:
  int in_ = -1;
  int out_ = -1;
};

}  // namespace gatehouse::proxy
