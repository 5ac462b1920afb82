import { DisposableStore, type Disposable } from '../../../src/base/lifecycle';
import { LocalDeployments } from '../../../src/deploy/localDeployments';
import { machineTools } from '../../../src/deploy/machineTools';
import { DockerDeployEngine } from '../../../src/engine/docker/dockerDeployEngine';
import type { DeploymentId } from '../../../src/model/deployment';
import { eventually } from '../../support/eventually';

const OVER_TIMEOUT_MS = 30_000;

interface Followed {
  progress: number;
  sequence: number;
  isOver: boolean;
}

/**
 * Somebody who looks on in a process that is never killed: watches the list and follows each deployment live, while those
 * that run them are killed. Has no engine, so it takes nothing over.
 */
export class DeployClient implements Disposable {
  private readonly store = new DisposableStore();
  private readonly deployments: LocalDeployments;
  private readonly listed = new Map<DeploymentId, number>();
  private readonly followed = new Map<DeploymentId, Followed>();
  wentBack = 0;
  holes = 0;
  states = 0;
  entries = 0;

  constructor(
    folder: string,
    private readonly say: (text: string) => void,
  ) {
    const noSession = { session: undefined, onDidChangeSession: () => ({ dispose: () => undefined }) };
    const engine = this.store.add(new DockerDeployEngine(noSession));
    const log = (): void => undefined;
    const tools = machineTools();
    this.deployments = this.store.add(
      new LocalDeployments({ engine, folder, startedBy: 'client', log, tools }),
    );
    this.store.add(this.deployments.watch());
    this.store.add(
      this.deployments.onDidChange((changed) => {
        for (const { id, progress } of changed) this.see(id, progress);
      }),
    );
  }

  /** From its first entry, live. */
  follow(id: DeploymentId): void {
    const followed: Followed = { progress: 0, sequence: 0, isOver: false };
    this.followed.set(id, followed);
    this.store.add(
      this.deployments.follow(id, 0, {
        entries: (entries) => {
          for (const entry of entries) {
            this.entries += 1;
            if (entry.sequence !== followed.sequence + 1)
              this.fault('holes', id, 'an entry is missing or double');
            followed.sequence = entry.sequence;
            if (entry.kind !== 'state') continue;
            if (entry.deployment.progress < followed.progress)
              this.fault('wentBack', id, 'its stream went back');
            followed.progress = entry.deployment.progress;
          }
        },
        ended: (error) => {
          if (error) this.fault('holes', id, error.message);
          followed.isOver = true;
        },
      }),
    );
  }

  /** Resolves when it was told all of it; one that never gets there counts as incomplete. */
  async over(id: DeploymentId): Promise<void> {
    const followed = this.followed.get(id);
    await eventually('it is told the end', () => followed?.isOver === true, OVER_TIMEOUT_MS).catch(() =>
      this.fault('holes', id, 'the end was not told'),
    );
    this.followed.delete(id);
  }

  dispose(): void {
    this.store.dispose();
  }

  private see(id: DeploymentId, progress: number): void {
    this.states += 1;
    if (progress < (this.listed.get(id) ?? 0)) this.fault('wentBack', id, 'the list went back');
    this.listed.set(id, progress);
  }

  private fault(kind: 'wentBack' | 'holes', id: DeploymentId, what: string): void {
    this[kind] += 1;
    this.say(`client: ${id}: ${what}`);
  }
}
