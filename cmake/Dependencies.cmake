# SPDX-License-Identifier: Apache-2.0
# All of it from Debian; scripts/packages.txt is the list that `make` installs.
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
add_library(re2 ALIAS PkgConfig::RE2)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
# Through pkg-config: the layout of its classes depends on the flags it gives.
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)

# Asio and Beast compiled once, instead of in every file that includes them.
add_library(gatehouse_boost STATIC cmake/boost_impl.cpp)
target_link_libraries(gatehouse_boost PUBLIC gatehouse_flags Boost::headers Threads::Threads OpenSSL::SSL)

# The release binary allocates through mimalloc; sanitizers bring their own allocator.
add_library(gatehouse_allocator INTERFACE)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT GATEHOUSE_SANITIZE)
  find_package(mimalloc REQUIRED)
  # Debian ships it as a shared library only; it must stay linked although nothing names its symbols.
  target_link_libraries(gatehouse_allocator INTERFACE
    "-Wl,--push-state,--no-as-needed" mimalloc "-Wl,--pop-state")
endif()
