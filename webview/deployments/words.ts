import {
  DEPLOYMENTS_TEXTS,
  type DeploymentRow,
  type DeploymentsText,
} from '../../src/protocol/webview/deployments';
import type { PanelTexts } from '../../src/protocol/webview/envelope';
import { fill } from '../texts';
import type { Announcement, PageState } from './state';

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

const KEYS: readonly string[] = DEPLOYMENTS_TEXTS;

/** The page's words, in the person's language. */
export class Words {
  private readonly relative: Intl.RelativeTimeFormat;
  private readonly absolute: Intl.DateTimeFormat;
  private readonly numbers: Intl.NumberFormat;

  constructor(
    private readonly texts: PanelTexts<DeploymentsText>,
    private readonly language: string,
  ) {
    this.relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
    this.absolute = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
    this.numbers = new Intl.NumberFormat(language);
  }

  say(key: DeploymentsText, ...values: readonly (string | number)[]): string {
    return fill(this.texts[key], ...values);
  }

  /** The name of a status or stage; one that is not known is shown as the host says it. */
  name(word: string): string {
    return KEYS.includes(word) ? this.texts[word as DeploymentsText] : word.replaceAll('_', ' ');
  }

  count(count: number): string {
    return this.numbers.format(count);
  }

  /** `5 min. ago` */
  ago(timeMs: number, nowMs: number): string {
    const passedMs = Math.max(0, nowMs - timeMs);
    const [unit, unitMs] = UNITS.find(([, length]) => passedMs >= length) ?? ['minute', 60_000];
    return this.relative.format(-Math.floor(passedMs / unitMs), unit);
  }

  at(timeMs: number): string {
    return this.absolute.format(timeMs);
  }

  /** The app, and the host where there are several. */
  nameOf({ hostId, deployment }: DeploymentRow, { hosts }: PageState): string {
    const host = hosts.find(({ id }) => id === hostId);
    return hosts.length > 1 && host ? `${deployment.app} · ${host.name}` : deployment.app;
  }

  announcement({ app, hostId, kind, word }: Announcement, { hosts }: PageState): string {
    const host = hosts.length > 1 ? hosts.find(({ id }) => id === hostId)?.name : undefined;
    const name = host === undefined ? app : `${app}, ${host}`;
    const said = this.name(word);
    return this.say('announce', name, kind === 'end' ? lowerFirst(said, this.language) : said);
  }

  /** @param originalMs when the version was deployed that runs again, where that is known */
  runsAgain(originalMs: number | undefined): string {
    return originalMs === undefined ? this.say('runsEarlier') : this.say('runsAgain', this.at(originalMs));
  }
}

/** Inside a sentence; no language writes its participles there with a capital. */
function lowerFirst(text: string, language: string): string {
  return `${text.charAt(0).toLocaleLowerCase(language)}${text.slice(1)}`;
}
