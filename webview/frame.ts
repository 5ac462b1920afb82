/** Runs what has to be drawn once in the next frame, however often it is asked for. */
export class FrameBatch {
  private handle: number | undefined;

  constructor(private readonly draw: (timeMs: number) => void) {}

  request(): void {
    this.handle ??= requestAnimationFrame((timeMs) => {
      this.handle = undefined;
      this.draw(timeMs);
    });
  }

  cancel(): void {
    if (this.handle !== undefined) cancelAnimationFrame(this.handle);
    this.handle = undefined;
  }
}
