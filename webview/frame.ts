/** Runs what has to be drawn once in the next frame, however often it is asked for. */
export class FrameBatch {
  private handle: number | undefined;
  private timer: number | undefined;

  constructor(private readonly draw: (timeMs: number) => void) {}

  request(): void {
    this.handle ??= requestAnimationFrame((timeMs) => {
      this.handle = undefined;
      this.draw(timeMs);
    });
  }

  /** For what has time: a frame after `delayMs`, so that others come in between. */
  requestLater(delayMs: number): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      this.request();
    }, delayMs);
  }

  cancel(): void {
    if (this.handle !== undefined) cancelAnimationFrame(this.handle);
    window.clearTimeout(this.timer);
    this.handle = undefined;
    this.timer = undefined;
  }
}
