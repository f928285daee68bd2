#pragma once

#include <string>

namespace lx {

/// All of an open file from its start, by pread(2); works for procfs, sysfs and cgroupfs, whose sizes are unknown.
std::string readAll(int fd, const std::string& subject = {});

/// All of the file at `path`.
std::string readFile(const std::string& path);

/// Writes the whole of `content` in one write(2), as kernel interface files demand.
void writeFile(const std::string& path, const std::string& content);

}  // namespace lx
