import type { Deployment, DeploymentFailure } from '../../../model/deployment';
import { oneLine } from '../../../model/format';
import { plainLine } from '../../../model/plainText';
import type { DeploymentLine, DeploymentRow, PageDeployment } from '../../../protocol/webview/deployments';

const LONGEST_LINE = 4_000;
const LONGEST_TEXT = 400;
const LONGEST_MESSAGE = 4_000;
const MOST_LAST_LINES = 50;
const MOST_HEALTH_LINES = 50;

/** A deployment as the page takes it: plain text of bounded length. */
export function pageRow(hostId: string, deployment: Deployment): DeploymentRow {
  const { failure, stages, ...rest } = deployment;
  const row: PageDeployment = {
    ...rest,
    app: oneLine(rest.app, LONGEST_TEXT),
    sourceText: oneLine(rest.sourceText, LONGEST_TEXT),
    startedBy: oneLine(rest.startedBy, LONGEST_TEXT),
    message: oneLine(rest.message, LONGEST_MESSAGE),
    stages: stages.map((timing) => ({ ...timing })),
    ...(failure && { failure: pageFailure(failure) }),
  };
  return { hostId, deployment: row };
}

function pageFailure(failure: DeploymentFailure): NonNullable<PageDeployment['failure']> {
  const { lastLines, healthOutput, ...rest } = failure;
  const health = healthOutput === undefined ? [] : linesOf(healthOutput).slice(-MOST_HEALTH_LINES);
  return {
    ...rest,
    message: linesOf(rest.message).join('\n').slice(0, LONGEST_MESSAGE),
    lastLines: lastLines.flatMap(linesOf).slice(-MOST_LAST_LINES),
    ...(health.length > 0 && { healthOutput: health.join('\n') }),
  };
}

/** What was written to a log, as lines of the page. */
export function pageLines(stream: string, text: string): DeploymentLine[] {
  return linesOf(text).map((line) => ({ stream, text: line }));
}

function linesOf(text: string): string[] {
  return text
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((line) => cut(plainLine(line)));
}

function cut(line: string): string {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
}
