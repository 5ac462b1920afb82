const STEP = /^Step (\d+)\/(\d+) : (.*)$/;

/** What the classic builder says of how far it is. */
export interface BuildStep {
  /** Of all steps, 0 to 1, before this one is done. */
  readonly fraction: number;
  readonly message: string;
}

/** Reads `Step 3/8 : RUN …`; `undefined` for other lines. */
export function classicStep(line: string): BuildStep | undefined {
  const match = STEP.exec(line);
  if (!match) return undefined;
  const [, number = '1', total = '1', text = ''] = match;
  const done = (Number(number) - 1) / Math.max(1, Number(total));
  return { fraction: Math.min(1, Math.max(0, done)), message: `Step ${number}/${total}: ${text}` };
}

const STEP_CONTAINER = /^ ---> Running in ([0-9a-f]{12,64})$/;

/** Reads ` ---> Running in 1786acb55bc8`, which a command of a step may write, too; `undefined` for other lines. */
export function stepContainer(line: string): string | undefined {
  return STEP_CONTAINER.exec(line)?.[1];
}
