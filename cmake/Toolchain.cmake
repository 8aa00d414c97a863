# SPDX-License-Identifier: Apache-2.0
# Compiler flags, sanitizers, ccache. Everything of ours links gatehouse_flags.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -fno-omit-frame-pointer")

find_program(CCACHE ccache)
if(CCACHE)
  # Paths are taken relative to the checkout, so that one cache serves all checkouts.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

find_package(Threads REQUIRED)
add_library(gatehouse_flags INTERFACE)
target_link_libraries(gatehouse_flags INTERFACE Threads::Threads)
target_include_directories(gatehouse_flags INTERFACE ${CMAKE_SOURCE_DIR})
# -fPIE for libraries and programs alike (CMake would choose -fPIC for libraries): one precompiled header fits all.
target_compile_options(gatehouse_flags INTERFACE -fPIE)
target_link_options(gatehouse_flags INTERFACE -pie)
target_compile_options(gatehouse_flags INTERFACE
  -pthread -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12 inside libstdc++ strings and coroutine frames.
  target_compile_options(gatehouse_flags INTERFACE
    -Wno-restrict -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-stringop-overflow
    -Wno-array-bounds -Wno-stringop-overread -Winvalid-pch -fcoroutines)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(gatehouse_flags INTERFACE -Wno-unused-command-line-argument
    "SHELL:-Xclang -fno-pch-timestamp")
endif()

# A remote peer can reach Beast's asserts with three packets (boostorg/beast, Boost 1.81):
# they are off in every build that may face a socket, sanitizer builds included.
target_compile_definitions(gatehouse_flags INTERFACE
  BOOST_DISABLE_ASSERTS BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED SPDLOG_FMT_EXTERNAL)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(gatehouse_flags INTERFACE NDEBUG _FORTIFY_SOURCE=2 _GLIBCXX_ASSERTIONS)
  target_compile_options(gatehouse_flags INTERFACE -fstack-protector-strong -fno-plt)
  target_link_options(gatehouse_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()
if(GATEHOUSE_SANITIZE)
  target_compile_options(gatehouse_flags INTERFACE
    -fsanitize=${GATEHOUSE_SANITIZE} -fno-sanitize-recover=all)
  # clang 14 cannot emit this check for coroutines ("difference across sections").
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(gatehouse_flags INTERFACE -fno-sanitize=function)
  endif()
  target_link_options(gatehouse_flags INTERFACE -fsanitize=${GATEHOUSE_SANITIZE})
  target_compile_definitions(gatehouse_flags INTERFACE GATEHOUSE_SANITIZED)
  if(GATEHOUSE_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not understand fences; Asio's queues are ordered by their mutexes without them.
    target_compile_definitions(gatehouse_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(GATEHOUSE_COVERAGE)
  target_compile_options(gatehouse_flags INTERFACE --coverage -O0)
  target_link_options(gatehouse_flags INTERFACE --coverage)
endif()
if(GATEHOUSE_FUZZ)
  target_compile_options(gatehouse_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
