import type { Disposable } from '../../../base/lifecycle';
import { LIMITS } from '../../../protocol/limits';
import { AgentError } from '../wireErrors';
import type { Upload, UploadStore } from './uploadStore';

interface Kept {
  readonly upload: Upload;
  readonly stream: number;
}

/** The uploads of one session, by the ids that its client chose. They end with it. */
export class SessionUploads implements Disposable {
  private readonly uploads = new Map<string, Kept>();

  constructor(private readonly store: UploadStore) {}

  /** @throws AgentError where there are as many as there may be, or the id was used */
  checkRoom(id: string): void {
    if (this.uploads.has(id)) throw new AgentError('streamInUse', 'There is an upload with this id already.');
    if (this.uploads.size >= LIMITS.maxUploads)
      throw new AgentError('tooManyStreams', 'The session has as many uploads as it may.');
  }

  make(id: string, stream: number): Upload {
    const upload = this.store.make();
    this.uploads.set(id, { upload, stream });
    return upload;
  }

  streamOf(id: string): number | undefined {
    return this.uploads.get(id)?.stream;
  }

  /**
   * The complete upload, which is the caller's to dispose from here on.
   *
   * @throws AgentError `noSuchUpload`, or `badRequest` for another digest than that of its bytes
   */
  take(id: string, sha256: string): Upload {
    const upload = this.uploads.get(id)?.upload;
    if (upload?.sha256 === undefined)
      throw new AgentError('noSuchUpload', 'There is no such upload, or it is not complete.');
    if (upload.sha256 !== sha256)
      throw new AgentError('badRequest', 'What was uploaded has another SHA-256 than the command says.');
    this.uploads.delete(id);
    return upload;
  }

  /** One that is still coming is disposed with its stream. */
  remove(id: string): boolean {
    const kept = this.uploads.get(id);
    if (kept === undefined) return false;
    this.uploads.delete(id);
    if (kept.upload.sha256 !== undefined) kept.upload.dispose();
    return true;
  }

  dispose(): void {
    for (const id of [...this.uploads.keys()]) this.remove(id);
  }
}
