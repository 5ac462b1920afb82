import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';

const BYTES_PER_KIB = 1_024;

/** For NODE_OPTIONS of a process that {@link Inspector} is to look into. */
export const INSPECTABLE = '--inspect=127.0.0.1:0';

/** What a process keeps in memory, as Linux counts it. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * BYTES_PER_KIB;
}

/** Looks into a Node process that was started with {@link INSPECTABLE}. */
export class Inspector {
  private lastId = 0;
  private readonly waiting = new Map<number, (result: unknown) => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      const { id, result } = JSON.parse(data.toString()) as { id?: number; result?: unknown };
      if (id !== undefined) this.waiting.get(id)?.(result);
    });
  }

  /** @param output of the process: it says there where it can be looked into */
  static async of(output: string): Promise<Inspector> {
    const url = /Debugger listening on (ws:\/\/\S+)/.exec(output)?.[1];
    if (url === undefined) throw new Error('The process does not say where it can be looked into.');
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new Inspector(socket);
  }

  /** What lives in the heap and outside of it after everything that may go has gone. */
  async keptBytes(): Promise<number> {
    await this.ask('HeapProfiler.collectGarbage');
    await this.ask('HeapProfiler.collectGarbage');
    const expression = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())';
    const answer = (await this.ask('Runtime.evaluate', { expression })) as { result: { value: number } };
    return answer.result.value;
  }

  dispose(): void {
    this.socket.terminate();
  }

  private ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.lastId;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
