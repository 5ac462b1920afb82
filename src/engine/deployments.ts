import type { Event } from '../base/emitter';
import type { Disposable } from '../base/lifecycle';
import type { Deployment, DeploymentEntry, DeploymentId, DeploymentSpec } from '../model/deployment';
import type { EngineError } from './engine';

/** A folder to build from, read as it is taken: backpressure is the reader's. The bytes are those of a tar archive. */
export type ContextArchive = () => AsyncIterable<Uint8Array>;

/** Who asks for a deployment, where that is not the person whose process runs it. */
export interface DeploymentOrigin {
  /** For people: becomes {@link Deployment.startedBy}. */
  readonly startedBy: string;
  /** Becomes {@link Deployment.commandId}. */
  readonly commandId: string;
}

export interface DeploymentStart {
  readonly spec: DeploymentSpec;
  /** For a source of the kind `folder` or `compose` that is not on the machine of the engine. */
  readonly context?: ContextArchive;
  readonly origin?: DeploymentOrigin;
}

/** A page of deployments, newest first. */
export interface DeploymentPage {
  readonly deployments: readonly Deployment[];
  /** There are older ones: pass the last one's id as `before`. */
  readonly hasMore: boolean;
}

export interface DeploymentQuery {
  readonly app?: string;
  /** Only older ones than this. */
  readonly before?: DeploymentId;
  readonly limit: number;
}

/** Told of the entries of a deployment's journal, each once and in order, also across lost connections. */
export interface DeploymentSink {
  entries(entries: readonly DeploymentEntry[]): void;
  /** All entries of a deployment that is over were told, or following it failed. Nothing follows. */
  ended(error?: EngineError): void;
}

/**
 * The port of a host's deployments. They run beside the engine, and go on when nobody looks. All promises reject with
 * EngineErrors only; `noSuchDeployment` for an id that nobody has, or that was forgotten.
 */
export interface Deployments {
  /** Whether this host deploys at all, for this person. */
  readonly canDeploy: boolean;

  /** Those that run or wait, and the newest that are over; `undefined` until they are known. */
  readonly current: ReadonlyMap<DeploymentId, Deployment> | undefined;
  readonly onDidChange: Event<readonly Deployment[]>;

  /** Makes {@link current} known and keeps it so until disposed. */
  watch(): Disposable;

  list(query: DeploymentQuery): Promise<DeploymentPage>;

  /** Resolves when it is in the journal, and queued: from there on it is finished or rolled back, whatever happens. */
  start(request: DeploymentStart): Promise<Deployment>;

  /** What was running before runs on, or again. */
  cancel(id: DeploymentId): Promise<void>;

  /**
   * The same once more, with the secrets of its inputs as far as the host still has them. Rejects with `conflict` for one
   * whose context was handed over: that is not kept.
   */
  retry(id: DeploymentId, origin?: DeploymentOrigin): Promise<Deployment>;

  /** Runs the image of an earlier, successful deployment again. */
  rollBackTo(id: DeploymentId, origin?: DeploymentOrigin): Promise<Deployment>;

  /** Its inputs without secrets, to compare. */
  readSpec(id: DeploymentId): Promise<DeploymentSpec>;

  /** @param after sequence of the last entry that is known already; 0 for all */
  follow(id: DeploymentId, after: number, sink: DeploymentSink): Disposable;
}
