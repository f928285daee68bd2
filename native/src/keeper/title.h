#pragma once

namespace lx::keeper {

/// Remembers where the kernel shows the arguments, and wipes the environment: it may hold the daemon's secrets.
void claimTitle(int argc, char** argv);
/// Shows `name` in the process list.
void setTitle(const char* name);

/// Gives back what the launch used of the heap, and what it touched of the program's own text and constants; the little that the loop
/// needs comes back by itself.
void forgetLaunch();

}  // namespace lx::keeper
