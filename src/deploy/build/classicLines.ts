type Stream = 'stdout' | 'stderr';

/** Around what a step wrote to its standard error, the engine's builder puts red. */
const RED = '\u001b[91m';
const NO_COLOUR = '\u001b[0m';
/** Begins what the builder says itself, on a line of its own. */
const BUILDERS_OWN = /^(?: ---> |Removing intermediate container |Step \d+\/\d+ : )/;

/** Joins what the classic builder says to lines: it hands over parts of them. */
export class ClassicLines {
  private readonly rests = { stdout: '', stderr: '' };

  constructor(private readonly take: (stream: Stream, line: string) => void) {}

  push(text: string): void {
    const isRed = text.startsWith(RED) && text.endsWith(NO_COLOUR);
    const stream = isRed ? 'stderr' : 'stdout';
    if (BUILDERS_OWN.test(text)) this.finish();
    const plain = isRed ? text.slice(RED.length, -NO_COLOUR.length) : text;
    const lines = (this.rests[stream] + plain).split(/\r?\n/);
    this.rests[stream] = lines.pop() ?? '';
    for (const line of lines) this.take(stream, line);
  }

  /** No more comes of the lines that have begun. */
  finish(): void {
    for (const stream of ['stderr', 'stdout'] as const) {
      const line = this.rests[stream];
      this.rests[stream] = '';
      if (line !== '') this.take(stream, line);
    }
  }
}
