/**
 * The signals that people and service managers send. From when this is made, the first SIGTERM or SIGINT ends nothing by
 * itself but asks for an end in order; a second one ends the process at once, as it would have.
 */
export class ProcessSignals {
  readonly stopRequested: Promise<NodeJS.Signals>;
  private reload: () => void = () => undefined;

  constructor() {
    process.on('SIGHUP', () => this.reload());
    this.stopRequested = new Promise((resolve) => {
      const stop = (signal: NodeJS.Signals): void => {
        process.off('SIGTERM', stop);
        process.off('SIGINT', stop);
        resolve(signal);
      };
      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
    });
  }

  /** Calls back at each SIGHUP; before that they do nothing. */
  onReload(reload: () => void): void {
    this.reload = reload;
  }
}
