import type {
  DeploymentHost,
  DeploymentLine,
  DeploymentPlace,
  DeploymentRow,
  DeploymentsDelta,
  DeploymentsSnapshot,
  PageDeployment,
} from '../../src/protocol/webview/deployments';
import { MOST_LOG_LINES } from '../../src/protocol/webview/deployments';

/** What is known of a log that is followed. */
export interface LogState {
  readonly lines: readonly DeploymentLine[];
  /** Lines before these that are not shown. */
  readonly skippedLines: number;
  /** Counts all lines that ever came, so that a view knows which of them are new to it. */
  readonly seenLines: number;
  readonly isEnded: boolean;
  readonly failure?: string;
}

export interface PageFilter {
  readonly hostId?: string;
  readonly app?: string;
}

/** All that the page shows. Never mutated: a message makes a new one. */
export interface PageState {
  readonly isTrusted: boolean;
  readonly hosts: readonly DeploymentHost[];
  readonly rows: ReadonlyMap<string, DeploymentRow>;
  readonly logs: ReadonlyMap<string, LogState>;
  readonly apps: readonly string[];
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly filter: PageFilter;
}

export function keyOf({ hostId, id }: DeploymentPlace): string {
  return `${hostId}/${id}`;
}

export function placeOf({ hostId, deployment }: DeploymentRow): DeploymentPlace {
  return { hostId, id: deployment.id };
}

const OVER: readonly string[] = ['success', 'failed', 'cancelled', 'rolled_back'];

/** Nothing more will happen. A status that is not known runs as long as nobody says when it ended. */
export function isOver({ status, endedAtMs }: PageDeployment): boolean {
  return OVER.includes(status) || endedAtMs !== undefined;
}

export function firstState(snapshot: DeploymentsSnapshot, filter: PageFilter): PageState {
  return {
    isTrusted: snapshot.isTrusted,
    hosts: snapshot.hosts,
    rows: new Map(snapshot.running.map((row) => [keyOf(placeOf(row)), row])),
    logs: new Map(),
    apps: [],
    hasMore: false,
    isLoading: snapshot.isTrusted,
    filter,
  };
}

export function applyDelta(state: PageState, delta: DeploymentsDelta): PageState {
  switch (delta.kind) {
    case 'trusted':
      return { ...state, isTrusted: true, isLoading: true };
    case 'hosts':
      return withHosts(state, delta.hosts);
    case 'changed':
      return { ...state, rows: withRows(state.rows, delta.rows) };
    case 'running':
      return { ...state, rows: withoutGone(state.rows, delta.hostId, delta.ids) };
    case 'past': {
      const kept = delta.isFresh ? runningOnly(state.rows) : state.rows;
      const { apps, hasMore } = delta;
      return { ...state, rows: withRows(kept, delta.rows), apps, hasMore, isLoading: false };
    }
    case 'log':
      return { ...state, logs: new Map([...state.logs, [keyOf(delta.place), withLog(state, delta)]]) };
  }
}

function withHosts(state: PageState, hosts: readonly DeploymentHost[]): PageState {
  const ids = new Set(hosts.map(({ id }) => id));
  const rows = new Map([...state.rows].filter(([, { hostId }]) => ids.has(hostId)));
  return { ...state, hosts, rows };
}

function withRows(
  rows: ReadonlyMap<string, DeploymentRow>,
  changed: readonly DeploymentRow[],
): ReadonlyMap<string, DeploymentRow> {
  return new Map([...rows, ...changed.map((row) => [keyOf(placeOf(row)), row] as const)]);
}

function withoutGone(
  rows: ReadonlyMap<string, DeploymentRow>,
  hostId: string,
  ids: readonly string[],
): ReadonlyMap<string, DeploymentRow> {
  const isGone = (row: DeploymentRow): boolean =>
    row.hostId === hostId && !isOver(row.deployment) && !ids.includes(row.deployment.id);
  return new Map([...rows].filter(([, row]) => !isGone(row)));
}

function runningOnly(rows: ReadonlyMap<string, DeploymentRow>): ReadonlyMap<string, DeploymentRow> {
  return new Map([...rows].filter(([, { deployment }]) => !isOver(deployment)));
}

function withLog(state: PageState, delta: DeploymentsDelta & { kind: 'log' }): LogState {
  const before = delta.isFresh ? undefined : state.logs.get(keyOf(delta.place));
  // What was left out lies between what is here and what comes: keep to the part without a hole.
  const kept = delta.skippedLines > 0 ? [] : (before?.lines ?? []);
  const all = [...kept, ...delta.lines];
  const lines = all.slice(-MOST_LOG_LINES);
  const seenLines = (before?.seenLines ?? 0) + delta.skippedLines + delta.lines.length;
  return {
    lines,
    skippedLines: seenLines - lines.length,
    seenLines,
    isEnded: delta.isEnded,
    ...(delta.failure !== undefined && { failure: delta.failure }),
  };
}

/** A log is read from its beginning when it is followed again. */
export function withoutLog(state: PageState, key: string): PageState {
  return { ...state, logs: new Map([...state.logs].filter(([one]) => one !== key)) };
}

export interface ShownRows {
  readonly running: readonly DeploymentRow[];
  readonly past: readonly DeploymentRow[];
}

/** What the filter lets through: the running ones in the order they began, the past newest first. */
export function shownRows({ rows, filter }: PageState): ShownRows {
  const shown = [...rows.values()].filter(
    ({ hostId, deployment }) =>
      (filter.hostId === undefined || filter.hostId === hostId) &&
      (filter.app === undefined || filter.app === deployment.app),
  );
  return {
    running: shown.filter(({ deployment }) => !isOver(deployment)).sort((one, other) => compare(one, other)),
    past: shown.filter(({ deployment }) => isOver(deployment)).sort((one, other) => compare(other, one)),
  };
}

export type EmptyKind = 'nothingYet' | 'mayNot' | 'nothingMatches' | 'unknown';

/**
 * What a page without deployments says of it. `unknown` says only how to deploy: what a host has that can't be asked is
 * not known, and its trouble stands above. `undefined`: nothing is left to say.
 */
export function emptyKind({ filter, hosts }: PageState): EmptyKind | undefined {
  const isFiltered = filter.app !== undefined || filter.hostId !== undefined;
  const canDeploy = hosts.some((host) => host.canDeploy);
  const asked = hosts.filter(({ id }) => filter.hostId === undefined || filter.hostId === id);
  if (asked.some(({ trouble }) => trouble !== undefined))
    return canDeploy && !isFiltered ? 'unknown' : undefined;
  if (isFiltered) return 'nothingMatches';
  return canDeploy ? 'nothingYet' : 'mayNot';
}

function compare(one: DeploymentRow, other: DeploymentRow): number {
  const byTime = one.deployment.createdAtMs - other.deployment.createdAtMs;
  return byTime !== 0 ? byTime : one.deployment.id < other.deployment.id ? -1 : 1;
}

/** What a screen reader is told: that one entered another stage, or ended. */
export interface Announcement {
  readonly app: string;
  readonly hostId: string;
  readonly kind: 'stage' | 'end';
  /** A stage, or a status. */
  readonly word: string;
}

export function announcements(before: PageState, after: PageState): Announcement[] {
  return [...after.rows.values()].flatMap((row): Announcement[] => {
    const { hostId, deployment } = row;
    const known = before.rows.get(keyOf(placeOf(row)))?.deployment;
    const { app } = deployment;
    if (isOver(deployment))
      return known && !isOver(known) ? [{ app, hostId, kind: 'end', word: deployment.status }] : [];
    return known?.stage === deployment.stage ? [] : [{ app, hostId, kind: 'stage', word: deployment.stage }];
  });
}

/** Whoever waited less in the queue did not wait. */
const SHORTEST_WAIT_MS = 1_000;

/** The stages a deployment goes through when nothing goes wrong; those it is in or has left come from itself. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  git: ['cloning_repo', 'building_image', 'stopping_old', 'starting_new', 'health_check'],
  folder: ['building_image', 'stopping_old', 'starting_new', 'health_check'],
  image: ['pulling_image', 'stopping_old', 'starting_new', 'health_check'],
  compose: ['starting_new', 'health_check'],
};

export interface Step {
  readonly stage: string;
  readonly state: 'done' | 'current' | 'failed' | 'stopped' | 'ahead';
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
}

/** The stages it went through, is in, and, while it runs, has ahead. */
export function stepsOf(deployment: PageDeployment): Step[] {
  const went = deployment.stages.filter(
    (spell, index, { length }) => spell.stage !== 'completed' && (index === length - 1 || !isNoWait(spell)),
  );
  const failedStage = deployment.failure?.stage;
  const steps = went.map(({ stage, startedAtMs, endedAtMs }, index): Step => {
    const isLast = index === went.length - 1;
    const state = stepState(deployment, { stage, isLast, failedStage });
    return { stage, state, startedAtMs, ...(endedAtMs !== undefined && { endedAtMs }) };
  });
  if (isOver(deployment) || deployment.stage === 'rolling_back') return steps;
  const way =
    deployment.rollBackTo === undefined
      ? (WAYS[deployment.sourceKind] ?? [])
      : (WAYS['image'] ?? []).slice(1);
  const furthest = Math.max(-1, ...went.map(({ stage }) => way.indexOf(stage)));
  return [...steps, ...way.slice(furthest + 1).map((stage): Step => ({ stage, state: 'ahead' }))];
}

/** Each begins in the queue; that it went on at once is nothing to read. */
function isNoWait({ stage, startedAtMs, endedAtMs }: PageDeployment['stages'][number]): boolean {
  return stage === 'queued' && endedAtMs !== undefined && endedAtMs - startedAtMs < SHORTEST_WAIT_MS;
}

function stepState(
  deployment: PageDeployment,
  { stage, isLast, failedStage }: { stage: string; isLast: boolean; failedStage: string | undefined },
): Step['state'] {
  if (!isOver(deployment)) {
    if (failedStage === stage && !isLast) return 'failed';
    return isLast ? 'current' : 'done';
  }
  if (deployment.status === 'success') return 'done';
  if (deployment.status === 'cancelled') return isLast ? 'stopped' : 'done';
  return (failedStage ?? deployment.stage) === stage ? 'failed' : 'done';
}

/** `0:07`, `12:05`, `1:02:03`; figures, so that no language is in it. */
export function formatSpan(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  const two = (count: number): string => String(count).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Whether its image may be run again: it is there, and a later one of the same app runs. */
export function canRollBack({ rows }: PageState, { hostId, deployment }: DeploymentRow): boolean {
  if (!deployment.canRollBackTo) return false;
  return [...rows.values()].some(
    (other) =>
      other.hostId === hostId &&
      other.deployment.app === deployment.app &&
      other.deployment.status === 'success' &&
      other.deployment.createdAtMs > deployment.createdAtMs,
  );
}

/** What became of the version that ran before, where the reason does not say it. */
export function fateOfOld({ status, oldVersion }: PageDeployment): 'untouched' | 'restored' | undefined {
  if (oldVersion === 'untouched' || oldVersion === 'restored') return oldVersion;
  return status === 'rolled_back' && oldVersion === undefined ? 'restored' : undefined;
}
