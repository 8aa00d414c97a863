// SPDX-License-Identifier: Apache-2.0
// Where coroutine frames live: free lists per thread and size class.
#pragma once

#include <cstddef>

namespace gatehouse::io {

/// Hands out and takes back coroutine frames on the calling thread. A warm pool never calls malloc.
/// Frames must be released on the thread that allocated them. Under sanitizers every frame is a plain
/// allocation, so that use after free is seen.
void* allocate_frame(std::size_t size);
void release_frame(void* frame, std::size_t size);

}  // namespace gatehouse::io
