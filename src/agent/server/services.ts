import type { Clock } from '../../base/clock';
import type { AgentContext } from '../serve/context';
import type { Commands } from './commands';
import type { LogBodies } from './logBodies';
import type { MetricsContents } from './metricsContents';
import type { Logins } from './logins';
import type { Sessions } from './sessions';
import type { Ticker } from './ticker';

/** What all connections of one agent share. */
export interface Services {
  readonly context: AgentContext;
  /** For deadlines and rates. */
  readonly clock: Clock;
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly commands: Commands;
  readonly bodies: LogBodies;
  readonly ticker: Ticker;
  readonly metricsContents: MetricsContents;
  readonly metricsTicker: Ticker;
}
