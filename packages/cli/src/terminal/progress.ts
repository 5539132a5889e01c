import type { Cli } from './cli.ts';

export interface ProgressDetail {
  /** Shown behind the bar, such as the loss. */
  readonly text?: string;
  /** Default: estimated from the pace so far. */
  readonly secondsLeft?: number;
}

/** How far a piece of work is. */
export interface Progress {
  update(done: number, total: number, detail?: ProgressDetail): void;
  /** Takes the bar away; say what there is to say after it. */
  stop(): void;
}

/** Least seconds between two lines where no bar can be drawn. */
const LINE_INTERVAL_S = 10;
/** What is over sooner needs no line at all. */
const SHORT_S = 2;

/** A progress bar on a terminal, a line now and then elsewhere; both on standard error. */
export async function startProgress(cli: Cli, title: string): Promise<Progress> {
  const start = performance.now();
  const describe = (done: number, total: number, { text, secondsLeft }: ProgressDetail) => {
    const elapsed = (performance.now() - start) / 1000;
    const left = secondsLeft ?? (done > 0 ? (elapsed / done) * (total - done) : Number.NaN);
    return [
      ...(done < total && Number.isFinite(left) ? [`${formatDuration(left)} left`] : []),
      ...(text === undefined || text === '' ? [] : [text]),
    ].join(', ');
  };
  if (cli.isTerminal) return barProgress(title, describe);
  let last = 0;
  return {
    update(done, total, detail = {}) {
      const elapsed = (performance.now() - start) / 1000;
      if (done < total ? elapsed - last < LINE_INTERVAL_S : elapsed < SHORT_S) return;
      last = elapsed;
      const words = describe(done, total, detail);
      cli.stderr(`${title}: ${done}/${total}${words === '' ? '' : `, ${words}`}\n`);
    },
    stop() {},
  };
}

async function barProgress(
  title: string,
  describe: (done: number, total: number, detail: ProgressDetail) => string,
): Promise<Progress> {
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({
    format: `${title} [{bar}] {value}/{total} {words}`,
    barsize: 24,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let started = false;
  return {
    update(done, total, detail = {}) {
      const payload = { words: describe(done, total, detail) };
      if (!started) bar.start(total, done, payload);
      else {
        bar.setTotal(total);
        bar.update(done, payload);
      }
      started = true;
    },
    stop() {
      if (started) bar.stop();
      started = false;
    },
  };
}

/** Seconds as "12 s", "3 min 05 s" or "1 h 02 min". */
export function formatDuration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
}
