/**
 * The writer inside a real container: `sh` as process 1, so that a polite stop is heard, and one `awk` that prints.
 * They share the folder `/rig` with the rig:
 *
 * - `pool`: the payloads, `LENGTH CHECKSUM PAYLOAD` a line
 * - `permit`: `LINES` or `LINES last`: how many lines may have been written in all; the rig replaces it
 * - `run`: the number of the latest run
 * - `written`: how many lines were written in all runs; `sh` and `awk` keep these two
 */
import { CHECKSUM_MODULUS, RUN_FACTOR, SEQUENCE_FACTOR } from '../oracle/oracleLine';

export interface WriterProgram {
  readonly name: string;
  readonly hasTerminal: boolean;
  readonly seed: number;
  readonly longestBurst: number;
}

/** Every so manieth line goes to standard error. */
export const STDERR_EVERY = 4;
/** The last line of every other run has no line ending. */
export const UNTERMINATED_EVERY = 2;

/** The command of the container. */
export function writerCommand({ name, hasTerminal, seed, longestBurst }: WriterProgram): string[] {
  const variables = {
    name,
    terminal: hasTerminal ? 1 : 0,
    seed,
    longest: longestBurst,
    modulus: CHECKSUM_MODULUS,
    runFactor: RUN_FACTOR,
    sequenceFactor: SEQUENCE_FACTOR,
    errEvery: STDERR_EVERY,
    unterminatedEvery: UNTERMINATED_EVERY,
  };
  const assignments = Object.entries(variables).map(([key, value]) => `-v ${key}=${value}`);
  return ['sh', '-c', SHELL.replace('VARIABLES', assignments.join(' '))];
}

/** `mv` replaces in one step: a kill leaves the old number or the new one. */
const SHELL = `
run=$(( $(cat /rig/run 2>/dev/null || echo 0) + 1 ))
echo $run > /rig/run.new && mv /rig/run.new /rig/run
trap 'echo stop > /rig/stop-'$run TERM
awk -v run=$run VARIABLES -f /rig/write.awk &
while kill -0 $! 2>/dev/null; do wait $!; done
`;

export const AWK = `
function random() { state = (state * 16807) % 2147483647; return state / 2147483647 }
function exists(file,   text) { if ((getline text < file) < 0) return 0; close(file); return 1 }
function pause(ms) { fflush(); system("usleep " int(ms * 1000)) }
function emit(stream, ending,   number, index_) {
  number = ++sequence[stream]
  index_ = (number * 7 + run * 131 + (stream == "err")) % size
  printf "%s-%s %d %d %d %d %s%s", name, stream, run, number, length_[index_], \\
    (checksum[index_] + run * runFactor + number * sequenceFactor) % modulus, payload[index_], ending \\
    > (stream == "err" ? "/dev/stderr" : "/dev/stdout")
  written++
}
function any(ending) { emit(!terminal && written % errEvery == 0 ? "err" : "out", ending) }
function readPool(   line, at) {
  while ((getline line < "/rig/pool") > 0) {
    at = index(line, " "); length_[size] = substr(line, 1, at - 1) + 0; line = substr(line, at + 1)
    at = index(line, " "); checksum[size] = substr(line, 1, at - 1) + 0; payload[size] = substr(line, at + 1)
    size++
  }
}
BEGIN {
  size = 0; state = seed * 1000 + run
  readPool()
  getline written < "/rig/written"; close("/rig/written"); written += 0
  emit("out", "\\n"); if (!terminal) emit("err", "\\n")
  while (!exists("/rig/stop-" run)) {
    getline permit < "/rig/permit"; close("/rig/permit")
    split(permit, allowed, " ")
    burst = int(longest * random() * random() * random()) + 1
    if (burst > allowed[1] - written) burst = allowed[1] - written
    if (burst <= 0 && allowed[2] == "last") break
    for (i = 0; i < burst; i++) any("\\n")
    fflush()
    if (burst > 0) { print written > "/rig/written"; close("/rig/written") }
    pause(burst > 0 ? 40 * random() : 10)
  }
  any(run % unterminatedEvery == 0 ? "" : "\\n")
}
`;
