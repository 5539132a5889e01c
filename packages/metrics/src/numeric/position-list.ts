/** A growing list of positions, filled through the array that `reserve` returns. */
export class PositionList {
  length = 0;
  #positions = new Int32Array(1024);

  /** The array behind the list, with room for this many more behind `length`. */
  reserve(more: number): Int32Array {
    const needed = this.length + more;
    if (needed > this.#positions.length) {
      const larger = new Int32Array(Math.max(needed, 2 * this.#positions.length));
      larger.set(this.#positions.subarray(0, this.length));
      this.#positions = larger;
    }
    return this.#positions;
  }

  /** The positions so far, without the spare room. */
  positions(): Int32Array {
    return this.#positions.slice(0, this.length);
  }
}
