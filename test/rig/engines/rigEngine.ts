import type { ContainerId } from '../../../src/model/container';
import type { PartStamps } from '../../../src/model/logLines';

/** How a container of the rig is made. */
export interface WriterSpec {
  readonly name: string;
  readonly driver: 'json-file' | 'local';
  readonly hasTerminal: boolean;
  /** Its log is bounded: so many bytes in each of two files. */
  readonly rotateAtBytes: number | undefined;
  readonly seed: number;
  /** The most lines it writes without a pause. */
  readonly longestBurst: number;
}

/** A container that writes oracle lines, at its own pace and never more than it was allowed. */
export interface RigWriter {
  readonly spec: WriterSpec;
  readonly id: ContainerId;
  /**
   * How many lines it may have written in all its runs, by its own count. When it has and `isLast` is set, it ends by
   * itself.
   */
  allow(lines: number, isLast: boolean): void;
  /** How many lines it says it wrote; what a kill destroyed may be among them. */
  written(): number;
}

/** How a run of a container is ended. After `restart` the next one has begun. */
export type RunEnding = 'stop' | 'kill' | 'restart';

/** What happens to an engine: ended politely or at once, and started again. */
export type EngineRestart = 'politely' | 'killed';

/** An engine and its containers, as the rig handles them: beside the reader, and not through the proxy. */
export interface RigEngine {
  /** For the report, like `real 20.10.24` or `fake podman`. */
  readonly name: string;
  readonly socketPath: string;
  readonly partStamps: PartStamps;
  /** Which of these it can do; an engine that isn't ours is not restarted. */
  readonly canRestart: boolean;

  create(spec: WriterSpec): Promise<RigWriter>;
  start(writer: RigWriter): Promise<void>;
  end(writer: RigWriter, ending: RunEnding): Promise<void>;
  isRunning(writer: RigWriter): Promise<boolean>;
  /** Resolves when the engine answers again; containers may have stopped. */
  restartEngine(how: EngineRestart): Promise<void>;
  dispose(): Promise<void>;
}
