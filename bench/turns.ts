import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A turn takes this long at least, and its median run counts: caches and threads need some runs after others' turns. */
export const turnMs = 60;

/** A process that says its name in a first line, then answers the number of a job with milliseconds. */
export class Player {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #command: string;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#command = [command, ...args].join(' ');
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async read(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`no answer (exit ${this.#process.exitCode}): ${this.#command}`);
    return value;
  }

  async run(job: number): Promise<number> {
    this.#process.stdin!.write(`${job}\n`);
    return Number(await this.read());
  }

  end(): void {
    this.#process.stdin!.end();
  }
}

/** One of our own programs, run like this process. */
export const ownPlayer = (file: string, args: readonly string[]) =>
  new Player(process.execPath, [...process.execArgv, file, ...args]);

// V8 compiles a kernel's fast code in the background of its first calls.
const warmup = 3;

/**
 * Milliseconds of each player for each turn of a job. A machine's speed drifts within seconds with what its neighbours do,
 * so that those who are compared run right after each other; who begins changes.
 */
export async function takeTurns(players: readonly Player[], job: number, turns: number): Promise<number[][]> {
  for (let turn = 0; turn < warmup; turn++) for (const player of players) await player.run(job);
  const times = players.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++) {
    for (let k = 0; k < players.length; k++) {
      const i = (turn + k) % players.length;
      times[i]!.push(await players[i]!.run(job));
    }
  }
  return times;
}

export const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.round(q * (values.length - 1))]!;
