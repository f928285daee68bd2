#pragma once

#include <utility>

namespace lx {

/// Runs at the end of the scope, unless dismissed.
template <typename Action>
class Defer {
 public:
  explicit Defer(Action action) : action_(std::move(action)) {}
  Defer(const Defer&) = delete;
  Defer& operator=(const Defer&) = delete;
  ~Defer() {
    if (armed_) action_();
  }
  void dismiss() { armed_ = false; }

 private:
  Action action_;
  bool armed_ = true;
};

}  // namespace lx
