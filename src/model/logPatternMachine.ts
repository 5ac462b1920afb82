import type { CharacterTest } from './logPatternCharacters';
import type { Instruction, Program } from './logPatternProgram';

/** What is known of the place between two characters. */
interface Place {
  readonly isStart: boolean;
  readonly isEnd: boolean;
  readonly isAfterWord: boolean;
  readonly isBeforeWord: boolean;
}

/** The machine between two characters: the steps it may go on from, before the assertions at this place are decided. */
interface State {
  readonly steps: readonly number[];
  readonly isStart: boolean;
  readonly isAfterWord: boolean;
  /** By character class; `undefined` where not tried yet. */
  readonly next: (State | undefined)[];
  matchesAtEnd: boolean | undefined;
}

/** So many states are kept; then they are made anew, which bounds the memory. */
const MAX_STATES = 500;
/** A line that needs more states than that so many times over is matched without keeping any. */
const MAX_FLUSHES_PER_LINE = 3;
const MAX_KNOWN_CHARACTERS = 4_096;
const ASCII = 128;

/**
 * Tells whether a line contains a match, in time proportional to the line's length times, at worst, the program's: it
 * follows all ways of matching at once and remembers, as a deterministic machine, what it has worked out ("lazy DFA").
 * No line can make it backtrack.
 */
export class PatternMachine {
  private readonly characters: CharacterClasses;
  private readonly closure: Closure;
  private states = new Map<string, State>();
  private initial: State;
  private flushes = 0;

  constructor(private readonly program: Program) {
    this.characters = new CharacterClasses(program);
    this.closure = new Closure(program.instructions);
    this.initial = this.keep([program.start], true, false);
  }

  test(text: string): boolean {
    this.flushes = 0;
    const { ascii } = this.characters;
    let state = this.initial;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      let codePoint = unit;
      if (unit >= 0xd800 && unit < 0xdc00) {
        codePoint = text.codePointAt(index) ?? unit;
        if (codePoint > 0xffff) index++;
      }
      const characterClass =
        (codePoint < ASCII ? ascii[codePoint] : undefined) ?? this.characters.classOf(codePoint);
      const next = state.next[characterClass] ?? this.step(state, characterClass, codePoint);
      if (next === MATCHED) return true;
      state = next;
    }
    return (state.matchesAtEnd ??= this.endsInMatch(state));
  }

  private step(state: State, characterClass: number, codePoint: number): State {
    const isWord = this.program.word?.has(codePoint) ?? false;
    const isMatch = this.closure.compute(state.steps, {
      isStart: state.isStart,
      isEnd: false,
      isAfterWord: state.isAfterWord,
      isBeforeWord: isWord,
    });
    const next = isMatch ? MATCHED : this.reached(codePoint, isWord);
    // States that are not kept must not keep each other.
    if (!this.isThrashing) state.next[characterClass] = next;
    return next;
  }

  private reached(codePoint: number, isWord: boolean): State {
    const steps = this.closure.after(codePoint);
    // The search begins anew at every character.
    if (!steps.includes(this.program.start)) steps.push(this.program.start);
    return this.keep(
      steps.sort((a, b) => a - b),
      false,
      isWord,
    );
  }

  private keep(steps: readonly number[], isStart: boolean, isAfterWord: boolean): State {
    const state = (): State => ({ steps, isStart, isAfterWord, next: [], matchesAtEnd: undefined });
    if (this.isThrashing) return state();
    const key = `${isStart ? 's' : ''}${isAfterWord ? 'w' : ''}${steps.join()}`;
    const known = this.states.get(key);
    if (known) return known;
    if (this.states.size >= MAX_STATES) this.flush();
    const made = state();
    this.states.set(key, made);
    return made;
  }

  private get isThrashing(): boolean {
    return this.flushes > MAX_FLUSHES_PER_LINE;
  }

  private flush(): void {
    this.flushes++;
    this.states = new Map();
    this.initial = this.keep([this.program.start], true, false);
  }

  private endsInMatch(state: State): boolean {
    const { isStart, isAfterWord } = state;
    return this.closure.compute(state.steps, { isStart, isEnd: true, isAfterWord, isBeforeWord: false });
  }
}

const MATCHED: State = { steps: [], isStart: false, isAfterWord: false, next: [], matchesAtEnd: true };

/** Follows the instructions that take no character. */
class Closure {
  private readonly marks: Uint32Array;
  private mark = 0;
  private readonly pending: number[] = [];
  private waiting: number[] = [];

  constructor(private readonly instructions: readonly Instruction[]) {
    this.marks = new Uint32Array(instructions.length);
  }

  /** Works out which character instructions are reached from the steps; returns whether a match is. */
  compute(steps: readonly number[], place: Place): boolean {
    this.mark++;
    this.waiting = [];
    for (const step of steps) {
      this.visit(step);
      if (this.follow(place)) return true;
    }
    return false;
  }

  /** The steps after those instructions that take the character. */
  after(codePoint: number): number[] {
    this.mark++;
    const reached: number[] = [];
    for (const index of this.waiting) {
      const instruction = this.instructions[index];
      if (instruction?.kind !== 'character' || !instruction.test.has(codePoint)) continue;
      if (this.marks[instruction.next] === this.mark) continue;
      this.marks[instruction.next] = this.mark;
      reached.push(instruction.next);
    }
    return reached;
  }

  private follow(place: Place): boolean {
    for (let index = this.pending.pop(); index !== undefined; index = this.pending.pop()) {
      const instruction = this.instructions[index];
      if (instruction?.kind === 'match') {
        this.pending.length = 0;
        return true;
      }
      if (instruction) this.take(instruction, index, place);
    }
    return false;
  }

  private take(instruction: Exclude<Instruction, { kind: 'match' }>, index: number, place: Place): void {
    if (instruction.kind === 'character') {
      this.waiting.push(index);
    } else if (instruction.kind === 'split') {
      this.visit(instruction.next);
      this.visit(instruction.other);
    } else if (holds(instruction.assertion, place)) {
      this.visit(instruction.next);
    }
  }

  private visit(index: number): void {
    if (this.marks[index] === this.mark) return;
    this.marks[index] = this.mark;
    this.pending.push(index);
  }
}

function holds(assertion: (Instruction & { kind: 'assertion' })['assertion'], place: Place): boolean {
  switch (assertion) {
    case 'start':
      return place.isStart;
    case 'end':
      return place.isEnd;
    case 'wordBoundary':
      return place.isAfterWord !== place.isBeforeWord;
    case 'noWordBoundary':
      return place.isAfterWord === place.isBeforeWord;
  }
}

/** Puts characters that no test of the program tells apart into one class, so that there are few transitions. */
class CharacterClasses {
  readonly ascii: readonly number[];
  private readonly tests: readonly CharacterTest[];
  private readonly classes = new Map<string, number>();
  private readonly known = new Map<number, number>();

  constructor(program: Program) {
    const used = program.instructions.flatMap((step) => (step.kind === 'character' ? [step.test] : []));
    this.tests = [...new Set(program.word ? [...used, program.word] : used)];
    this.ascii = Array.from({ length: ASCII }, (_, codePoint) => this.workOut(codePoint));
  }

  classOf(codePoint: number): number {
    const known = this.known.get(codePoint);
    if (known !== undefined) return known;
    const found = this.workOut(codePoint);
    if (this.known.size >= MAX_KNOWN_CHARACTERS) this.known.clear();
    this.known.set(codePoint, found);
    return found;
  }

  private workOut(codePoint: number): number {
    let signature = '';
    for (const test of this.tests) signature += test.has(codePoint) ? '1' : '0';
    const known = this.classes.get(signature);
    if (known !== undefined) return known;
    this.classes.set(signature, this.classes.size);
    return this.classes.size - 1;
  }
}
