import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** Where this daemon lives and what it was told by its environment. Made once by main.ts. */
export interface DaemonSettings {
  /** $LXCTL_DIR, default /var/lib/lxctl. Absolute. */
  stateDir: string;
  /** $LXCTL_DIR/run, or /run/lxctl for the default directory. */
  runDir: string;
  /** $LXCTL_DATABASE_URL, null for the embedded server. */
  databaseUrl: string | null;
  /** $LXCTL_DATABASE_PATIENCE in milliseconds: how long a database that does not answer is waited for. */
  databasePatienceMs: number;
  /** Version of lxctl, from package.json. */
  version: string;
  /** Root of the installation: where bin/, native/build and migrations are. */
  homeDir: string;
  logLevel: string;
}

const defaultStateDir = '/var/lib/lxctl';
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Throws with a plain sentence when a variable makes no sense. `from` is a directory inside the installation. */
export function readSettings(environment: NodeJS.ProcessEnv, from: string): DaemonSettings {
  const stateDir = (environment.LXCTL_DIR || defaultStateDir).replace(/(?<=.)\/+$/, '');
  if (!isAbsolute(stateDir)) throw new Error(`LXCTL_DIR must be an absolute path, not ${stateDir}.`);
  const databaseUrl = environment.LXCTL_DATABASE_URL || null;
  if (databaseUrl && !/^postgres(ql)?:\/\//.test(databaseUrl)) throw new Error('LXCTL_DATABASE_URL must be a postgres:// URL.');
  const patience = Number(environment.LXCTL_DATABASE_PATIENCE || 10);
  if (!(patience >= 1 && patience <= 3600)) throw new Error('LXCTL_DATABASE_PATIENCE must be a number of seconds from 1 to 3600.');
  const logLevel = environment.LXCTL_LOG_LEVEL || 'info';
  if (!logLevels.includes(logLevel)) throw new Error(`LXCTL_LOG_LEVEL must be one of ${logLevels.join(', ')}.`);
  const homeDir = installation(from);
  return {
    stateDir,
    runDir: stateDir === defaultStateDir ? '/run/lxctl' : join(stateDir, 'run'),
    databaseUrl,
    databasePatienceMs: patience * 1000,
    version: (JSON.parse(readFileSync(join(homeDir, 'package.json'), 'utf8')) as { version: string }).version,
    homeDir,
    logLevel,
  };
}

/** The nearest directory above that holds package.json: the same for the sources and for the bundle in dist/. */
function installation(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (dirname(directory) === directory) throw new Error(`No package.json above ${from}: the installation is incomplete.`);
  }
}
