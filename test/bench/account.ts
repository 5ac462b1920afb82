/** What a channel shows of numbered lines, and what it says about those that it does not show. */
export interface Account {
  readonly shown: number;
  /** How many lines the channel's markers say are left out of it. */
  readonly leftOut: number;
  /** Places where a line's number is another one than those before it and the markers between say. */
  readonly faults: number;
}

const NUMBERED = /^(\d{8}) x+$/;
const OMISSION = /^── ([\d.,\s]+) (?:earlier lines|lines skipped)/;
const OWN = /^── /;

/** Reads a channel's text whose lines begin with their number, from 1. */
export function accountOf(text: string): Account {
  let shown = 0;
  let leftOut = 0;
  let faults = 0;
  for (const line of text.split('\n')) {
    const number = NUMBERED.exec(line)?.[1];
    const omitted = OMISSION.exec(line)?.[1];
    if (number !== undefined) {
      shown++;
      if (Number(number) !== shown + leftOut) faults++;
    } else if (omitted !== undefined) leftOut += Number(omitted.replace(/\D/g, ''));
    else if (line !== '' && !OWN.test(line)) faults++;
  }
  return { shown, leftOut, faults };
}
