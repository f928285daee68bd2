#pragma once

namespace lx::files {

/**
 * Serves SFTP version 3 (draft-ietf-secsh-filexfer-02), with the extensions of OpenSSH that clients use, on a connected stream
 * socket until its end. It works in the root and with the rights that its process has, and trusts neither the client nor what lies in
 * that root: only regular files are opened, never so that the open waits.
 */
void serve(int socket);

}  // namespace lx::files
