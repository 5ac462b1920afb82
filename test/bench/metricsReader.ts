import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';

/** A process that does nothing but read the figures of all running containers of an engine, and of its machine. */
function main(dockerHost: string): void {
  const log = (): void => undefined;
  const engine = new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log });
  const seen = new Set<string>();
  engine.onDidChangeConnection(({ kind }) => {
    if (kind !== 'ready') return;
    const ids = [...(engine.containers?.keys() ?? [])];
    engine.metrics.watch(
      { containers: ids, machine: true },
      {
        container: (id) => {
          seen.add(id);
          if (seen.size === ids.length) process.send?.('ready');
        },
        machine: () => undefined,
      },
    );
  });
  engine.connect();
}

main(process.argv[2] ?? '');
