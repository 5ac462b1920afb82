/**
 * Sample containers for an engine on which nothing runs: a Compose project `shop`, one with a terminal and one
 * that has exited. Each carries `quaywatch.sample=1` and the pid of the command that made it.
 */
import { engineJson, engineRequest } from './engineApi.mjs';
import { BUSYBOX_IMAGE, ensureBusyboxImage } from './images.mjs';
import { atEnd } from './processes.mjs';

/** @typedef {import('./engineApi.mjs').EngineAddress} EngineAddress */
/** @typedef {{name: string, service?: string, script: string, tty?: boolean, ports?: number[], healthCheck?: string}} Sample */

const SAMPLE_LABEL = 'quaywatch.sample';
const OWNER_LABEL = 'quaywatch.sample.owner';
const PROJECT = 'shop';
const NETWORK = `${PROJECT}_default`;
const NANOSECONDS_PER_SECOND = 1_000_000_000;

/** @type {readonly Sample[]} */
const SAMPLES = [
  {
    name: 'shop-db-1',
    service: 'db',
    healthCheck: 'true',
    script: `trap exit TERM; echo 'database system is ready to accept connections'
n=0; while :; do n=$((n+1)); echo "LOG:  checkpoint complete: wrote $n buffers"; sleep 15 & wait $!; done`,
  },
  {
    name: 'shop-web-1',
    service: 'web',
    ports: [80],
    script: `echo '<h1>The shop is open</h1>' > /www/index.html; exec httpd -f -v -p 80 -h /www`,
  },
  {
    name: 'shop-api-1',
    service: 'api',
    script: `trap exit TERM; esc=$(printf '\\033'); n=0
while :; do n=$((n+1)); at=$(date -Iseconds)
echo "$at $esc[32mINFO$esc[0m  GET /orders/$n 200"
[ $((n % 4)) = 0 ] && echo "$at $esc[36mDEBUG$esc[0m cache: $n entries, 2 evicted"
[ $((n % 7)) = 0 ] && echo "$at $esc[33mWARN$esc[0m  stock of item $n is low"
[ $((n % 11)) = 0 ] && echo "$at $esc[31mERROR$esc[0m payment of order $n declined" >&2
sleep 1 & wait $!; done`,
  },
  {
    name: 'shop-worker-1',
    service: 'worker',
    healthCheck: `echo 'no heartbeat for 30 s'; exit 1`,
    script: `trap exit TERM
while :; do echo '{"level":"warn","msg":"queue is not reachable, trying again"}'; sleep 3 & wait $!; done`,
  },
  {
    name: 'console',
    tty: true,
    script: `trap exit TERM; while :; do printf '\\033[1m%s\\033[0m\\r\\n' "$(date)"; sleep 5 & wait $!; done`,
  },
  {
    name: 'migration',
    script: `echo 'applying 3 migrations'; echo 'relation "orders" already exists' >&2; exit 3`,
  },
];

/**
 * Starts the samples when the engine runs nothing, and removes them at the end of the command. Samples of a
 * command that was killed are removed first.
 * @param {EngineAddress} engine
 * @returns {Promise<boolean>} whether it started any
 */
export async function startSamples(engine) {
  await removeAbandoned(engine);
  if ((await listContainers(engine, {})).length > 0) return false;
  const hadImage = (await engineRequest(engine, 'GET', `/images/${BUSYBOX_IMAGE}/json`)).status === 200;
  await ensureBusyboxImage(engine);
  if (!hadImage) atEnd(() => engineRequest(engine, 'DELETE', `/images/${BUSYBOX_IMAGE}`));
  atEnd(() => removeSamples(engine, `${OWNER_LABEL}=${process.pid}`));
  await engineJson(engine, 'POST', '/networks/create', {
    Name: NETWORK,
    CheckDuplicate: true,
    Labels: { ...labels(), 'com.docker.compose.project': PROJECT, 'com.docker.compose.network': 'default' },
  });
  for (const sample of SAMPLES) await startSample(engine, sample);
  return true;
}

/** @param {EngineAddress} engine @param {Sample} sample */
async function startSample(engine, sample) {
  const { name, service, script, tty = false, ports = [], healthCheck } = sample;
  const body = {
    Image: BUSYBOX_IMAGE,
    Cmd: ['sh', '-c', script],
    Tty: tty,
    Labels: { ...labels(), ...(service ? composeLabels(service) : {}) },
    ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])),
    Healthcheck: healthCheck && {
      Test: ['CMD-SHELL', healthCheck],
      Interval: 5 * NANOSECONDS_PER_SECOND,
      Timeout: NANOSECONDS_PER_SECOND,
      Retries: 1,
    },
    HostConfig: {
      ...(service ? { NetworkMode: NETWORK } : {}),
      // A free port of the loopback interface, chosen by the engine.
      PortBindings: Object.fromEntries(
        ports.map((port) => [`${port}/tcp`, [{ HostIp: '127.0.0.1', HostPort: '' }]]),
      ),
    },
  };
  const path = `/containers/create?name=${name}`;
  const { Id } = /** @type {{Id: string}} */ (await engineJson(engine, 'POST', path, body));
  await engineJson(engine, 'POST', `/containers/${Id}/start`);
}

function labels() {
  return { [SAMPLE_LABEL]: '1', [OWNER_LABEL]: String(process.pid) };
}

/** What Compose v2 puts on a container. @param {string} service */
function composeLabels(service) {
  return {
    'com.docker.compose.project': PROJECT,
    'com.docker.compose.service': service,
    'com.docker.compose.container-number': '1',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.version': '2.29.7',
  };
}

/**
 * @param {EngineAddress} engine
 * @param {{all?: string, filters?: string}} query
 * @returns {Promise<{Id: string, Labels: Record<string, string>}[]>}
 */
async function listContainers(engine, query) {
  const listed = await engineJson(engine, 'GET', `/containers/json?${new URLSearchParams(query)}`);
  return /** @type {{Id: string, Labels: Record<string, string>}[]} */ (listed);
}

/** @param {EngineAddress} engine @param {string} label */
async function removeSamples(engine, label) {
  const filters = JSON.stringify({ label: [label] });
  const containers = await listContainers(engine, { all: '1', filters });
  await Promise.all(
    containers.map(({ Id }) => engineJson(engine, 'DELETE', `/containers/${Id}?force=1&v=1`)),
  );
  await engineRequest(engine, 'POST', `/networks/prune?${new URLSearchParams({ filters })}`);
}

/** @param {EngineAddress} engine */
async function removeAbandoned(engine) {
  const filters = JSON.stringify({ label: [`${SAMPLE_LABEL}=1`] });
  const owners = new Set(
    (await listContainers(engine, { all: '1', filters })).map(({ Labels }) => Labels[OWNER_LABEL]),
  );
  for (const owner of owners) {
    if (owner && !isAlive(Number(owner))) await removeSamples(engine, `${OWNER_LABEL}=${owner}`);
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
