#pragma once

#include <cerrno>
#include <exception>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace lx {

/// A failed system call: its name, its errno, what it was about (a path, a link, a key) and, rarely, more detail.
class SysError : public std::exception {
 public:
  SysError(std::string_view call, int number, std::string_view subject = {}, std::string_view detail = {});

  [[nodiscard]] const std::string& call() const { return call_; }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] const std::string& subject() const { return subject_; }
  [[nodiscard]] const std::string& detail() const { return detail_; }
  /// "EPERM: Operation not permitted, mount '/x' (detail)".
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string call_;
  int number_;
  std::string subject_;
  std::string detail_;
  std::string text_;
};

/// Throws SysError with the current errno. `expression` is the source text of the call; its name is taken from it.
[[noreturn]] void throwSysError(const char* expression, std::string_view subject);

template <typename Result>
Result checkSys(Result result, const char* expression, std::string_view subject = {}) {
  if (result == static_cast<Result>(-1)) throwSysError(expression, subject);
  return result;
}

}  // namespace lx

/// LX_SYS(mkdir(path, 0700), path): the call's result, or a SysError that names it.
#define LX_SYS(call, ...) ::lx::checkSys((call), #call __VA_OPT__(, ) __VA_ARGS__)
/// The same for calls that make a file descriptor.
#define LX_SYS_FD(call, ...) ::lx::UniqueFd(LX_SYS(call __VA_OPT__(, ) __VA_ARGS__))
