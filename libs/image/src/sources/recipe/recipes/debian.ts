import { createHash } from 'node:crypto';
import { appendFile, chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { finishTree } from '#lib/archive';
import { architectureName, LxError } from '#lib/contract';
import { ProgramFailed, runProgram } from '#lib/host';
import { mirrorsFor, readAptSources } from './apt-sources.ts';
import type { Recipe } from './recipe.ts';

const packages = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'iproute2',
  'ifupdown',
  'isc-dhcp-client',
  'procps',
  'iputils-ping',
  'netbase',
  'ca-certificates',
];

/** Written over what the packages brought. */
const files: Readonly<Record<string, string>> = {
  // A pattern: an instance without a nic has no failed unit (interfaces(5)).
  'etc/network/interfaces': 'auto lo\niface lo inet loopback\n\nauto /eth0\niface eth0 inet dhcp\n',
  // systemd fills it at the first boot.
  'etc/machine-id': '',
  'etc/default/locale': 'LANG=C.UTF-8\n',
  'etc/hosts': '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n',
};

/** The name comes from the keeper; a hostname file would win over it. resolv.conf is written with the first lease. */
const removed = [
  'etc/hostname',
  'etc/resolv.conf',
  'var/lib/dbus/machine-id',
  'var/log/bootstrap.log',
  'var/log/apt',
  'var/log/dpkg.log',
  'var/log/alternatives.log',
  'var/cache/ldconfig/aux-cache',
];

/** Units that have nothing to do in a container but would cost time at each boot. */
const masked = [
  'systemd-journal-flush.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'e2scrub_reap.service',
  'ifupdown-pre.service',
];

const dhclientLines = '\n# A nic without a DHCP server must not hold up the boot for long.\ntimeout 15;\n';

/** Changes with every list above. */
const serial = createHash('sha256')
  .update(JSON.stringify([packages, files, removed, masked, dhclientLines]))
  .digest('hex')
  .slice(0, 12);

export interface DebianRelease {
  version: string;
  codename: string;
  aliases: readonly string[];
}

/** A small Debian with systemd, from the package mirror this machine uses. */
export function debianRecipe({ version, codename, aliases }: DebianRelease, aptDirectory = '/etc/apt'): Recipe {
  const name = `debian/${version}`;
  return {
    name,
    aliases,
    serial: async () => serial,

    async build({ directory, progress, signal }) {
      const root = join(directory, 'tree', 'rootfs');
      const created = Math.floor(Date.now() / 1000);
      const metadata = {
        architecture: architectureName(process.arch === 'x64' ? 'x86_64' : process.arch) ?? 'x86_64',
        creation_date: created,
        properties: {
          architecture: process.arch === 'x64' ? 'amd64' : process.arch,
          description: `Debian ${version} ${codename}`,
          os: 'Debian',
          release: codename,
          variant: 'default',
          'lxctl.halt_signal': 'SIGRTMIN+3',
        },
      };
      try {
        await bootstrap(codename, root, mirrorsFor(codename, await readAptSources(aptDirectory)), progress, signal);
        progress('Setting up');
        await finish(root);
        await writeFile(join(directory, 'tree', 'metadata.yaml'), stringify(metadata));
        progress('Packing');
        await runProgram(
          'tar',
          ['-C', join(directory, 'tree'), '--numeric-owner', '--owner=0', '--group=0', '-czf', join(directory, 'image'), 'metadata.yaml'],
          { signal },
        );
        await runProgram(
          'tar',
          [
            '-C',
            root,
            '--numeric-owner',
            '--xattrs',
            '--xattrs-include=*',
            '--sort=name',
            '-I',
            'zstd -T0 -3 -q',
            '-cf',
            join(directory, 'rootfs'),
            '.',
          ],
          { signal },
        );
      } catch (error) {
        if (error instanceof ProgramFailed) throw new LxError('image.recipe_failed', { name, reason: error.message }, { cause: error });
        throw error;
      }
      return { layout: 'split', metadata };
    },
  };
}

/**
 * mmdebstrap mounts /proc, /sys and device nodes into the tree. It gets a mount and a pid namespace of its own and ends with
 * this process, so that sweeping the tree after a crash can never run into a mount.
 */
async function bootstrap(
  codename: string,
  root: string,
  mirrors: readonly string[],
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(root), { recursive: true, mode: 0o700 });
  // A child of unshare that is missing shows only as its exit code.
  await runProgram('mmdebstrap', ['--version'], { signal });
  const isolation = [
    '--pdeathsig',
    'KILL',
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--propagation',
    'private',
  ];
  const arguments_ = [
    '--mode=root',
    '--variant=minbase',
    '--format=directory',
    `--include=${packages.join(',')}`,
    codename,
    root,
    ...mirrors,
  ];
  let failure = '';
  const onLine = (line: string) => {
    if (/^E:/.test(line)) failure ||= line.slice(2).trim();
    const text = /^I: (.*)/.exec(line)?.[1];
    if (text && !/automatically chosen|chroot architecture|success in/.test(text)) progress(text);
  };
  await runProgram('setpriv', [...isolation, 'mmdebstrap', ...arguments_], { signal, onLine }).catch((error: unknown) => {
    if (error instanceof ProgramFailed && failure !== '') throw new ProgramFailed(failure);
    throw error;
  });
}

async function finish(root: string): Promise<void> {
  for (const path of removed) await rm(join(root, path), { recursive: true, force: true });
  for (const directory of ['var/cache/apt/archives', 'var/lib/apt/lists']) {
    for (const name of await readdir(join(root, directory)).catch(() => []))
      await rm(join(root, directory, name), { recursive: true, force: true });
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    await chmod(join(root, path), 0o644);
  }
  for (const unit of masked) {
    await rm(join(root, 'etc/systemd/system', unit), { force: true });
    await symlink('/dev/null', join(root, 'etc/systemd/system', unit));
  }
  await appendFile(join(root, 'etc/dhcp/dhclient.conf'), dhclientLines);
  await finishTree(root);
}
