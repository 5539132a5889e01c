/** Bounds of part `part` of `parts` when `count` items are dealt out evenly, in order. */
export function partRange(count: number, part: number, parts: number): [first: number, end: number] {
  return [Math.floor((count * part) / parts), Math.floor((count * (part + 1)) / parts)];
}

// Below this many floats a part is not worth waking a thread for.
const floatsPerPart = 65_536;
const mostParts = 16;

/**
 * Into how many parts work over `count` items of `floats` floats each is cut: a function of the problem alone, never
 * of the threads, so that sums come out the same on every machine.
 */
export function partsFor(count: number, floats: number): number {
  return Math.max(1, Math.min(mostParts, count, Math.ceil((count * floats) / floatsPerPart)));
}
