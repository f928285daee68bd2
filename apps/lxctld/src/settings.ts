/** Where this daemon lives and what it was told by its environment. Made once by main.ts. */
export interface DaemonSettings {
  /** $LXCTL_DIR, default /var/lib/lxctl. Absolute. */
  stateDir: string;
  /** $LXCTL_DIR/run, or /run/lxctl for the default directory. */
  runDir: string;
  /** $LXCTL_DATABASE_URL, null for the embedded server. */
  databaseUrl: string | null;
  /** Version of lxctl, from package.json. */
  version: string;
  /** Root of the installation: where bin/, native/build and migrations are. */
  homeDir: string;
  logLevel: string;
}
