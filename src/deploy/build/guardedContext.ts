import type { ContextArchive } from '../../engine/deployments';
import { StepFailedError } from '../failure';

/** A context on its way to a builder, for which one that can't be read only ends too early: why is known here. */
export class GuardedContext {
  private failure: unknown;

  constructor(private readonly archive: ContextArchive) {}

  async *read(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.archive()) yield chunk;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  /** @throws StepFailedError if it could not be read */
  throwIfUnreadable(): void {
    if (this.failure instanceof StepFailedError) throw this.failure;
  }
}
