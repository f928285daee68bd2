import { leaf, type Tree } from './run/tree.ts';

/** Every verb: a line here, a file in cmd/ and its spec. Bodies are loaded when called. */
export const tree: Tree = {
  launch: leaf('Create an instance from an image and start it', () => import('./cmd/instance/launch.ts')),
  init: leaf('Create an instance from an image', () => import('./cmd/instance/init.ts')),
  list: leaf('List instances', () => import('./cmd/instance/list.ts'), 'ls'),
  info: leaf('Show an instance, or the server', () => import('./cmd/instance/info.ts')),
  start: leaf('Start instances', () => import('./cmd/instance/start.ts')),
  stop: leaf('Stop instances', () => import('./cmd/instance/stop.ts')),
  restart: leaf('Restart instances', () => import('./cmd/instance/restart.ts')),
  pause: leaf('Pause instances', () => import('./cmd/instance/pause.ts')),
  delete: leaf('Delete instances or snapshots', () => import('./cmd/instance/delete.ts'), 'rm'),
  rename: leaf('Rename an instance or a snapshot', () => import('./cmd/instance/rename.ts'), 'move', 'mv'),
  snapshot: leaf('Take a snapshot of an instance', () => import('./cmd/instance/snapshot.ts')),
  restore: leaf('Go back to a snapshot', () => import('./cmd/instance/restore.ts')),
  copy: leaf('Copy an instance or a snapshot of one', () => import('./cmd/instance/copy.ts'), 'cp'),
  exec: leaf('Run a command in an instance', () => import('./cmd/instance/exec.ts')),
  shell: leaf('Log in to an instance', () => import('./cmd/instance/shell.ts')),
  console: leaf('Attach to the console of an instance', () => import('./cmd/instance/console.ts')),
  config: {
    about: 'Configuration of instances and of the server',
    verbs: {
      show: leaf('Show the configuration', () => import('./cmd/config/show.ts')),
      get: leaf('Show the value of a key', () => import('./cmd/config/get.ts')),
      set: leaf('Set keys', () => import('./cmd/config/set.ts')),
      unset: leaf('Take a key away', () => import('./cmd/config/unset.ts')),
      edit: leaf('Edit the configuration as YAML', () => import('./cmd/config/edit.ts')),
      metadata: {
        about: 'Metadata of instances, from their images',
        verbs: {
          show: leaf('Show the metadata', () => import('./cmd/config/metadata/show.ts')),
          edit: leaf('Edit the metadata as YAML', () => import('./cmd/config/metadata/edit.ts')),
        },
      },
      template: {
        about: 'Templates of files in instances',
        verbs: {
          list: leaf('List the templates', () => import('./cmd/config/template/list.ts'), 'ls'),
          show: leaf('Show a template', () => import('./cmd/config/template/show.ts')),
          create: leaf('Create an empty template', () => import('./cmd/config/template/create.ts')),
          edit: leaf('Edit a template', () => import('./cmd/config/template/edit.ts')),
          delete: leaf('Delete a template', () => import('./cmd/config/template/delete.ts'), 'rm'),
        },
      },
      device: {
        about: 'Devices of instances',
        verbs: {
          list: leaf('List the devices', () => import('./cmd/config/device/list.ts'), 'ls'),
          show: leaf('Show the devices with their options', () => import('./cmd/config/device/show.ts')),
          add: leaf('Add a device', () => import('./cmd/config/device/add.ts')),
          remove: leaf('Remove devices', () => import('./cmd/config/device/remove.ts'), 'rm'),
          get: leaf('Show the value of an option', () => import('./cmd/config/device/get.ts')),
          set: leaf('Set options', () => import('./cmd/config/device/set.ts')),
          unset: leaf('Take an option away', () => import('./cmd/config/device/unset.ts')),
        },
      },
    },
  },
  image: {
    about: 'Images',
    verbs: {
      list: leaf('List images', () => import('./cmd/image/list.ts'), 'ls'),
      show: leaf('Show the properties of an image', () => import('./cmd/image/show.ts')),
      info: leaf('Show what is known of an image', () => import('./cmd/image/info.ts')),
      build: leaf('Build an image from a recipe', () => import('./cmd/image/build.ts')),
      import: leaf('Import an image from files', () => import('./cmd/image/import.ts')),
      export: leaf('Save an image to files', () => import('./cmd/image/export.ts')),
      delete: leaf('Delete images', () => import('./cmd/image/delete.ts'), 'rm'),
      alias: {
        about: 'Aliases of images',
        verbs: {
          list: leaf('List aliases', () => import('./cmd/image/alias/list.ts'), 'ls'),
          create: leaf('Create an alias', () => import('./cmd/image/alias/create.ts')),
          delete: leaf('Delete aliases', () => import('./cmd/image/alias/delete.ts'), 'rm'),
          rename: leaf('Rename an alias', () => import('./cmd/image/alias/rename.ts')),
        },
      },
    },
  },
  profile: {
    about: 'Profiles',
    verbs: {
      list: leaf('List profiles', () => import('./cmd/profile/list.ts'), 'ls'),
      show: leaf('Show a profile', () => import('./cmd/profile/show.ts')),
      create: leaf('Create a profile', () => import('./cmd/profile/create.ts')),
      copy: leaf('Copy a profile', () => import('./cmd/profile/copy.ts'), 'cp'),
      rename: leaf('Rename a profile', () => import('./cmd/profile/rename.ts')),
      delete: leaf('Delete a profile', () => import('./cmd/profile/delete.ts'), 'rm'),
      get: leaf('Show the value of a key', () => import('./cmd/profile/get.ts')),
      set: leaf('Set keys', () => import('./cmd/profile/set.ts')),
      unset: leaf('Take a key away', () => import('./cmd/profile/unset.ts')),
      edit: leaf('Edit a profile as YAML', () => import('./cmd/profile/edit.ts')),
      add: leaf('Add a profile to an instance', () => import('./cmd/profile/add.ts')),
      remove: leaf('Remove a profile from an instance', () => import('./cmd/profile/remove.ts')),
      assign: leaf('Give an instance a new list of profiles', () => import('./cmd/profile/assign.ts'), 'apply'),
      device: {
        about: 'Devices of profiles',
        verbs: {
          list: leaf('List the devices', () => import('./cmd/profile/device/list.ts'), 'ls'),
          show: leaf('Show the devices with their options', () => import('./cmd/profile/device/show.ts')),
          add: leaf('Add a device', () => import('./cmd/profile/device/add.ts')),
          remove: leaf('Remove devices', () => import('./cmd/profile/device/remove.ts'), 'rm'),
          get: leaf('Show the value of an option', () => import('./cmd/profile/device/get.ts')),
          set: leaf('Set options', () => import('./cmd/profile/device/set.ts')),
          unset: leaf('Take an option away', () => import('./cmd/profile/device/unset.ts')),
        },
      },
    },
  },
  network: {
    about: 'Networks',
    verbs: {
      list: leaf('List networks', () => import('./cmd/network/list.ts'), 'ls'),
      show: leaf('Show a network', () => import('./cmd/network/show.ts')),
      info: leaf('Show addresses and counters of a network', () => import('./cmd/network/info.ts')),
      'list-leases': leaf('List the addresses given out', () => import('./cmd/network/list-leases.ts')),
      create: leaf('Create a network', () => import('./cmd/network/create.ts')),
      rename: leaf('Rename a network', () => import('./cmd/network/rename.ts')),
      delete: leaf('Delete a network', () => import('./cmd/network/delete.ts'), 'rm'),
      get: leaf('Show the value of a key', () => import('./cmd/network/get.ts')),
      set: leaf('Set keys', () => import('./cmd/network/set.ts')),
      unset: leaf('Take a key away', () => import('./cmd/network/unset.ts')),
      edit: leaf('Edit a network as YAML', () => import('./cmd/network/edit.ts')),
    },
  },
  storage: {
    about: 'Storage pools and volumes',
    verbs: {
      list: leaf('List pools', () => import('./cmd/storage/list.ts'), 'ls'),
      show: leaf('Show a pool', () => import('./cmd/storage/show.ts')),
      info: leaf('Show the room in a pool and who uses it', () => import('./cmd/storage/info.ts')),
      create: leaf('Create a pool', () => import('./cmd/storage/create.ts')),
      delete: leaf('Delete a pool', () => import('./cmd/storage/delete.ts'), 'rm'),
      get: leaf('Show the value of a key', () => import('./cmd/storage/get.ts')),
      set: leaf('Set keys', () => import('./cmd/storage/set.ts')),
      unset: leaf('Take a key away', () => import('./cmd/storage/unset.ts')),
      edit: leaf('Edit a pool as YAML', () => import('./cmd/storage/edit.ts')),
      volume: {
        about: 'Volumes of a pool',
        verbs: {
          list: leaf('List volumes', () => import('./cmd/storage/volume/list.ts'), 'ls'),
          show: leaf('Show a volume', () => import('./cmd/storage/volume/show.ts')),
        },
      },
    },
  },
  operation: {
    about: 'Background operations',
    verbs: {
      list: leaf('List operations', () => import('./cmd/operation/list.ts'), 'ls'),
      show: leaf('Show an operation', () => import('./cmd/operation/show.ts')),
      delete: leaf('Cancel an operation', () => import('./cmd/operation/delete.ts'), 'cancel', 'rm'),
    },
  },
  monitor: leaf('Show events as they happen', () => import('./cmd/server/monitor.ts')),
  query: leaf('Send a raw request', () => import('./cmd/server/query.ts')),
  version: leaf('Versions of the command and of the server', () => import('./cmd/server/version.ts')),
  admin: {
    about: 'The daemon itself',
    verbs: {
      init: leaf('Set the server up', () => import('./cmd/admin/init.ts')),
      waitready: leaf('Wait until the daemon serves requests', () => import('./cmd/admin/waitready.ts')),
      shutdown: leaf('Shut the instances and the daemon down', () => import('./cmd/admin/shutdown.ts')),
    },
  },
};

/**
 * Words that LXD's command knows and this one does not, by the words before them, with what is missing. They are refused
 * in these words: a guess at another verb would be worse than nothing. A verb that comes takes its word from here.
 */
export const absent: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    alias: 'command aliases',
    auth: 'the authorisation of users',
    cluster: 'clusters',
    export: 'backups',
    file: 'file transfer',
    import: 'backups',
    manpage: 'manual pages',
    project: 'projects other than "default"',
    publish: 'images made of instances',
    remote: 'remote servers',
    warning: 'warnings',
  },
  config: {
    trust: 'the API over HTTPS and its trusted clients',
    uefi: 'virtual machines',
  },
  'config device': { override: "the override of a profile's device (add a device of the same name instead)" },
  image: {
    copy: 'copies of images between servers',
    cp: 'copies of images between servers',
    edit: 'changes of an image',
    'get-property': 'changes of an image',
    refresh: 'image servers',
    'set-property': 'changes of an image',
    'unset-property': 'changes of an image',
  },
  network: {
    acl: 'access lists of networks',
    attach: 'the short way to attach a network (use config device add)',
    'attach-profile': 'the short way to attach a network (use profile device add)',
    detach: 'the short way to detach a network (use config device remove)',
    'detach-profile': 'the short way to detach a network (use profile device remove)',
    forward: 'forwards of networks',
    'load-balancer': 'load balancers',
    peer: 'peers of networks',
    zone: 'DNS zones',
  },
  storage: { bucket: 'storage buckets' },
  'storage volume': Object.fromEntries(
    [
      ...['attach', 'attach-profile', 'copy', 'cp', 'create', 'delete', 'detach', 'detach-profile', 'edit', 'export', 'get'],
      ...['import', 'info', 'move', 'mv', 'rename', 'restore', 'rm', 'set', 'snapshot', 'unset'],
    ].map((word) => [word, 'custom volumes']),
  ),
  admin: {
    activateifneeded: 'activation by socket',
    cluster: 'clusters',
    import: 'the recovery of instances from a pool',
    recover: 'the recovery of instances from a pool',
    sql: 'queries of its database (psql can ask it)',
  },
};
