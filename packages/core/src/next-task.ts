/**
 * Lets timers, signals and the interface run. Awaiting a promise that is already resolved does not: long work between
 * such promises keeps Ctrl-C and the page waiting.
 */
export function nextTask(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  // In Node without the millisecond that a timer takes at least; browsers have timers alone.
  return new Promise((resolve) => {
    if (setImmediate === undefined) setTimeout(resolve, 0);
    else setImmediate(resolve);
  });
}
