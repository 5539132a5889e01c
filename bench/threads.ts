// Two threads against one: the training step and the forward pass of the reference U-Net, and its convolutions. Two
// processes take turns run by run, because a machine's speed drifts within seconds: a ratio is the median of the turns'.
// node --conditions=@seg/source bench/threads.ts [--json] [--threads 2] [--turns 31]
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { jobs } from './threads/jobs.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    turns: { type: 'string', default: '31' },
  },
});
const threads = Number(options.threads);
const turns = Number(options.turns);
// V8 compiles a kernel's fast code in the background of its first calls.
const warmup = 3;

class Child {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(count: number) {
    const file = join(import.meta.dirname, 'threads/child.ts');
    this.#process = spawn(process.execPath, [...process.execArgv, file, `${count}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async read(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`bench/threads/child.ts ended, exit status ${this.#process.exitCode}`);
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

const quantile = (values: readonly number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.round(q * (values.length - 1))]!;

const [one, all] = [new Child(1), new Child(threads)];
const variant = await one.read();
await all.read();
for (const [i, job] of jobs.entries()) {
  for (let turn = 0; turn < warmup; turn++) for (const child of [one, all]) await child.run(i);
  const times: [number, number][] = [];
  for (let turn = 0; turn < turns; turn++) {
    // Who goes first changes, so that neither always finds the other's warm or cold machine.
    const pair = turn % 2 === 0 ? [one, all] : [all, one];
    const [first, second] = [await pair[0]!.run(i), await pair[1]!.run(i)];
    times.push(turn % 2 === 0 ? [first, second] : [second, first]);
  }
  const ratios = times.map(([single, several]) => single / several);
  const row = {
    peer: `seg wasm ${variant}`,
    ...job.about,
    threads,
    single_ms: quantile(
      times.map(([single]) => single),
      0.5,
    ),
    ms: quantile(
      times.map(([, several]) => several),
      0.5,
    ),
    speedup: quantile(ratios, 0.5),
    speedup_low: quantile(ratios, 0.25),
    speedup_high: quantile(ratios, 0.75),
  };
  if (options.json) console.log(JSON.stringify(row));
  else {
    const { work, batch, size, shape } = job.about;
    const what = shape === undefined ? `batch ${batch}, ${size}^3` : `${shape.size}^3 ${shape.cin}->${shape.cout}`;
    console.log(
      `${work}, ${what}: 1 thread ${row.single_ms.toFixed(2)} ms, ${threads} threads ${row.ms.toFixed(2)} ms, ` +
        `${row.speedup.toFixed(2)}x (half of the turns ${row.speedup_low.toFixed(2)} to ${row.speedup_high.toFixed(2)}x)`,
    );
  }
}
one.end();
all.end();
