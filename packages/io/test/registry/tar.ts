/** One member of a test archive. */
export interface TarMember {
  readonly path: string;
  readonly content?: string | Uint8Array;
  /** Default '0'. */
  readonly type?: string;
  readonly link?: string;
}

const BLOCK = 512;

/** A ustar archive written by hand, hostile members included. */
export function tar(members: readonly TarMember[]): Uint8Array {
  const blocks = members.flatMap(({ path, content = '', type = '0', link = '' }) => {
    const body = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const header = new Uint8Array(BLOCK);
    const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
    put(path, 0);
    put('0000644\0', 100);
    put(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
    put('        ', 148);
    put(type, 156);
    put(link, 157);
    put('ustar\x0000', 257);
    const sum = header.reduce((a, b) => a + b, 0);
    put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const padded = new Uint8Array(Math.ceil(body.length / BLOCK) * BLOCK);
    padded.set(body);
    return [header, padded];
  });
  return Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]);
}
