import { encodeTensorBoardEvent } from '@seg/train/node';
import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../src/node/crc32c.ts';

describe('crc32c', () => {
  it('has the check value of the Castagnoli polynomial', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720, appendix B.4
  });
});

describe('encodeTensorBoardEvent', () => {
  it('frames a record and encodes the event by the protocol-buffer rules', () => {
    const record = encodeTensorBoardEvent({ wallTime: 2, step: 300, scalars: { 'a/b': 0.5 } });
    const event = Uint8Array.from([
      ...[0x09, 0, 0, 0, 0, 0, 0, 0, 0x40], // wall_time = 2.0
      ...[0x10, 0xac, 0x02], // step = 300
      ...[0x2a, 0x0c], // summary, 12 bytes
      ...[0x0a, 0x0a], // value, 10 bytes
      ...[0x0a, 0x03, 0x61, 0x2f, 0x62], // tag = "a/b"
      ...[0x15, 0, 0, 0, 0x3f], // simple_value = 0.5
    ]);
    expect([...record.subarray(12, -4)]).toEqual([...event]);
    const view = new DataView(record.buffer);
    expect(view.getBigUint64(0, true)).toBe(BigInt(event.length));
    expect(view.getUint32(8, true)).toBe(maskedCrc32c(record.subarray(0, 8)));
    expect(view.getUint32(record.length - 4, true)).toBe(maskedCrc32c(event));
  });

  it('begins a file with the version', () => {
    const record = encodeTensorBoardEvent({ wallTime: 1, step: 0 });
    expect(new TextDecoder().decode(record.subarray(12 + 9 + 2, -4))).toBe('brain.Event:2');
  });
});
