#include "base/sys_error.h"

#include <cstring>

namespace lx {

namespace {

/// "::lx::openat2(dir, ...)" -> "openat2".
std::string_view callName(std::string_view expression) {
  std::string_view name = expression.substr(0, expression.find('('));
  const size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

SysError::SysError(std::string_view call, int number, std::string_view subject, std::string_view detail)
    : call_(call), number_(number), subject_(subject), detail_(detail) {
  const char* name = strerrorname_np(number);
  const char* words = strerrordesc_np(number);
  text_.append(name != nullptr ? name : "UNKNOWN").append(": ").append(words != nullptr ? words : "unknown error");
  text_.append(", ").append(call_);
  if (!subject_.empty()) text_.append(" '").append(subject_).append("'");
  if (!detail_.empty()) text_.append(" (").append(detail_).append(")");
}

void throwSysError(const char* expression, std::string_view subject) { throw SysError(callName(expression), errno, subject); }

}  // namespace lx
