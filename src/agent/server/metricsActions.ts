import { EngineError } from '../../engine/engine';
import type { EngineMetrics, MetricsRequest } from '../../engine/metrics';
import type { CommandOf } from '../../protocol/messages';
import { HistoryStream } from './historyStream';
import { MetricsStream } from './metricsStream';
import type { Services } from './services';
import type { Session } from './session';
import { AgentError, wireErrorOf } from './wireErrors';

/** @throws EngineError `notSupported` */
export function metricsOf(session: Session): EngineMetrics {
  const { metrics } = session.engine;
  if (!metrics) throw new EngineError('notSupported', 'This agent tells no figures.');
  return metrics;
}

/** Begins a stream of figures; to be called when its number is reserved. The stream sends nothing before this returns. */
export function startMetrics(
  { data }: CommandOf<'start_metrics_stream'>,
  session: Session,
  services: Services,
): void {
  const metrics = metricsOf(session);
  const stream = new MetricsStream({
    output: session.output(data.stream, data.credit),
    contents: services.metricsContents,
    soon: services.ticker,
    beat: services.metricsTicker,
  });
  session.add(stream);
  stream.watches(metrics.watch(requestOf(data), stream));
}

/** @throws AgentError `noSuchStream` */
export function changeMetrics({ data }: CommandOf<'change_metrics_stream'>, session: Session): void {
  const stream = session.stream(data.stream);
  if (!(stream instanceof MetricsStream))
    throw new AgentError('noSuchStream', 'There is no such stream, or it has ended.');
  stream.change(requestOf(data));
}

/** As {@link startMetrics}; it begins to send with the next `proceed`. */
export function readHistory(
  { data }: CommandOf<'read_metrics_history'>,
  session: Session,
  services: Services,
): HistoryStream {
  const { fromMs, toMs, maxPoints } = data;
  const stream = new HistoryStream({
    output: session.output(data.stream, data.credit),
    metrics: metricsOf(session),
    containers: [...new Set(data.container_ids)],
    machine: data.machine,
    range: { fromMs, toMs, maxPoints },
    wireError: (error) => wireErrorOf(error, services.context.log),
  });
  session.add(stream);
  return stream;
}

function requestOf(data: {
  readonly container_ids: readonly string[];
  readonly machine: boolean;
}): MetricsRequest {
  return { containers: [...new Set(data.container_ids)], machine: data.machine };
}
