import { nearestName, SegError } from '@seg/core';

/** Reads checked values out of parsed JSON; every error names the file and the place in it. */
export class JsonReader {
  readonly value: unknown;
  readonly #where: string;
  readonly #place: string;

  constructor(where: string, value: unknown, place = '') {
    this.value = value;
    this.#where = where;
    this.#place = place;
  }

  /** Throws `corrupt-data` about this place. */
  fail(problem: string, hint?: string): never {
    throw new SegError('corrupt-data', {
      where: this.#where,
      problem: `${this.#place === '' ? 'the document' : this.#place} ${problem}`,
      got: shortened(this.value),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** The member of an object; only own members count, so `__proto__` and the like are plain names. */
  at(key: string): JsonReader {
    const value = Object.hasOwn(this.object(), key) ? this.object()[key] : undefined;
    return new JsonReader(this.#where, value, this.#place === '' ? key : `${this.#place}.${key}`);
  }

  get absent(): boolean {
    return this.value === undefined || this.value === null;
  }

  object(): Readonly<Record<string, unknown>> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      this.fail('must be an object');
    }
    return this.value as Readonly<Record<string, unknown>>;
  }

  /** Refuses members that are not in the list, naming the nearest one that is. */
  onlyKeys(keys: readonly string[]): this {
    for (const key of Object.keys(this.object())) {
      if (keys.includes(key)) continue;
      const near = nearestName(key, keys);
      this.at(key).fail('is not a member of the format', near === undefined ? undefined : `Did you mean "${near}"?`);
    }
    return this;
  }

  entries(): readonly (readonly [string, JsonReader])[] {
    return Object.keys(this.object()).map((key) => [key, this.at(key)] as const);
  }

  array(): readonly JsonReader[] {
    if (!Array.isArray(this.value)) this.fail('must be a list');
    return (this.value as unknown[]).map((v, i) => new JsonReader(this.#where, v, `${this.#place}[${i}]`));
  }

  string(): string {
    if (typeof this.value !== 'string' || this.value === '') this.fail('must be a text that is not empty');
    return this.value as string;
  }

  integer(min: number, max: number): number {
    const value = this.value as number;
    if (!Number.isInteger(value) || value < min || value > max) this.fail(`must be an integer from ${min} to ${max}`);
    return value;
  }

  positive(): number {
    if (!(typeof this.value === 'number' && this.value > 0 && Number.isFinite(this.value))) {
      this.fail('must be a positive number');
    }
    return this.value as number;
  }

  oneOf<T extends string>(choices: readonly T[]): T {
    if (!choices.includes(this.value as T)) this.fail(`must be one of ${choices.join(', ')}`);
    return this.value as T;
  }
}

/** Parses JSON text (a byte-order mark is skipped); throws `corrupt-data` that names the file. */
export function parseJson(where: string, text: string): JsonReader {
  try {
    return new JsonReader(where, JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text));
  } catch (cause) {
    throw new SegError('corrupt-data', {
      where,
      problem: `not valid JSON: ${(cause as Error).message}`,
      hint: 'Correct the file with a JSON editor.',
      cause,
    });
  }
}

/** Whole documents do not belong into messages. */
function shortened(value: unknown): unknown {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 200 ? value : `${text.slice(0, 200)}...`;
}
