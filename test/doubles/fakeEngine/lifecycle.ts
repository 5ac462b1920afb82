import type { ContainerOptions, FakeContainer, HealthStatus } from './container';
import type { EngineCore } from './core';
import { EngineFault, NotModified } from './engineFault';
import type { LifecycleStep } from './personalities';
import { NANOSECONDS_PER_SECOND } from './time';

type Attributes = Readonly<Record<string, string>>;
const SIGTERM = 15;
const SIGKILL = 9;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  TERM: 15,
  STOP: 19,
  WINCH: 28,
};
/** Signals that a process without a handler survives. */
const HARMLESS_SIGNALS = [19, 28];
const RENAME_CONTEXT = 'Error when allocating new name: ';
const NAME_FORM = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** What can be done to containers, with the checks, errors and sequences of events of the real engine. */
export class Lifecycle {
  constructor(private readonly core: EngineCore) {}

  create(options: ContainerOptions): FakeContainer {
    if (options.name !== undefined) {
      this.assertNameForm(options.name, '');
      this.core.containers.assertNameIsFree(options.name);
    }
    const container = this.core.addContainer(options);
    this.emitSteps(container, this.core.personality.lifecycle.create);
    return container;
  }

  start(container: FakeContainer): void {
    if (container.isPaused)
      throw new EngineFault(409, 'cannot start a paused container, try unpause instead');
    if (container.isRunning) throw new NotModified();
    this.becomeRunning(container);
  }

  stop(container: FakeContainer): void {
    if (!container.isRunning) throw new NotModified();
    this.signalAndEnd(container, SIGTERM);
    this.emit(container, 'stop');
  }

  restart(container: FakeContainer): void {
    if (container.isRunning) {
      this.signalAndEnd(container, SIGTERM);
      if (!this.core.personality.isPodman) this.emit(container, 'stop');
    }
    this.becomeRunning(container);
    this.emit(container, 'restart');
  }

  kill(container: FakeContainer, signalText = 'KILL'): void {
    if (!container.isRunning) throw this.notRunning(container, `annot kill container: ${container.name}: `);
    const signal = signalNumber(signalText);
    if (HARMLESS_SIGNALS.includes(signal)) this.emit(container, 'kill', { signal: String(signal) });
    else this.signalAndEnd(container, signal);
  }

  pause(container: FakeContainer): void {
    if (!container.isRunning) throw this.notRunning(container, '');
    if (container.isPaused) throw new EngineFault(409, `Container ${container.id} is already paused`);
    if (container.state === 'restarting') {
      throw new EngineFault(
        409,
        `Container ${container.id} is restarting, wait until the container is running`,
      );
    }
    this.setState(container, 'paused');
    this.emit(container, 'pause');
  }

  unpause(container: FakeContainer): void {
    if (!container.isPaused) throw new EngineFault(500, `Container ${container.id} is not paused`);
    this.setState(container, 'running');
    this.emit(container, 'unpause');
  }

  rename(container: FakeContainer, name: string): void {
    if (name === '') throw new EngineFault(400, 'Neither old nor new names may be empty');
    if (name === container.name) {
      throw new EngineFault(400, 'Renaming a container with the same name as its current name');
    }
    this.assertNameForm(name, RENAME_CONTEXT);
    this.assertNameIsFreeForRename(name);
    const oldName = container.name;
    this.core.containers.rename(container, name);
    this.emit(container, 'rename', { oldName: `/${oldName}` });
  }

  remove(container: FakeContainer, force: boolean): void {
    if (container.isRunning) {
      if (!force) throw this.removalConflict(container);
      this.signalAndEnd(container, SIGKILL);
    }
    this.core.containers.remove(container);
    this.setState(container, 'removing');
    this.emitSteps(container, this.core.personality.lifecycle.remove);
  }

  /** The process ends by itself. */
  die(container: FakeContainer, exitCode: number, outOfMemory = false): void {
    if (outOfMemory) {
      container.isOutOfMemory = true;
      this.emit(container, 'oom');
    }
    this.end(container, exitCode);
  }

  /** The health check changes its mind; the engine tells of every change but the one to `starting`. */
  setHealth(container: FakeContainer, health: HealthStatus): void {
    container.health = health;
    container.failingStreak = health === 'unhealthy' ? 3 : 0;
    this.core.containers.changed(container);
    if (health === 'starting' || health === 'none') return;
    if (this.core.personality.isPodman) {
      const attributes = this.attributesOf(container);
      const facts = { type: 'container', action: 'health_status', id: container.id, attributes };
      this.core.events.publish({ ...facts, podmanHealth: health });
      return;
    }
    this.emit(container, `health_status: ${health}`);
  }

  setState(container: FakeContainer, state: string): void {
    container.state = state;
    this.core.containers.changed(container);
  }

  /** An event of this container, with the attributes that every container event has. */
  emit(container: FakeContainer, action: string, attributes: Attributes = {}): void {
    const all = { ...this.attributesOf(container), ...attributes };
    this.core.events.publish({ type: 'container', action, id: container.id, attributes: all });
  }

  /** Makes the container run without asking or telling. */
  markRunning(container: FakeContainer): void {
    container.startedNs = this.core.clock.nowNs();
    container.exitCode = 0;
    container.isOutOfMemory = false;
    if (container.health !== 'none') container.health = 'starting';
    this.setState(container, 'running');
  }

  private becomeRunning(container: FakeContainer): void {
    this.markRunning(container);
    this.emitSteps(container, this.core.personality.lifecycle.start);
  }

  private signalAndEnd(container: FakeContainer, signal: number): void {
    this.emit(container, 'kill', { signal: String(signal) });
    if (container.isPaused && signal !== SIGKILL) this.unpause(container);
    this.end(container, 128 + signal);
  }

  private end(container: FakeContainer, exitCode: number): void {
    if (!container.isRunning) return;
    container.endLog();
    container.exitCode = exitCode;
    container.finishedNs = this.core.clock.nowNs();
    this.setState(container, 'exited');
    for (const exec of this.core.execs.values()) {
      if (exec.containerId === container.id) exec.end(137);
    }
    this.emitSteps(container, this.core.personality.lifecycle.die, this.dieAttributes(container));
  }

  private dieAttributes(container: FakeContainer): Attributes {
    const { isPodman, dieHasDuration } = this.core.personality;
    const seconds = (container.finishedNs - container.startedNs) / NANOSECONDS_PER_SECOND;
    const exitCode = String(container.exitCode);
    return {
      exitCode,
      ...(isPodman && { containerExitCode: exitCode }),
      ...(dieHasDuration && { execDuration: seconds.toString() }),
    };
  }

  private emitSteps(
    container: FakeContainer,
    steps: readonly LifecycleStep[],
    dieAttributes: Attributes = {},
  ): void {
    for (const step of steps) {
      if (step.startsWith('network ')) this.emitNetwork(container, step.slice('network '.length));
      else this.emit(container, step, step === 'die' ? dieAttributes : {});
    }
  }

  private emitNetwork(container: FakeContainer, action: string): void {
    const attributes = { container: container.id, name: 'bridge', type: 'bridge' };
    this.core.events.publish({ type: 'network', action, id: 'b1'.repeat(32), attributes });
  }

  private attributesOf(container: FakeContainer): Attributes {
    const podId = this.core.personality.isPodman ? { podId: '' } : {};
    return { ...container.labels, ...podId, image: container.image, name: container.name };
  }

  private assertNameForm(name: string, context: string): void {
    if (NAME_FORM.test(name)) return;
    throw new EngineFault(
      400,
      `${context}Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }

  private assertNameIsFreeForRename(name: string): void {
    try {
      this.core.containers.assertNameIsFree(name);
    } catch (error) {
      if (!(error instanceof EngineFault)) throw error;
      throw new EngineFault(error.status, RENAME_CONTEXT + error.message);
    }
  }

  private notRunning(container: FakeContainer, context: string): EngineFault {
    const isModern = this.core.personality.modernMessages;
    const start = context === '' ? '' : `${isModern ? 'c' : 'C'}${context}`;
    return new EngineFault(
      409,
      `${start}${isModern ? 'container' : 'Container'} ${container.id} is not running`,
    );
  }

  private removalConflict(container: FakeContainer): EngineFault {
    const { isPaused } = container;
    if (this.core.personality.modernMessages) {
      const reason = isPaused
        ? 'container is paused and must be unpaused first'
        : 'container is running: stop the container before removing or force remove';
      return new EngineFault(409, `cannot remove container "/${container.name}": ${reason}`);
    }
    const kind = isPaused ? 'paused' : 'running';
    const advice = isPaused
      ? 'Unpause and then stop the container before attempting removal or force remove'
      : 'Stop the container before attempting removal or force remove';
    return new EngineFault(409, `You cannot remove a ${kind} container ${container.id}. ${advice}`);
  }
}

function signalNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  const known = SIGNAL_NUMBERS[text.toUpperCase().replace(/^SIG/, '')];
  if (known === undefined) throw new EngineFault(400, `Invalid signal: ${text}`);
  return known;
}
