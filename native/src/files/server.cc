#include "files/server.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "base/syscalls.h"
#include "files/attributes.h"
#include "files/handles.h"
#include "files/open.h"
#include "files/packet.h"

namespace lx::files {

namespace {

enum Type : uint8_t {
  tInit = 1,
  tVersion = 2,
  tOpen = 3,
  tClose = 4,
  tRead = 5,
  tWrite = 6,
  tLstat = 7,
  tFstat = 8,
  tSetstat = 9,
  tFsetstat = 10,
  tOpendir = 11,
  tReaddir = 12,
  tRemove = 13,
  tMkdir = 14,
  tRmdir = 15,
  tRealpath = 16,
  tStat = 17,
  tRename = 18,
  tReadlink = 19,
  tSymlink = 20,
  tStatus = 101,
  tHandle = 102,
  tData = 103,
  tName = 104,
  tAttrs = 105,
  tExtended = 200,
  tExtendedReply = 201,
};

enum Code : uint32_t { cOk = 0, cEof = 1, cNoSuchFile = 2, cDenied = 3, cFailure = 4, cBad = 5, cUnsupported = 8 };

/// As OpenSSH's server has them, so that clients that ask nobody fit.
constexpr size_t kMaxPacket = 256 * 1024;
constexpr size_t kMaxData = kMaxPacket - 1024;
/// A whole file in one request: path, u32 append, attributes with owner and mode, content. What is made has those; what is there keeps its own.
constexpr const char* kPut = "put@lxctl";
/// An answer to READDIR is not begun another entry of when it is this long.
constexpr size_t kNamesSize = 48 * 1024;

/// "/a//b/../c/." -> "/a/c", by its words alone.
std::string cleaned(const std::string& path) {
  std::string result;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") result.erase(std::min(result.rfind('/'), result.size()));
    else result.append("/").append(part);
  }
  return result.empty() ? "/" : result;
}

class Server {
 public:
  explicit Server(int socket) : socket_(socket) {}

  void run() {
    std::vector<uint8_t> packet;
    while (receive(packet)) {
      PacketReader in(packet.data(), packet.size());
      if (!answer(in)) return;
    }
  }

 private:
  bool readAll(uint8_t* to, size_t size) {
    for (size_t done = 0; done < size;) {
      const ssize_t got = ::read(socket_, to + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      done += static_cast<size_t>(got);
    }
    return true;
  }

  bool receive(std::vector<uint8_t>& packet) {
    uint8_t head[4];
    if (!readAll(head, sizeof head)) return false;
    const uint32_t size = PacketReader(head, sizeof head).u32();
    if (size == 0 || size > kMaxPacket) return false;
    packet.resize(size);
    return readAll(packet.data(), size);
  }

  bool send(PacketWriter& packet) {
    const auto& data = packet.finish();
    for (size_t done = 0; done < data.size();) {
      const ssize_t sent = ::write(socket_, data.data() + done, data.size() - done);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      done += static_cast<size_t>(sent);
    }
    return true;
  }

  bool status(uint32_t id, uint32_t code, std::string_view words) {
    PacketWriter out(tStatus);
    out.u32(id).u32(code).text(words).text("");
    return send(out);
  }

  /// The current errno: its name comes first in the words, for programs.
  bool failure(uint32_t id) {
    const int number = errno;
    const char* name = ::strerrorname_np(number);
    const char* words = ::strerrordesc_np(number);
    const std::string text = std::string(name == nullptr ? "EIO" : name) + ": " + (words == nullptr ? "Input/output error" : words);
    const uint32_t code = number == ENOENT ? cNoSuchFile : number == EACCES || number == EPERM ? cDenied : cFailure;
    return status(id, code, text);
  }

  bool done(uint32_t id, int result) { return result < 0 ? failure(id) : status(id, cOk, "Success"); }

  bool answer(PacketReader& in) {
    const uint8_t type = in.u8();
    if (type == tInit) return greet();
    const uint32_t id = in.u32();
    if (!in.good()) return false;
    switch (type) {
      case tOpen: return open(id, in);
      case tClose: return done(id, handles_.close(in.bytes()));
      case tRead: return read(id, in);
      case tWrite: return write(id, in);
      case tFstat: return fstat(id, in);
      case tFsetstat: return fsetstat(id, in);
      case tOpendir: return opendir(id, in);
      case tReaddir: return readdir(id, in);
      case tExtended: return extended(id, in);
      default: return byPath(type, id, in);
    }
  }

  bool byPath(uint8_t type, uint32_t id, PacketReader& in) {
    const std::string path = in.path();
    if (!in.good()) return status(id, cBad, "EBADMSG: Bad message");
    switch (type) {
      case tLstat: return attributes(id, path, AT_SYMLINK_NOFOLLOW);
      case tStat: return attributes(id, path, 0);
      case tSetstat: return setstat(id, path, in, true);
      case tRemove: return done(id, ::unlink(path.c_str()));
      case tMkdir: return mkdir(id, path, in);
      case tRmdir: return done(id, ::rmdir(path.c_str()));
      case tRealpath: return names(id, cleaned(path));
      case tReadlink: return readlink(id, path);
      case tRename: return rename(id, path, in, RENAME_NOREPLACE);
      // OpenSSH's order, which everybody follows: what it leads to, then its name.
      case tSymlink: return two(id, path, in, [](const char* to, const char* name) { return ::symlink(to, name); });
      default: return status(id, cUnsupported, "EOPNOTSUPP: Operation not supported");
    }
  }

  bool greet() {
    PacketWriter out(tVersion);
    out.u32(3);
    for (const char* name : {"posix-rename@openssh.com", "hardlink@openssh.com", "fsync@openssh.com", "lsetstat@openssh.com", "limits@openssh.com"})
      out.text(name).text("1");
    for (const char* name : {"statvfs@openssh.com", "fstatvfs@openssh.com"}) out.text(name).text("2");
    out.text(kPut).text("1");
    return send(out);
  }

  bool open(uint32_t id, PacketReader& in) {
    const std::string path = in.path();
    const uint32_t wanted = in.u32();
    const Attributes attributes = readAttributes(in);
    if (!in.good()) return status(id, cBad, "EBADMSG: Bad message");
    if (handles_.full()) return errno = EMFILE, failure(id);
    const int fd = openFile(path.c_str(), wanted, attributes.mode.value_or(0666));
    if (fd < 0) return failure(id);
    PacketWriter out(tHandle);
    out.u32(id).text(handles_.add({fd, nullptr}));
    return send(out);
  }

  bool read(uint32_t id, PacketReader& in) {
    const Handles::Open* handle = handles_.find(in.bytes());
    const uint64_t offset = in.u64();
    const size_t length = std::min<size_t>(in.u32(), kMaxData);
    if (!in.good() || handle == nullptr || handle->fd < 0) return errno = EBADF, failure(id);
    PacketWriter out(tData);
    out.u32(id).u32(0);
    const size_t at = out.size() - 4;
    const ssize_t got = ::pread(handle->fd, out.room(length), length, static_cast<off_t>(offset));
    if (got < 0) return failure(id);
    if (got == 0 && length > 0) return status(id, cEof, "End of file");
    out.shrink(length - static_cast<size_t>(got));
    out.patch(at, static_cast<uint32_t>(got));
    return send(out);
  }

  bool write(uint32_t id, PacketReader& in) {
    const Handles::Open* handle = handles_.find(in.bytes());
    const uint64_t offset = in.u64();
    const std::string_view data = in.bytes();
    if (!in.good() || handle == nullptr || handle->fd < 0) return errno = EBADF, failure(id);
    return done(id, writeAll(handle->fd, data, offset));
  }

  bool put(uint32_t id, PacketReader& in) {
    const std::string path = in.path();
    const bool append = in.u32() != 0;
    const Attributes fresh = readAttributes(in);
    const std::string_view data = in.bytes();
    if (!in.good() || !fresh.owner || !fresh.mode) return status(id, cBad, "EBADMSG: Bad message");
    return done(id, files::put(path.c_str(), append, fresh, data));
  }

  bool sendAttributes(uint32_t id, const struct stat& info) {
    PacketWriter out(tAttrs);
    out.u32(id);
    writeAttributes(out, info);
    return send(out);
  }

  bool attributes(uint32_t id, const std::string& path, int flags) {
    struct stat info {};
    return ::fstatat(AT_FDCWD, path.c_str(), &info, flags) < 0 ? failure(id) : sendAttributes(id, info);
  }

  /// -1: a handle that is none.
  static int fdOf(const Handles::Open* handle) { return handle == nullptr ? -1 : handle->directory != nullptr ? ::dirfd(handle->directory) : handle->fd; }

  bool fstat(uint32_t id, PacketReader& in) {
    struct stat info {};
    return ::fstat(fdOf(handles_.find(in.bytes())), &info) < 0 ? failure(id) : sendAttributes(id, info);
  }

  bool setstat(uint32_t id, const std::string& path, PacketReader& in, bool follow) {
    const Attributes wanted = readAttributes(in);
    if (!in.good()) return status(id, cBad, "EBADMSG: Bad message");
    return done(id, apply(path.c_str(), wanted, follow));
  }

  bool fsetstat(uint32_t id, PacketReader& in) {
    const int fd = fdOf(handles_.find(in.bytes()));
    const Attributes wanted = readAttributes(in);
    if (!in.good() || fd < 0) return errno = EBADF, failure(id);
    return done(id, apply(fd, wanted));
  }

  bool mkdir(uint32_t id, const std::string& path, PacketReader& in) {
    const Attributes wanted = readAttributes(in);
    if (!in.good()) return status(id, cBad, "EBADMSG: Bad message");
    return done(id, ::mkdir(path.c_str(), wanted.mode.value_or(0777)));
  }

  bool opendir(uint32_t id, PacketReader& in) {
    const std::string path = in.path();
    if (!in.good()) return status(id, cBad, "EBADMSG: Bad message");
    if (handles_.full()) return errno = EMFILE, failure(id);
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return failure(id);
    PacketWriter out(tHandle);
    out.u32(id).text(handles_.add({-1, directory}));
    return send(out);
  }

  bool readdir(uint32_t id, PacketReader& in) {
    const Handles::Open* handle = handles_.find(in.bytes());
    if (!in.good() || handle == nullptr || handle->directory == nullptr) return errno = EBADF, failure(id);
    PacketWriter out(tName);
    out.u32(id).u32(0);
    const size_t at = out.size() - 4;
    uint32_t count = 0;
    while (out.size() < kNamesSize) {
      errno = 0;
      const dirent* entry = ::readdir(handle->directory);
      if (entry == nullptr && errno != 0 && count == 0) return failure(id);
      if (entry == nullptr) break;
      struct stat info {};
      // Gone meanwhile.
      if (::fstatat(::dirfd(handle->directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0) continue;
      out.text(entry->d_name).text(longName(entry->d_name, info));
      writeAttributes(out, info);
      ++count;
    }
    if (count == 0) return status(id, cEof, "End of file");
    out.patch(at, count);
    return send(out);
  }

  bool names(uint32_t id, const std::string& name) {
    PacketWriter out(tName);
    out.u32(id).u32(1).text(name).text(name).u32(0);
    return send(out);
  }

  bool readlink(uint32_t id, const std::string& path) {
    char target[PATH_MAX];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    return size < 0 ? failure(id) : names(id, std::string(target, static_cast<size_t>(size)));
  }

  template <typename Call>
  bool two(uint32_t id, const std::string& first, PacketReader& in, Call call) {
    const std::string second = in.path();
    if (!in.good()) return status(id, cBad, "EBADMSG: Bad message");
    return done(id, call(first.c_str(), second.c_str()));
  }

  bool rename(uint32_t id, const std::string& from, PacketReader& in, unsigned flags) {
    return two(id, from, in, [flags](const char* old, const char* name) { return ::renameat2(AT_FDCWD, old, AT_FDCWD, name, flags); });
  }

  bool extended(uint32_t id, PacketReader& in) {
    const std::string_view name = in.bytes();
    if (name == "limits@openssh.com") return limits(id);
    if (name == kPut) return put(id, in);
    if (name == "fsync@openssh.com") return done(id, ::fsync(fdOf(handles_.find(in.bytes()))));
    struct statvfs space {};
    if (name == "fstatvfs@openssh.com") return ::fstatvfs(fdOf(handles_.find(in.bytes())), &space) < 0 ? failure(id) : sendSpace(id, space);
    const std::string path = in.path();
    if (!in.good()) return status(id, cBad, "EBADMSG: Bad message");
    if (name == "statvfs@openssh.com") return ::statvfs(path.c_str(), &space) < 0 ? failure(id) : sendSpace(id, space);
    if (name == "posix-rename@openssh.com") return rename(id, path, in, 0);
    if (name == "hardlink@openssh.com") return two(id, path, in, [](const char* old, const char* link) { return ::link(old, link); });
    if (name == "lsetstat@openssh.com") return setstat(id, path, in, false);
    return status(id, cUnsupported, "EOPNOTSUPP: Operation not supported");
  }

  bool limits(uint32_t id) {
    PacketWriter out(tExtendedReply);
    out.u32(id).u64(kMaxPacket).u64(kMaxData).u64(kMaxData).u64(Handles::kMost);
    return send(out);
  }

  bool sendSpace(uint32_t id, const struct statvfs& space) {
    PacketWriter out(tExtendedReply);
    out.u32(id).u64(space.f_bsize).u64(space.f_frsize).u64(space.f_blocks).u64(space.f_bfree).u64(space.f_bavail);
    out.u64(space.f_files).u64(space.f_ffree).u64(space.f_favail).u64(space.f_fsid);
    // SSH_FXE_STATVFS_ST_RDONLY and _NOSUID.
    out.u64(((space.f_flag & ST_RDONLY) != 0 ? 1 : 0) | ((space.f_flag & ST_NOSUID) != 0 ? 2 : 0)).u64(space.f_namemax);
    return send(out);
  }

  int socket_;
  Handles handles_;
};

}  // namespace

void serve(int socket) { Server(socket).run(); }

}  // namespace lx::files
