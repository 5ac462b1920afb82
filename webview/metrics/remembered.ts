import * as v from 'valibot';
import type { Subject } from '../../src/protocol/webview/metrics';
import type { Scope } from './table';

const SubjectSchema = v.variant('kind', [
  v.object({ kind: v.literal('container'), key: v.string() }),
  v.object({ kind: v.literal('machine'), hostId: v.string() }),
]);

const RememberedSchema = v.object({
  filter: v.string(),
  scope: v.optional(v.object({ hostId: v.string(), project: v.optional(v.string()) })),
  subject: v.optional(SubjectSchema),
});

/** What the page was showing, kept while it is hidden and over a reload of the window. */
export interface Remembered {
  readonly filter: string;
  readonly scope: Scope | undefined;
  readonly subject: Subject | undefined;
}

/** As it was stored, or nothing where it can't be read. */
export function readRemembered(value: unknown): Remembered {
  const result = v.safeParse(RememberedSchema, value);
  if (!result.success) return { filter: '', scope: undefined, subject: undefined };
  const { filter, scope, subject } = result.output;
  return { filter, scope: scope && { hostId: scope.hostId, project: scope.project }, subject };
}
