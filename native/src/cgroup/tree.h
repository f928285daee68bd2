#pragma once

// Directories of cgroupfs, v1 and v2 alike (cgroups(7)). The keeper alone works on them while its instance lives.
namespace lx::cgroup {

/// Makes the directory; one that exists is fine. Throws SysError.
void create(const char* path);
/// Hands the directory to the container's root, which may then make groups below it and move its processes there,
/// but not change the limits of the directory itself.
void delegate(const char* path, unsigned uid, unsigned gid);
/// Writes one value file.
void write(const char* path, const char* value);
/// Removes all groups below `path` and switches off what a guest enabled for them, so that a new guest finds it fresh.
void clear(const char* path, int milliseconds);
/// Removes the directory and all below it. Processes that are just ending keep it busy for a moment: waits for them at
/// most `milliseconds`. false: it is still busy then. A missing directory is fine.
bool remove(const char* path, int milliseconds);
/// Kills everything in and below the directory (v2), or thaws it so that a pending SIGKILL can work (v1).
void killAll(const char* path);

}  // namespace lx::cgroup
