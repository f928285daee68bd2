#pragma once

#include <cstdint>

namespace lx::keeper {

/// What a child tells the keeper on its status socket before its exec. The socket closes by the exec itself.
struct Report {
  enum class Kind : uint8_t { failure = 1, ready = 2, pid = 3, terminal = 4 };
  Kind kind;
  /// errno of a failure; for `pid` the sender's, which the kernel says on a socket with SO_PASSCRED.
  int32_t number;
  char stage[24];
  char call[32];
  char path[256];
};

/// Words of the keeper to the child.
enum class Go : char { maps = 'm', exec = 'x' };

// For the child between clone and exec: no allocation, no exceptions.

/// Reports the current errno and ends the process. `expression` is the text of the call.
[[noreturn]] void fail(int status, const char* stage, const char* expression, const char* path = "");

template <typename Result>
Result must(Result result, int status, const char* stage, const char* expression, const char* path = "") {
  if (result < 0) fail(status, stage, expression, path);
  return result;
}

/// Sends a report with up to four fds.
bool sendReport(int status, const Report& report, const int* fds = nullptr, int count = 0);

/// The keeper's side: takes a report and its fds (-1 where none came). 1: one came; 0: the socket is closed; -1: none yet.
int receiveReport(int status, Report& report, int (&fds)[4]);

}  // namespace lx::keeper

/// LX_MUST(status, "root", chdir(path), path): the call's result, or the end of the process.
#define LX_MUST(status, stage, call, ...) ::lx::keeper::must((call), status, stage, #call __VA_OPT__(, ) __VA_ARGS__)
