import { CommandError } from './verb.ts';

const endings = ['SIGHUP', 'SIGQUIT', 'SIGTERM'] as const;

/**
 * Runs $VISUAL, $EDITOR or vi on a private copy of the text.
 *
 * Built-in modules are imported inside, here and in every other file that few verbs use: in the one-file bundle a static
 * import of a built-in moves to the top of the file and is paid by every call.
 */
export async function openEditor(text: string, env: Record<string, string | undefined>): Promise<string> {
  const { rmSync } = await import('node:fs');
  const { mkdtemp, readFile, writeFile } = await import('node:fs/promises');
  const { spawn } = await import('node:child_process');
  const editor = env.VISUAL || env.EDITOR || 'vi';
  const directory = await mkdtemp(`${env.TMPDIR || '/tmp'}/lxctl-edit-`);
  const file = `${directory}/edit.yaml`;
  const remove = () => rmSync(directory, { recursive: true, force: true });
  // The text may hold secrets, so it goes also when we are ended; the signal then does what it would have done.
  const end = (signal: NodeJS.Signals) => {
    remove();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  // An interrupt of the terminal is the editor's.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  for (const signal of endings) process.on(signal, end);
  try {
    await writeFile(file, text, { mode: 0o600 });
    const code = await new Promise<number | null>((resolve, reject) => {
      // Through a shell: $EDITOR may carry options ("code --wait").
      const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
      child.once('error', reject);
      child.once('exit', resolve);
    });
    // What sh says of a command it cannot find, and of one it may not run.
    if (code === 127 || code === 126) throw new CommandError(`There is no editor "${editor}"; set EDITOR to one that is installed`);
    if (code !== 0) throw new CommandError(`The editor "${editor}" ended with ${code ?? 'a signal'}; nothing was changed`);
    return await readFile(file, 'utf8');
  } finally {
    process.off('SIGINT', ignore);
    for (const signal of endings) process.off(signal, end);
    remove();
  }
}
