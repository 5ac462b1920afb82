/** A process of its own: an agent whose engine has endless lines in memory. Tells the pairing link to its parent. */
import { EngineLease } from '../../src/agent/serve/engineLease';
import { attachSockets } from '../../src/agent/serve/sockets';
import type { LogBatch, LogSink } from '../../src/model/log';
import { makeContainer, MemoryEngine } from '../doubles/memoryEngine';
import { startTestAgent } from '../support/agent';

const LINE_LENGTH = 100;
const LINES_PER_BATCH = 650;
const TEXT = 'abcdefgh '.repeat(20).slice(0, LINE_LENGTH);

const batch: LogBatch = {
  lines: Array.from({ length: LINES_PER_BATCH }, (_, index) => ({
    timestamp: `2026-11-21T09:32:16.${String(index * 1_003).padStart(9, '0')}Z`,
    stream: 'stdout' as const,
    text: Buffer.from(TEXT).toString(),
  })),
  textLength: LINES_PER_BATCH * (LINE_LENGTH + 1),
};

class EndlessEngine extends MemoryEngine {
  override followLog(...args: Parameters<MemoryEngine['followLog']>): ReturnType<MemoryEngine['followLog']> {
    const [, , sink] = args;
    let isOver = false;
    void pour(sink, () => isOver);
    return { dispose: () => (isOver = true) };
  }
}

/** As fast as the reader takes it, with a pause for everything else after each batch. */
async function pour(sink: LogSink, isOver: () => boolean): Promise<void> {
  await Promise.resolve();
  while (!isOver()) {
    await sink.lines({ ...batch });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function main(): Promise<void> {
  const agent = await startTestAgent({
    engineSocket: '/nowhere',
    attach: (server, context) =>
      attachSockets(server, {
        ...context,
        engine: new EngineLease(() => {
          const engine = new EndlessEngine();
          setImmediate(() => engine.becomeReady([makeContainer('endless', { id: 'a'.repeat(64) })]));
          return engine;
        }),
      }),
  });
  process.send?.({ link: agent.link });
}

void main();
