#include "files/attributes.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace lx::files {

namespace {

constexpr uint32_t kSize = 1;
constexpr uint32_t kOwner = 2;
constexpr uint32_t kMode = 4;
constexpr uint32_t kTimes = 8;
constexpr uint32_t kExtended = 0x80000000;
constexpr mode_t kModeBits = 07777;

void timesOf(const Attributes& wanted, timespec (&times)[2]) {
  times[0] = {static_cast<time_t>(wanted.times->first), 0};
  times[1] = {static_cast<time_t>(wanted.times->second), 0};
}

}  // namespace

Attributes readAttributes(PacketReader& in) {
  Attributes result;
  const uint32_t flags = in.u32();
  if ((flags & kSize) != 0) result.size = in.u64();
  if ((flags & kOwner) != 0) {
    const uint32_t uid = in.u32();
    result.owner = {uid, in.u32()};
  }
  if ((flags & kMode) != 0) result.mode = in.u32() & kModeBits;
  if ((flags & kTimes) != 0) {
    const uint32_t access = in.u32();
    result.times = {access, in.u32()};
  }
  if ((flags & kExtended) == 0) return result;
  for (uint32_t left = in.u32(); left > 0 && in.good(); --left) {
    in.bytes();
    in.bytes();
  }
  return result;
}

void writeAttributes(PacketWriter& out, const struct stat& info) {
  out.u32(kSize | kOwner | kMode | kTimes).u64(static_cast<uint64_t>(info.st_size)).u32(info.st_uid).u32(info.st_gid).u32(info.st_mode);
  out.u32(static_cast<uint32_t>(info.st_atim.tv_sec)).u32(static_cast<uint32_t>(info.st_mtim.tv_sec));
}

std::string longName(std::string_view name, const struct stat& info) {
  const char kind = S_ISDIR(info.st_mode)    ? 'd'
                    : S_ISLNK(info.st_mode)  ? 'l'
                    : S_ISFIFO(info.st_mode) ? 'p'
                    : S_ISSOCK(info.st_mode) ? 's'
                    : S_ISCHR(info.st_mode)  ? 'c'
                    : S_ISBLK(info.st_mode)  ? 'b'
                                             : '-';
  char mode[10] = "rwxrwxrwx";
  for (int bit = 0; bit < 9; ++bit) {
    if ((info.st_mode & (0400U >> bit)) == 0) mode[bit] = '-';
  }
  // Not by strftime(3), which brings zones and locales with it, a tenth of the program. A year is 16 bits wide here.
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds{std::chrono::seconds{info.st_mtim.tv_sec}})};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char line[160];
  std::snprintf(line, sizeof line, "%c%s %4lu %-8u %-8u %8llu %s %2u  %d ", kind, mode, static_cast<unsigned long>(info.st_nlink), info.st_uid, info.st_gid,
                static_cast<unsigned long long>(info.st_size), months[(static_cast<unsigned>(date.month()) + 11) % 12],
                static_cast<unsigned>(date.day()), static_cast<int>(date.year()));
  return std::string(line).append(name);
}

// The owner first: its change takes the set-id bits off (chown(2)).
int apply(int fd, const Attributes& wanted) {
  if (wanted.size && ::ftruncate(fd, static_cast<off_t>(*wanted.size)) < 0) return -1;
  if (wanted.owner && ::fchown(fd, wanted.owner->first, wanted.owner->second) < 0) return -1;
  if (wanted.mode && ::fchmod(fd, *wanted.mode) < 0) return -1;
  if (!wanted.times) return 0;
  timespec times[2];
  timesOf(wanted, times);
  return ::futimens(fd, times);
}

int apply(const char* path, const Attributes& wanted, bool follow) {
  const int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
  if (wanted.size && ::truncate(path, static_cast<off_t>(*wanted.size)) < 0) return -1;
  if (wanted.owner && ::fchownat(AT_FDCWD, path, wanted.owner->first, wanted.owner->second, flags) < 0) return -1;
  // Links have no mode of their own.
  if (wanted.mode && follow && ::chmod(path, *wanted.mode) < 0) return -1;
  if (!wanted.times) return 0;
  timespec times[2];
  timesOf(wanted, times);
  return ::utimensat(AT_FDCWD, path, times, flags);
}

}  // namespace lx::files
