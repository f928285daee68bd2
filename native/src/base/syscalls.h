#pragma once

// The only file with raw system call numbers, and with constants that glibc 2.36 or its kernel headers lack.

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

// glibc 2.36 forgot to say that these are C functions.
extern "C" {
#include <sys/pidfd.h>
}

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace lx {

/// openat2(2): the file descriptor, or -1 with errno.
inline int openat2(int directory, const char* path, const open_how& how) {
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

/// clone3(2): as fork, without glibc's atfork handlers. The caller must be single-threaded, or the child must do
/// nothing but async-signal-safe calls.
inline pid_t clone3(clone_args& args) { return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args)); }

/// fork by `clone3`, with a pidfd of the child for the parent.
inline pid_t forkWithPidfd(int& pidfd) {
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  return clone3(args);
}

}  // namespace lx
