/** How much of the whole each phase of Git is, and where it begins; phases that tell no percentage are short. */
const PHASES: readonly { readonly name: RegExp; readonly from: number; readonly to: number }[] = [
  { name: /Enumerating objects/, from: 0, to: 0.02 },
  { name: /Counting objects/, from: 0.02, to: 0.06 },
  { name: /Compressing objects/, from: 0.06, to: 0.1 },
  { name: /Receiving objects/, from: 0.1, to: 0.75 },
  { name: /Resolving deltas/, from: 0.75, to: 0.85 },
  { name: /Updating files/, from: 0.85, to: 0.9 },
];

/** What part of fetching a line of `git --progress` says is done, 0 to 1; `undefined` for other lines. */
export function gitFraction(line: string): number | undefined {
  const percent = /:\s+(\d{1,3})%/.exec(line)?.[1];
  const phase = PHASES.find(({ name }) => name.test(line));
  if (percent === undefined || !phase) return undefined;
  return phase.from + (phase.to - phase.from) * Math.min(1, Number(percent) / 100);
}
