/** What a machine counted up to a moment. */
export interface MachineReading {
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** Milliseconds by a clock that nobody sets. */
  readonly steadyMs: number;
  /** All processors together; `undefined` where the system does not say. */
  readonly cpu: ProcessorTime | undefined;
  readonly processorTimes: readonly ProcessorTime[];
  readonly load: readonly [number, number, number] | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  readonly diskUsedBytes: number | undefined;
  readonly diskTotalBytes: number | undefined;
  readonly network: NetworkBytes | undefined;
}

/** Of a processor, in a unit of the system's. */
export interface ProcessorTime {
  readonly busy: number;
  readonly total: number;
}

export interface NetworkBytes {
  readonly received: number;
  readonly sent: number;
}

const KIB = 1024;

/** Reads `/proc/stat`: proc(5). What a guest used is in the first two columns already. */
export function readProcStat(text: string): Pick<MachineReading, 'cpu' | 'processorTimes'> {
  let cpu: ProcessorTime | undefined;
  const processorTimes: ProcessorTime[] = [];
  for (const line of text.split('\n')) {
    const [name = '', ...columns] = line.split(/ +/);
    if (!name.startsWith('cpu')) break;
    const time = processorTime(columns.map(Number));
    if (!time) continue;
    if (name === 'cpu') cpu = time;
    else processorTimes.push(time);
  }
  return { cpu, processorTimes };
}

function processorTime(columns: readonly number[]): ProcessorTime | undefined {
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft = 0, stolen = 0] =
    columns;
  const busy = user + nice + system + interrupts + soft + stolen;
  const total = busy + idle + waiting;
  return Number.isFinite(total) ? { busy, total } : undefined;
}

/** Reads `/proc/meminfo`. Used is what is not available: what the kernel would give up is no use of memory. */
export function readMeminfo(text: string): Pick<MachineReading, 'memoryUsedBytes' | 'memoryTotalBytes'> {
  const total = kibibytes(text, 'MemTotal');
  const available = kibibytes(text, 'MemAvailable');
  const isKnown = total !== undefined && available !== undefined && available <= total;
  return {
    memoryTotalBytes: total,
    memoryUsedBytes: isKnown ? total - available : undefined,
  };
}

function kibibytes(text: string, name: string): number | undefined {
  const digits = new RegExp(`^${name}: +([0-9]+) kB$`, 'm').exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits) * KIB;
}

/** The bytes of each interface of `/proc/net/dev`. */
export function readNetDev(text: string): ReadonlyMap<string, NetworkBytes> {
  const interfaces = new Map<string, NetworkBytes>();
  for (const line of text.split('\n')) {
    const [, name, columns] = /^ *([^ :]+): *(.*)$/.exec(line) ?? [];
    if (name === undefined || columns === undefined) continue;
    const numbers = columns.split(/ +/).map(Number);
    const [received = Number.NaN] = numbers;
    const sent = numbers[8] ?? Number.NaN;
    if (Number.isFinite(received) && Number.isFinite(sent)) interfaces.set(name, { received, sent });
  }
  return interfaces;
}

/** Ends of containers' networks, and bridges and tunnels whose bytes also pass through another interface. */
const VIRTUAL = /^(lo$|veth|docker|br-|virbr|vnet|tap|tun|cni|podman|flannel|cali|vxlan|dummy|ifb|lxc|lxd)/;

/** Shows that the networks of containers are made where we look: a container sees none of them, only its own end. */
const OF_CONTAINERS = /^(veth|docker|br-[0-9a-f]{12}$|cni|podman)/;

export function seesContainerNetworks(names: Iterable<string>): boolean {
  return [...names].some((name) => OF_CONTAINERS.test(name));
}

/**
 * What the machine sent and received. Where interfaces have hardware, they alone count: then what goes through a bridge,
 * a bond or a tunnel is not counted twice.
 */
export function sumOfNetworks(
  interfaces: ReadonlyMap<string, NetworkBytes>,
  hasHardware: (name: string) => boolean,
): NetworkBytes {
  const names = [...interfaces.keys()].filter((name) => !VIRTUAL.test(name));
  const hardware = names.filter(hasHardware);
  let received = 0;
  let sent = 0;
  for (const name of hardware.length > 0 ? hardware : names) {
    received += interfaces.get(name)?.received ?? 0;
    sent += interfaces.get(name)?.sent ?? 0;
  }
  return { received, sent };
}
