import type { Cli } from './cli.ts';

/** How far a piece of work is. */
export interface Progress {
  /** @param detail shown behind the bar, such as the loss. */
  update(done: number, total: number, detail?: string): void;
  /** Takes the bar away; say what there is to say after it. */
  stop(): void;
}

/** Least seconds between two lines where no bar can be drawn. */
const LINE_INTERVAL_S = 10;

/** A progress bar on a terminal, a line now and then elsewhere; both on standard error. */
export async function startProgress(cli: Cli, title: string): Promise<Progress> {
  return cli.isTerminal ? barProgress(title) : lineProgress(cli, title);
}

async function barProgress(title: string): Promise<Progress> {
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({
    format: `${title} [{bar}] {percentage}% | {value}/{total} | {eta_formatted} left | {detail}`,
    barsize: 24,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    etaBuffer: 50,
    hideCursor: true,
    stopOnComplete: false,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let started = false;
  return {
    update(done, total, detail = '') {
      if (!started) bar.start(total, done, { detail });
      else {
        bar.setTotal(total);
        bar.update(done, { detail });
      }
      started = true;
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

function lineProgress(cli: Cli, title: string): Progress {
  const start = performance.now();
  let last = 0;
  return {
    update(done, total, detail = '') {
      const seconds = (performance.now() - start) / 1000;
      // What is over at once needs no line at all.
      if (done < total ? seconds - last < LINE_INTERVAL_S : seconds < 2) return;
      last = seconds;
      const left = done > 0 && done < total ? `, ${formatDuration((seconds / done) * (total - done))} left` : '';
      cli.stderr(`${title}: ${done}/${total}${left}${detail === '' ? '' : ` | ${detail}`}\n`);
    },
    stop() {},
  };
}

/** Seconds as "12 s", "3 min 05 s" or "1 h 02 min". */
export function formatDuration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
}
