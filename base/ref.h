// SPDX-License-Identifier: Apache-2.0
// Counted references without atomics, for objects that live and die on one thread.
#pragma once

#include <cstdint>
#include <utility>

namespace gatehouse {

/// Base of an object that deletes itself with its last Ref. One thread only.
template <typename T>
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void add_ref() { ++refs_; }
  void drop_ref() {
    if (--refs_ == 0) static_cast<T*>(this)->on_last_ref();
  }
  std::uint32_t refs() const { return refs_; }

 protected:
  ~RefCounted() = default;
  /// What happens with the last reference; a derived class may hand itself to someone else instead.
  void on_last_ref() { delete static_cast<T*>(this); }

 private:
  std::uint32_t refs_ = 0;
};

template <typename T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) {
    if (object_) object_->add_ref();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { reset(); }

  void reset() {
    if (T* object = std::exchange(object_, nullptr)) object->drop_ref();
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace gatehouse
