import { SeededRandom } from '../doubles/fakeEngine/random';

/** What of the fake engine's samples is changed. */
interface Sample {
  readonly id: string;
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly precpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: { readonly usage?: number };
}

interface Totals {
  processorNs: number;
  received: number;
  sent: number;
  read: number;
  written: number;
}

const MOST_PROCESSOR_NS = 400_000_000;
const MOST_MEMORY_BYTES = 64 * 1024 ** 2;
const MOST_BYTES = 2_000_000;

/** Makes the fake engine's figures, which are the same every second, others each time, so that a page has to draw. */
export class UnsteadyFigures {
  /** How many samples were sent. */
  sent = 0;
  private readonly random = new SeededRandom(1);
  private readonly totals = new Map<string, Totals>();

  readonly change = (sample: object): unknown => {
    this.sent++;
    const known = sample as Sample;
    const totals = this.totals.get(known.id) ?? { processorNs: 0, received: 0, sent: 0, read: 0, written: 0 };
    this.totals.set(known.id, totals);
    const before = totals.processorNs;
    totals.processorNs += this.upTo(MOST_PROCESSOR_NS);
    for (const name of ['received', 'sent', 'read', 'written'] as const)
      totals[name] += this.upTo(MOST_BYTES);
    return {
      ...known,
      cpu_stats: withMore(known.cpu_stats, totals.processorNs),
      precpu_stats: withMore(known.precpu_stats, before),
      memory_stats: {
        ...known.memory_stats,
        usage: (known.memory_stats.usage ?? 0) + this.upTo(MOST_MEMORY_BYTES),
      },
      networks: { eth0: { rx_bytes: totals.received, tx_bytes: totals.sent } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { major: 8, minor: 0, op: 'read', value: totals.read },
          { major: 8, minor: 0, op: 'write', value: totals.written },
        ],
      },
    };
  };

  private upTo(most: number): number {
    return this.random.between(0, most);
  }
}

function withMore(cpu: Sample['cpu_stats'], processorNs: number): object {
  const { total_usage: total } = cpu.cpu_usage;
  // A first sample has nothing before it.
  return total === 0 ? cpu : { ...cpu, cpu_usage: { ...cpu.cpu_usage, total_usage: total + processorNs } };
}
