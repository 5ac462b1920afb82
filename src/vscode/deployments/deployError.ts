/** Why something can't be deployed as it was asked for, in words that say what to do. */
export class DeployRefusedError extends Error {
  override readonly name = 'DeployRefusedError';

  constructor(
    message: string,
    /** Where that can be mended. */
    readonly file?: string,
  ) {
    super(message);
  }
}
