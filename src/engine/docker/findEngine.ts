import { EngineError, EngineNotFoundError, type TriedEndpoint } from '../engine';
import { withinDeadline } from './deadline';
import { discoverEndpoints, type DiscoveryInput } from './discovery';
import type { Candidate, DockerEndpoint } from './endpoint';
import { probe, type ProbedEngine } from './probe';

export interface FindEngineInput extends DiscoveryInput {
  readonly signal?: AbortSignal | undefined;
}

export interface FoundEngine {
  readonly endpoint: DockerEndpoint;
  readonly info: ProbedEngine;
}

/** How long each kind of endpoint may take to answer; ssh has a whole handshake to make. */
const PROBE_DEADLINES_MS: Readonly<Record<DockerEndpoint['kind'], number>> = {
  unix: 3_000,
  npipe: 3_000,
  tcp: 10_000,
  tls: 10_000,
  ssh: 20_000,
};
const DISCOVERY_DEADLINE_MS = 5_000;

/**
 * Finds the engine to use on this machine: the first candidate of {@link discoverEndpoints} that answers.
 *
 * Rejects with an {@link EngineNotFoundError} that tells all that was tried, or with the signal's reason.
 */
export async function findEngine(input: FindEngineInput): Promise<FoundEngine> {
  const limits = { deadlineMs: DISCOVERY_DEADLINE_MS, signal: input.signal };
  const candidates = await withinDeadline(limits, 'read the Docker configuration', () =>
    discoverEndpoints(input),
  );
  return firstToAnswer(candidates, input.signal);
}

/**
 * The first of the candidates that answers; rejects as {@link findEngine}. They are asked one after the other, because
 * a mere connection can start an engine (systemd starts Podman so) that nobody asked for.
 */
export async function firstToAnswer(
  candidates: readonly Candidate[],
  signal?: AbortSignal,
): Promise<FoundEngine> {
  const tried: TriedEndpoint[] = [];
  for (const candidate of candidates) {
    const outcome = await tryCandidate(candidate, signal);
    if (!(outcome instanceof EngineError)) return outcome;
    tried.push({ source: candidate.source, address: candidate.address, error: outcome });
  }
  throw new EngineNotFoundError(tried);
}

async function tryCandidate(
  candidate: Candidate,
  signal: AbortSignal | undefined,
): Promise<FoundEngine | EngineError> {
  if ('error' in candidate) return candidate.error;
  const { endpoint } = candidate;
  try {
    const info = await probe(candidate, { deadlineMs: PROBE_DEADLINES_MS[endpoint.kind], signal });
    return { endpoint, info };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EngineError) return error;
    throw error;
  }
}
