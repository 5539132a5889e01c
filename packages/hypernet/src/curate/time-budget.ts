/** The time that a piece of work may take, by a clock of its own. */
export interface TimeBudget {
  /** Seconds since the start. */
  spent(): number;
  /** Seconds until the end; negative after it. */
  left(): number;
  /** A limit to some seconds from now. */
  limit(seconds: number): TimeLimit;
  /** Throws the reason where the work as a whole was stopped. */
  throwIfStopped(): void;
}

/** Fires once its time is over and somebody asks, or when the work as a whole is stopped. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  check(): void;
}

/** @param clock milliseconds that never go back */
export function timeBudget(seconds: number, clock: () => number, outer: AbortSignal | undefined): TimeBudget {
  const start = clock();
  const spent = () => (clock() - start) / 1000;
  return {
    spent,
    left: () => seconds - spent(),
    throwIfStopped: () => outer?.throwIfAborted(),
    limit: (part) => {
      const controller = new AbortController();
      const end = clock() + 1000 * part;
      outer?.addEventListener('abort', () => controller.abort(outer.reason), { once: true });
      if (outer?.aborted === true) controller.abort(outer.reason);
      return {
        signal: controller.signal,
        check: () => {
          if (clock() > end) controller.abort();
        },
      };
    },
  };
}
