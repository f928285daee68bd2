#pragma once

#include <string>

namespace lx::confine {

/// Walks the tree below `directory` without following a symlink. Takes the attributes away that overlayfs would read as its
/// own in a lower layer, unless they are kept, with whiteouts. Gives what does not belong into a tree of files ("a device node: etc/x"), '' when nothing is wrong.
std::string walk(const char* directory, bool keepMarks);

}  // namespace lx::confine
