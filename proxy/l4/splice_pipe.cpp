// SPDX-License-Identifier: Apache-2.0
#include "proxy/l4/splice_pipe.h"

#include <fcntl.h>
#include <unistd.h>

namespace gatehouse::proxy {

bool SplicePipe::open() {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return false;
  out_ = ends[0];
  in_ = ends[1];
  fcntl(in_, F_SETPIPE_SZ, kBytes);  // a wish: a user's share of pipe memory may be used up
  return true;
}

void SplicePipe::close() {
  if (in_ < 0) return;
  ::close(in_);
  ::close(out_);
  in_ = out_ = -1;
  level = 0;
}

}  // namespace gatehouse::proxy
