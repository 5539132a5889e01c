import { maskedCrc32c } from './crc32c.ts';

/** One event of a TensorBoard log. */
export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** Named numbers; absent for the first event of a file. */
  readonly scalars?: Readonly<Record<string, number>>;
}

/**
 * An event as a TFRecord: length, its CRC, a protocol-buffer `Event`, its CRC. An event without scalars is the version
 * record that a file begins with.
 */
export function encodeTensorBoardEvent({ wallTime, step, scalars }: TensorBoardEvent): Uint8Array {
  const event = [
    ...double(1, wallTime),
    ...(step === 0 ? [] : [...key(2, 0), ...varint(step)]),
    ...(scalars === undefined
      ? bytesField(3, new TextEncoder().encode('brain.Event:2'))
      : bytesField(
          5,
          Object.entries(scalars).flatMap(([tag, value]) => bytesField(1, summaryValue(tag, value))),
        )),
  ];
  const data = Uint8Array.from(event);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true);
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  record.set(length);
  view.setUint32(8, maskedCrc32c(length), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}

/** Summary.Value { tag = 1; simple_value = 2 }. */
function summaryValue(tag: string, value: number): number[] {
  const float = new Uint8Array(4);
  new DataView(float.buffer).setFloat32(0, value, true);
  return [...bytesField(1, new TextEncoder().encode(tag)), ...key(2, 5), ...float];
}

function key(field: number, wireType: number): number[] {
  return varint(field * 8 + wireType);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

function double(field: number, value: number): number[] {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return [...key(field, 1), ...bytes];
}

function bytesField(field: number, content: Iterable<number>): number[] {
  const bytes = [...content];
  return [...key(field, 2), ...varint(bytes.length), ...bytes];
}
