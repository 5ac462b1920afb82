import { DisposableStore, toDisposable, type Disposable } from '../../../base/lifecycle';
import type { Deployments } from '../../../engine/deployments';
import { isOver, type DeploymentId } from '../../../model/deployment';
import type { Upload } from './uploadStore';

/** Keeps what was uploaded for deployments that wait or run, whatever becomes of the session it came with. */
export class UploadKeeper implements Disposable {
  private readonly kept = new Map<DeploymentId, DisposableStore>();

  constructor(private readonly deployments: Pick<Deployments, 'current' | 'onDidChange'>) {}

  keep(id: DeploymentId, upload: Upload): void {
    const store = new DisposableStore();
    this.kept.set(id, store);
    store.add(upload);
    store.add(toDisposable(() => this.kept.delete(id)));
    const look = (): void => {
      const status = this.deployments.current?.get(id)?.status;
      if (status === undefined || isOver(status)) store.dispose();
    };
    store.add(this.deployments.onDidChange(look));
    look();
  }

  dispose(): void {
    for (const store of [...this.kept.values()]) store.dispose();
  }
}
