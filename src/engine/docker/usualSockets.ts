import { found, type FoundEndpoint } from './endpoint';
import { environmentVariable, joinPath, type Machine } from './machine';

interface Product {
  readonly name: string;
  readonly paths: readonly string[];
}

/** Where engines listen when nobody says otherwise, the most usual first. */
export function usualSockets(machine: Machine): readonly FoundEndpoint[] {
  return machine.platform === 'win32' ? windowsPipes() : unixSockets(machine);
}

function windowsPipes(): readonly FoundEndpoint[] {
  const pipe = (name: string) => ({ kind: 'npipe', path: `//./pipe/${name}` }) as const;
  return [
    found('Docker', pipe('docker_engine')),
    found('Docker Desktop', pipe('dockerDesktopLinuxEngine')),
    found('Podman', pipe('podman-machine-default')),
  ];
}

function unixSockets(machine: Machine): readonly FoundEndpoint[] {
  const seen = new Set<string>();
  const endpoints: FoundEndpoint[] = [];
  for (const { name, paths } of products(machine)) {
    for (const path of paths) {
      if (seen.has(path)) continue;
      seen.add(path);
      endpoints.push(found(name, { kind: 'unix', path }));
    }
  }
  return endpoints;
}

function products(machine: Machine): readonly Product[] {
  const inHome = (...parts: readonly string[]): string => joinPath(machine, machine.homeDirectory, ...parts);
  const isMac = machine.platform === 'darwin';
  const desktop = {
    name: 'Docker Desktop',
    paths: [inHome('.docker/run/docker.sock'), inHome('.docker/desktop/docker.sock')],
  };
  const rancher = { name: 'Rancher Desktop', paths: [inHome('.rd/docker.sock')] };
  const orbStack = { name: 'OrbStack', paths: isMac ? [inHome('.orbstack/run/docker.sock')] : [] };
  return [
    { name: 'Docker', paths: ['/var/run/docker.sock'] },
    {
      name: 'Docker (rootless)',
      paths: runtimeDirectories(machine).map((directory) => joinPath(machine, directory, 'docker.sock')),
    },
    desktop,
    { name: 'Colima', paths: colimaSockets(machine, inHome) },
    orbStack,
    rancher,
    { name: 'Podman', paths: isMac ? podmanMachineSockets(machine, inHome) : podmanSockets(machine) },
  ];
}

/** Where a user's own services put their sockets; systemd's place also when the variable is not passed on. */
function runtimeDirectories(machine: Machine): readonly string[] {
  if (machine.platform === 'darwin') return [];
  const named = environmentVariable(machine, 'XDG_RUNTIME_DIR');
  const systemd = machine.userId === undefined ? [] : [`/run/user/${machine.userId}`];
  return named?.startsWith('/') ? [named, ...systemd] : systemd;
}

type InHome = (...parts: readonly string[]) => string;

function colimaSockets(machine: Machine, inHome: InHome): readonly string[] {
  const named = environmentVariable(machine, 'COLIMA_HOME');
  const homes = [...(named?.startsWith('/') ? [named] : []), inHome('.colima'), inHome('.config/colima')];
  return homes.map((home) => joinPath(machine, home, 'default/docker.sock'));
}

function podmanSockets(machine: Machine): readonly string[] {
  return [...runtimeDirectories(machine), '/run'].map((directory) =>
    joinPath(machine, directory, 'podman/podman.sock'),
  );
}

/** Podman 5 puts it below $TMPDIR, earlier ones below the user's data directory. */
function podmanMachineSockets(machine: Machine, inHome: InHome): readonly string[] {
  const temporary = environmentVariable(machine, 'TMPDIR');
  const data = inHome('.local/share/containers/podman/machine');
  return [
    ...(temporary?.startsWith('/')
      ? [joinPath(machine, temporary, 'podman/podman-machine-default-api.sock')]
      : []),
    joinPath(machine, data, 'podman.sock'),
    joinPath(machine, data, 'podman-machine-default/podman.sock'),
    joinPath(machine, data, 'qemu/podman.sock'),
  ];
}
