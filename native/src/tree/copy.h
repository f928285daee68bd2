#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace lx::tree {

class Earlier;

/// What a copy tells and hears while it runs. Its fields are for any thread.
struct Watch {
  std::atomic<bool> cancelled = false;
  /// Of contents, as far as they are there.
  std::atomic<uint64_t> bytes = 0;
  /// Called by the copying thread when `bytes` grew; empty for nobody.
  std::function<void()> onBytes;
};

/// For the copy of one layer. One that is in use is copied twice: while it changes, and once more when it does not, quickly.
struct Beside {
  /// Is to be filled by this copy.
  Earlier* now = nullptr;
  /// Of a copy of the same tree on the same file system as the target: files that have not changed since are moved out of it.
  const Earlier* before = nullptr;
  /// The copy is to lie over this tree, which does not change: it has what differs, and hides what is not in the source. Files
  /// with more than one name are always copied.
  UniqueFd base = {};
};

/**
 * Copies the directory behind `layers` to `to`, which is not there yet, or an empty directory (a new subvolume, say): contents (by reference where the file system can, and
 * with their holes), owners, modes, times, extended attributes (access lists, capabilities and overlayfs's among them), hard
 * links among the files of the tree, symlinks, fifos, sockets and device nodes.
 *
 * The tree may be a guest's, who may be changing it: each entry is opened once, through its directory's descriptor, without
 * following a symlink or crossing a mount (EXDEV), and all that is done with it is done with what was opened. What vanishes
 * meanwhile is not copied.
 *
 * Of several layers, the uppermost first, the copy is one that does over a tree below what they do: it has their whiteouts, and
 * its directories are opaque where theirs are (overlayfs.rst).
 *
 * Throws SysError with the entry's path below the root; ECANCELED when cancelled. What is there then is the caller's to remove.
 */
void copy(std::vector<UniqueFd> layers, const std::string& to, Watch& watch, Beside beside = {});

}  // namespace lx::tree
