import { shortId, type Container } from './container';
import { oneLine } from './format';

/** A container whose lines are to be told from those of others. */
export interface LabelledContainer {
  readonly hostName: string;
  readonly container: Pick<Container, 'id' | 'name' | 'compose'>;
}

/** A longer name loses its middle: the ends are what tells names apart. */
export const MAX_LABEL_LENGTH = 28;

/**
 * Gives each container a short label that no other has: `web-1` for the first `web` of a Compose project, else its name;
 * with the host behind it where several hosts are mixed. A label once given stays.
 */
export class MergedLabels {
  private readonly taken = new Set<string>();

  /** @param namesHosts containers of several hosts are mixed */
  constructor(private readonly namesHosts: boolean) {}

  /** One label for each, in their order. Those who would share one get longer ones, all of them. */
  assign(containers: readonly LabelledContainer[]): string[] {
    const forms = containers.map((container) => formsOf(container, this.namesHosts));
    const chosen = forms.map(() => 0);
    for (;;) {
      const labels = forms.map((each, index) => each[chosen[index] ?? 0] ?? '');
      const clashing = labels.flatMap((label, index) => (this.isFree(label, labels) ? [] : [index]));
      const improvable = clashing.filter((index) => (chosen[index] ?? 0) < (forms[index]?.length ?? 0) - 1);
      if (improvable.length === 0) {
        for (const label of labels) this.taken.add(label);
        return labels;
      }
      for (const index of improvable) chosen[index] = (chosen[index] ?? 0) + 1;
    }
  }

  private isFree(label: string, labels: readonly string[]): boolean {
    return !this.taken.has(label) && labels.indexOf(label) === labels.lastIndexOf(label);
  }
}

/** From the shortest to one that no other container has. */
function formsOf({ hostName, container }: LabelledContainer, namesHosts: boolean): string[] {
  const { id, compose } = container;
  const name = clean(container.name === '' ? shortId(id) : container.name);
  const short = compose && compose.service !== '' ? clean(`${compose.service}-${compose.replica}`) : name;
  const withHost = [short, name].map((text) => shortened(`${text}@${clean(hostName)}`));
  const alone = namesHosts ? [] : [shortened(short), shortened(name)];
  return [...alone, ...withHost, `${shortened(name)} ${shortId(id)}`];
}

/** Names come from containers and settings: nothing of them may look like the bar behind a label. */
function clean(text: string): string {
  return oneLine(text).replace(/[\u2500-\u257f]/g, '-');
}

function shortened(text: string): string {
  if (text.length <= MAX_LABEL_LENGTH) return text;
  const kept = MAX_LABEL_LENGTH - 1;
  const atEnd = Math.floor(kept / 2);
  return `${text.slice(0, kept - atEnd)}…${text.slice(-atEnd)}`;
}
