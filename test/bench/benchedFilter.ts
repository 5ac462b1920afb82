import type { LogFilter } from '../../src/model/logFilter';

/** A least level, a regular expression and an exclusion. */
export const BENCHED_FILTER: LogFilter = {
  minimumLevel: 'info',
  include: [{ kind: 'regex', source: 'GET /api/\\w+ took \\d{3,} ms', flags: '' }],
  exclude: [{ kind: 'text', text: '/healthz', matchCase: false }],
  contextLines: 0,
};
