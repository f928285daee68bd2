/** The state directory when LXCTL_DIR does not say otherwise. */
const defaultStateDir = '/var/lib/lxctl';

/** Where the daemon listens: $LXCTL_SOCKET, else $LXCTL_DIR/unix.socket, else the default directory's. */
export function socketPath(env: Record<string, string | undefined>): string {
  if (env.LXCTL_SOCKET) return env.LXCTL_SOCKET;
  const stateDir = env.LXCTL_DIR || defaultStateDir;
  return `${stateDir.replace(/\/+$/, '')}/unix.socket`;
}
