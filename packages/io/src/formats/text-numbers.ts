import { SegError } from '@seg/core';
import { type ImageArray, type ImageDtype, imageDtypes } from './medical-image.ts';

/** `count` numbers from text, separated by blanks or commas. */
export function textNumbers(where: string, text: Uint8Array, dtype: ImageDtype, count: number): ImageArray {
  // A number and its separator take two bytes, so that a short file cannot ask for a large array.
  if (text.length + 1 < 2 * count) {
    throw new SegError('corrupt-data', { where, problem: 'the text holds too few numbers', expected: count });
  }
  const words = new TextDecoder('latin1')
    .decode(text)
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (words.length < count) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the text holds too few numbers',
      got: words.length,
      expected: count,
    });
  }
  const result = new imageDtypes[dtype].array(count);
  for (let i = 0; i < count; i++) {
    const word = words[i]!;
    if (result instanceof BigInt64Array || result instanceof BigUint64Array) {
      if (!/^[+-]?\d{1,20}$/.test(word)) throw notANumber(where, word);
      result[i] = BigInt(word);
      continue;
    }
    const value = Number(word);
    if (Number.isNaN(value) && !/^nan$/i.test(word)) throw notANumber(where, word);
    result[i] = value;
  }
  return result;
}

function notANumber(where: string, word: string): SegError {
  return new SegError('corrupt-data', {
    where,
    problem: 'the text holds something that is no number',
    got: word.slice(0, 40),
  });
}
