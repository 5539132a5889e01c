/** The part of `process` that signals come from. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

export interface StopSignalOptions {
  /** Prints a line for people. */
  readonly say: (text: string) => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/** Exit code of a command that a signal stopped: a shell's for Ctrl-C. */
export const STOPPED = 130;

/**
 * One press of Ctrl-C can arrive several times: from the terminal, which signals its whole process group, and from npm
 * and other wrappers, which forward what they got. All that arrives within this time is one press.
 */
const ONE_PRESS_MS = 1000;

/**
 * Fires on the first Ctrl-C (SIGINT) or SIGTERM. A later Ctrl-C ends the process at once; a later SIGTERM does not:
 * schedulers repeat it while a job saves its work, and have SIGKILL to end it.
 */
export function stopSignal(source: SignalSource, { say, exit }: StopSignalOptions): AbortSignal {
  const controller = new AbortController();
  let isNextPress = false;
  const stop = (signal: string) => {
    controller.abort(new Error(`stopped by ${signal}`));
    say('\nseg: stopping; press Ctrl-C again to stop at once\n');
    // Signals wait while a step computes. Those that came in the meantime are handled before an immediate that is set
    // now, so that what counts is when a signal came and not when there was time for it.
    const timer = setTimeout(() => {
      setImmediate(() => {
        isNextPress = true;
      });
    }, ONE_PRESS_MS);
    timer.unref();
  };
  source.on('SIGTERM', () => {
    if (!controller.signal.aborted) stop('SIGTERM');
  });
  source.on('SIGINT', () => {
    if (!controller.signal.aborted) return stop('SIGINT');
    if (!isNextPress) return;
    say('\nseg: stopped at once; what was not saved before is lost\n');
    exit(STOPPED);
  });
  return controller.signal;
}
