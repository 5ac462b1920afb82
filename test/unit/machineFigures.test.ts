import assert from 'node:assert/strict';
import { placeOf, type OwnMachine } from '../../src/engine/docker/machinePlace';
import {
  readMeminfo,
  readNetDev,
  readProcStat,
  seesContainerNetworks,
  sumOfNetworks,
  type MachineReading,
} from '../../src/engine/docker/machineReading';
import { MachineSampleMaker } from '../../src/engine/docker/machineSamples';

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 346120748   63546    0    0    0     0          0         0 346120748   63546    0    0    0     0       0          0
  eth0:755688046   26923    0    0    0     0          0         0  2044066   17222    0    0    0     0       0          0
 bond0: 1000   26923    0    0    0     0          0         0  2000   17222    0    0    0     0       0          0
docker0: 5    26923    0    0    0     0          0         0  6   17222    0    0    0     0       0          0
veth491e3bf:       0       0    0    0    0     0          0         0      736       8    0    0    0     0       0          0
`;

function reading(fields: Partial<MachineReading>): MachineReading {
  return {
    timeMs: 1_000,
    steadyMs: 0,
    cpu: { busy: 0, total: 0 },
    processorTimes: [],
    load: undefined,
    memoryUsedBytes: undefined,
    memoryTotalBytes: undefined,
    diskUsedBytes: undefined,
    diskTotalBytes: undefined,
    network: undefined,
    ...fields,
  };
}

describe('what Linux says of a machine', () => {
  it('is processor time without idle time, and without counting guests twice', () => {
    const stat =
      'cpu  100 20 30 800 50 3 7 10 60 5\ncpu0 50 10 15 400 25 1 3 5 30 2\ncpu2 x\nintr 5 6\ncpu9 1 1 1 1';
    assert.deepEqual(readProcStat(stat), {
      cpu: { busy: 170, total: 1_020 },
      processorTimes: [{ busy: 84, total: 509 }],
    });
    assert.deepEqual(readProcStat(''), { cpu: undefined, processorTimes: [] });
  });

  it('is memory without what the kernel would give up', () => {
    const text = 'MemTotal:       1000 kB\nMemFree:  100 kB\nMemAvailable:    600 kB\n';
    assert.deepEqual(readMeminfo(text), { memoryTotalBytes: 1_024_000, memoryUsedBytes: 409_600 });
    assert.deepEqual(readMeminfo('MemTotal: 1000 kB\n'), {
      memoryTotalBytes: 1_024_000,
      memoryUsedBytes: undefined,
    });
  });

  it('is traffic of hardware where there is any, and never of loopback and containers', () => {
    const interfaces = readNetDev(NET_DEV);
    assert.deepEqual([...interfaces.keys()], ['lo', 'eth0', 'bond0', 'docker0', 'veth491e3bf']);
    const withHardware = sumOfNetworks(interfaces, (name) => name === 'eth0');
    assert.deepEqual(withHardware, { received: 755_688_046, sent: 2_044_066 });
    assert.deepEqual(
      sumOfNetworks(interfaces, () => false),
      { received: 755_689_046, sent: 2_046_066 },
    );
  });

  it('shows whether containers have their networks here', () => {
    assert.ok(seesContainerNetworks(['lo', 'eth0', 'docker0']));
    assert.ok(seesContainerNetworks(['lo', 'veth12']));
    assert.ok(!seesContainerNetworks(['lo', 'eth0', 'br-lan']));
  });
});

describe('samples of a machine', () => {
  it('are what happened between two readings', () => {
    const samples = new MachineSampleMaker();
    const first = samples.next(reading({ network: { received: 0, sent: 0 }, load: [1, 2, 3] }));
    assert.equal(first.cpuPercent, undefined);
    assert.equal(first.networkSentBytesPerSecond, undefined);
    assert.deepEqual(first.load, [1, 2, 3]);
    const second = samples.next(
      reading({
        steadyMs: 2_000,
        cpu: { busy: 50, total: 200 },
        network: { received: 3_000, sent: 1_000 },
      }),
    );
    assert.equal(second.cpuPercent, 25);
    assert.equal(second.networkReceivedBytesPerSecond, 1_500);
    assert.equal(second.networkSentBytesPerSecond, 500);
  });

  it('are never absurd: counters that begin anew, processors that come, looks too close together', () => {
    const samples = new MachineSampleMaker();
    const busy = { busy: 100, total: 100 };
    samples.next(reading({ processorTimes: [busy], cpu: busy, network: { received: 9, sent: 9 } }));
    const odd = samples.next(
      reading({
        steadyMs: 1_000,
        cpu: { busy: 90, total: 200 },
        processorTimes: [busy, busy],
        network: { received: 1, sent: 10 },
      }),
    );
    assert.equal(odd.cpuPercent, 0);
    assert.deepEqual(odd.processorPercents, []);
    assert.equal(odd.processors, 2);
    assert.equal(odd.networkReceivedBytesPerSecond, undefined);
    const close = samples.next(reading({ steadyMs: 1_010, cpu: { busy: 91, total: 201 } }));
    assert.equal(close.cpuPercent, undefined);
    const back = samples.next(reading({ steadyMs: 2_000, cpu: { busy: 5, total: 6 } }));
    assert.equal(back.cpuPercent, undefined);
    const stuck = samples.next(reading({ steadyMs: 3_000, cpu: { busy: 5, total: 6 } }));
    assert.equal(stuck.cpuPercent, undefined);
    const full = samples.next(reading({ steadyMs: 4_000, cpu: { busy: 50, total: 50 } }));
    assert.equal(full.cpuPercent, 100);
  });
});

describe('the place of an engine', () => {
  const own: OwnMachine = {
    platform: 'linux',
    kernel: '6.1.0',
    hostName: 'here',
    memoryBytes: 8_000,
    isInContainer: false,
  };
  const same = { KernelVersion: '6.1.0', MemTotal: 8_000, Name: 'here', DockerRootDir: '/data' };
  const isHere = (kind: Parameters<typeof placeOf>[0], info: object, machine = own): boolean =>
    placeOf(kind, { ...same, ...info }, machine).isHere;

  it('is this machine behind a local socket, if all it says of itself is true of this one', () => {
    assert.deepEqual(placeOf('unix', same, own), { isHere: true, dataRoot: '/data' });
    assert.ok(!isHere('unix', { KernelVersion: '5.15.0-linuxkit' }));
    assert.ok(!isHere('unix', { MemTotal: 4_000 }));
    assert.ok(!isHere('unix', { Name: 'there' }));
    assert.ok(isHere('unix', { Name: 'there' }, { ...own, isInContainer: true }));
    assert.ok(!isHere('unix', { OperatingSystem: 'Docker Desktop' }));
    assert.ok(!isHere('unix', {}, { ...own, platform: 'darwin' as const, kernel: '23.4.0' }));
  });

  it('is never this machine across a network', () => {
    for (const kind of ['tcp', 'tls', 'ssh'] as const) assert.ok(!isHere(kind, {}));
  });

  it('is this machine on Windows for an engine of Windows containers only', () => {
    const windows = { ...own, platform: 'win32' as const };
    assert.ok(isHere('npipe', { OSType: 'windows', KernelVersion: '10.0 20348' }, windows));
    assert.ok(!isHere('npipe', { OSType: 'linux' }, windows));
  });
});
