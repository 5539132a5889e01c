/** Parts of the budget after which something happens where no interval is given. */
const DEFAULT_PARTS = 10;

/** Whether something that happens every so many steps, or every tenth of the budget, is due after this step. */
export function isDue(every: number | undefined, step: number, before: number, after: number): boolean {
  if (every !== undefined) return step % every === 0;
  return Math.floor(after * DEFAULT_PARTS) > Math.floor(before * DEFAULT_PARTS);
}
