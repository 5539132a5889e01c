import { SegError } from '@seg/core';

/** Reads a stream of chunks in pieces of any size. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #where: string;
  readonly #limit: number;
  #current = new Uint8Array(0);
  #taken = 0;

  /** @param limit most bytes that may be taken before `limit-exceeded` is thrown. */
  constructor(where: string, chunks: AsyncIterable<Uint8Array>, limit: number) {
    this.#where = where;
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#limit = limit;
  }

  /** The next bytes, at least one and at most `most`; undefined at the end. */
  async take(most: number): Promise<Uint8Array | undefined> {
    while (this.#current.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return undefined;
      this.#current = value as Uint8Array<ArrayBuffer>;
    }
    const piece = this.#current.subarray(0, most);
    this.#current = this.#current.subarray(piece.length);
    this.#taken += piece.length;
    if (this.#taken > this.#limit) {
      throw new SegError('limit-exceeded', {
        where: this.#where,
        problem: 'the archive unpacks to more than it may',
        expected: `at most ${this.#limit} bytes`,
        hint: 'Raise maxBytes if the source can be trusted.',
      });
    }
    return piece;
  }

  /** Exactly `length` bytes; throws `corrupt-data` where the stream ends before. */
  async exactly(length: number): Promise<Uint8Array> {
    const result = new Uint8Array(length);
    let filled = 0;
    for await (const piece of this.pieces(length)) {
      result.set(piece, filled);
      filled += piece.length;
    }
    return result;
  }

  /** `length` bytes in pieces as they come; throws `corrupt-data` where the stream ends before. */
  async *pieces(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      const piece = await this.take(left);
      if (piece === undefined) {
        throw new SegError('corrupt-data', {
          where: this.#where,
          problem: 'the archive ends too early',
          hint: 'It was not transferred completely; fetch it again.',
        });
      }
      left -= piece.length;
      yield piece;
    }
  }
}
