/** What went wrong, in one word, for programs: stable across releases, unlike the message. */
export type SegErrorCode =
  | 'invalid-argument'
  | 'shape-mismatch'
  | 'unknown-option'
  | 'not-found'
  | 'unsupported'
  | 'corrupt-data'
  | 'limit-exceeded'
  | 'io-failure'
  | 'backend-failure'
  | 'numerical-failure'
  | 'aborted'
  | 'internal';

export interface SegErrorOptions {
  /** Where it was noticed: the public function's name, or a file. */
  readonly where: string;
  /** What was wrong, as a clause without a full stop. */
  readonly problem: string;
  /** What was given. */
  readonly got?: unknown;
  /** What would have been right. */
  readonly expected?: unknown;
  /** What to do about it, as a sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The error that every `@seg` package throws on bad input or failure.
 *
 * Its message reads `where: problem (got X, expected Y). Hint.`; the parts stay available as fields.
 *
 * @example
 * throw new SegError('shape-mismatch', {
 *   where: 'diceLoss', problem: 'logits and target differ in shape',
 *   got: [1, 8, 8, 8, 2], expected: [1, 8, 8, 8, 3], hint: 'One-hot encode the target with 2 classes.',
 * });
 */
export class SegError extends Error {
  override readonly name = 'SegError';
  readonly code: SegErrorCode;
  readonly where: string;
  readonly problem: string;
  readonly got: unknown;
  readonly expected: unknown;
  readonly hint: string | undefined;

  constructor(code: SegErrorCode, options: SegErrorOptions) {
    super(formatMessage(options), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = options.where;
    this.problem = options.problem;
    this.got = options.got;
    this.expected = options.expected;
    this.hint = options.hint;
  }
}

/** Whether a caught value is a `SegError`, of the given code if one is given; works across copies of the package. */
export function isSegError(error: unknown, code?: SegErrorCode): error is SegError {
  if (!(error instanceof Error) || error.name !== 'SegError' || !('code' in error)) return false;
  return code === undefined || error.code === code;
}

/**
 * Returns `value` if it is one of `choices`; otherwise throws an `unknown-option` error that names the nearest choice.
 */
export function checkOption<T extends string>(where: string, name: string, value: unknown, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T;
  const near = typeof value === 'string' ? nearestName(value, choices) : undefined;
  throw new SegError('unknown-option', {
    where,
    problem: `unknown ${name}`,
    got: value,
    expected: choices.join(' | '),
    ...(near === undefined ? {} : { hint: `Did you mean "${near}"?` }),
  });
}

/** The candidate within edit distance 3 (and less than its own length) of `name`, or undefined. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = 4;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

function formatMessage({ where, problem, got, expected, hint }: SegErrorOptions): string {
  const parts: string[] = [];
  if (got !== undefined) parts.push(`got ${show(got)}`);
  if (expected !== undefined) parts.push(`expected ${show(expected)}`);
  const details = parts.length > 0 ? ` (${parts.join(', ')})` : '';
  return `${where}: ${problem}${details}.${hint === undefined ? '' : ` ${hint}`}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' || value === undefined || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
