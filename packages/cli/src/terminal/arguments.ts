import { InvalidArgumentError } from 'commander';

/** Parses a whole number of at least `min`. */
export function wholeNumber(min: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < min) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${min}.`);
    }
    return value;
  };
}

/** Parses a positive number. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It must be a positive number.');
  }
  return value;
}

/** Parses three sizes (z, y, x), such as "40,56,40". */
export function tripleOfSizes(text: string): readonly [number, number, number] {
  const sizes = text.split(',').map(Number);
  if (sizes.length !== 3 || !sizes.every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new InvalidArgumentError('It must be three whole numbers z,y,x such as 40,56,40.');
  }
  return sizes as unknown as readonly [number, number, number];
}
