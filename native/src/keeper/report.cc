#include "keeper/report.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lx::keeper {

namespace {

template <size_t Size>
void copy(char (&to)[Size], const char* from, size_t length) {
  if (length > Size - 1) length = Size - 1;
  std::memcpy(to, from, length);
  to[length] = '\0';
}

/// "::lx::openat2(directory, ...)" -> "openat2"; "::syscall(SYS_seccomp, ...)" -> "seccomp".
void copyCall(char (&to)[32], const char* expression) {
  if (const char* raw = std::strstr(expression, "syscall(SYS_"); raw != nullptr) {
    raw += sizeof "syscall(SYS_" - 1;
    return copy(to, raw, std::strcspn(raw, ",)"));
  }
  const char* end = std::strchr(expression, '(');
  if (end == nullptr) end = expression + std::strlen(expression);
  const char* start = expression;
  for (const char* at = expression; at < end; ++at) {
    if (*at == ':') start = at + 1;
  }
  copy(to, start, static_cast<size_t>(end - start));
}

}  // namespace

void fail(int status, const char* stage, const char* expression, const char* path) {
  Report report{};
  report.kind = Report::Kind::failure;
  report.number = errno;
  copy(report.stage, stage, std::strlen(stage));
  copyCall(report.call, expression);
  copy(report.path, path, std::strlen(path));
  sendReport(status, report);
  ::_exit(1);
}

bool sendReport(int status, const Report& report, const int* fds, int count) {
  iovec part{const_cast<Report*>(&report), sizeof report};
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (count > 0) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(int);
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(rights), fds, bytes);
  }
  return ::sendmsg(status, &header, MSG_NOSIGNAL) >= 0;
}

int receiveReport(int status, Report& report, int (&fds)[4]) {
  for (int& fd : fds) fd = -1;
  iovec body{&report, sizeof report};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds) + CMSG_SPACE(sizeof(ucred))];
  msghdr header{};
  header.msg_iov = &body;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t size = 0;
  do size = ::recvmsg(status, &header, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size < 0) return errno == EAGAIN ? -1 : 0;
  if (size != sizeof report) return 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_type == SCM_RIGHTS) std::memcpy(fds, CMSG_DATA(part), part->cmsg_len - CMSG_LEN(0));
    if (part->cmsg_type != SCM_CREDENTIALS || report.kind != Report::Kind::pid) continue;
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
    report.number = sender.pid;
  }
  return 1;
}

}  // namespace lx::keeper
