import { IGNORED_CODE, LabelSpace, type LabelSpaceConfig } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const organs: LabelSpaceConfig = {
  kind: 'softmax',
  channels: [
    { name: 'liver', values: [1] },
    { name: 'kidneys', values: [4, 7], paintedAs: 4 },
  ],
  ignoreValue: 9,
};
/** BraTS: the whole tumour holds the core, which holds the enhancing part. */
const tumour: LabelSpaceConfig = {
  kind: 'sigmoid',
  channels: [
    { name: 'whole', values: [1, 2, 3], paintedAs: 2 },
    { name: 'core', values: [1, 3], paintedAs: 1 },
    { name: 'enhancing', values: [3] },
  ],
};
const sets: LabelSpaceConfig = {
  kind: 'sigmoid',
  channels: [
    { name: 'liver', dataset: 'A', values: [1] },
    { name: 'liver', dataset: 'B', values: [6] },
    { name: 'spleen', values: [2] },
  ],
};

describe('LabelSpace', () => {
  it('has background as channel 0 of classes alone', () => {
    expect(new LabelSpace(organs).channels).toBe(3);
    expect(new LabelSpace(tumour).channels).toBe(3);
    expect(new LabelSpace(organs).channel(0)).toBeUndefined();
    expect(new LabelSpace(organs).channel(2)!.name).toBe('kidneys');
    expect(new LabelSpace(tumour).channel(0)!.name).toBe('whole');
  });

  it('encodes values, ignored ones as 255, and says which channels codes belong to', () => {
    const space = new LabelSpace(organs);
    expect([...space.encode([0, 1, 4, 7, 9])]).toEqual([0, 1, 2, 3, IGNORED_CODE]);
    expect(space.codes).toBe(4);
    expect([...space.membership]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1]);
    const nested = new LabelSpace(tumour);
    expect([...nested.encode([0, 1, 2, 3])]).toEqual([0, 1, 2, 3]);
    // Rows are background, 1 (necrosis), 2 (oedema), 3 (enhancing); columns whole, core, enhancing.
    expect([...nested.membership]).toEqual([0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1]);
  });

  it('tells the values of one data set from those of another', () => {
    const space = new LabelSpace(sets);
    expect([...space.encode([1, 2], { dataset: 'A' })]).toEqual([1, 3]);
    expect([...space.encode([6, 2], { dataset: 'B' })]).toEqual([2, 3]);
    expect(() => space.encode([6], { dataset: 'A' })).toThrow(/stand for nothing in A \(got \[6\]/);
  });

  it('masks what was not annotated', () => {
    const space = new LabelSpace(organs);
    expect([...space.annotatedChannels({})]).toEqual([1, 1, 1]);
    expect([...space.annotatedChannels({ annotated: [1] })]).toEqual([1, 1, 0]);
    // Of a region every value must have been looked for.
    expect([...space.annotatedChannels({ annotated: [1, 4] })]).toEqual([1, 1, 0]);
    expect([...new LabelSpace(sets).annotatedChannels({ dataset: 'B' })]).toEqual([0, 1, 1]);
    expect([...new LabelSpace(sets).annotatedChannels({ dataset: 'B', annotated: [6] })]).toEqual([0, 1, 0]);
  });

  it('paints the largest class, and regions above one half in order', () => {
    const classes = Float32Array.from([0.5, 0.3, 0.2, 0.2, 0.2, 0.6, 0.4, 0.4, 0.2]);
    const interleaved = { voxels: 3, voxelStride: 3, channelStride: 1 };
    // A tie goes to the first, as argmax does.
    expect([...new LabelSpace(organs).decode(classes, interleaved)]).toEqual([0, 4, 0]);
    const regions = Float32Array.from([0.9, 0.2, 0.1, 0.9, 0.8, 0.4, 0.9, 0.8, 0.7, 0.1, 0.1, 0.9]);
    const voxels = { ...interleaved, voxels: 4 };
    expect([...new LabelSpace(tumour).decode(regions, voxels)]).toEqual([2, 1, 3, 3]);
    const reversed = new LabelSpace({ ...tumour, paintOrder: [2, 1, 0] });
    expect([...reversed.decode(regions, voxels)]).toEqual([2, 2, 2, 3]);
    const planes = Float32Array.from({ length: 12 }, (_, i) => regions[(i % 4) * 3 + Math.floor(i / 4)]!);
    const planar = { voxels: 4, voxelStride: 1, channelStride: 4 };
    expect([...new LabelSpace(tumour).decode(planes, planar)]).toEqual([2, 1, 3, 3]);
    expect([...new LabelSpace(tumour).decode(regions, { ...voxels, only: (c) => c.name === 'core' })]).toEqual([
      0, 1, 1, 0,
    ]);
  });

  it('brings label maps through codes and channels back to themselves', () => {
    const value = fc.constantFrom(0, 1, 2, 3);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), (values) => {
        const space = new LabelSpace(tumour);
        const codes = space.encode(values);
        const scores = Float32Array.from({ length: values.length * 3 }, (_, i) => {
          return space.membership[codes[Math.floor(i / 3)]! * 3 + (i % 3)]!;
        });
        expect([...space.decode(scores, { voxels: values.length, voxelStride: 3, channelStride: 1 })]).toEqual(values);
      }),
    );
  });

  it('lists what is evaluated, by protocol', () => {
    expect(new LabelSpace(tumour).evaluated()[0]).toEqual({ name: 'whole', values: [1, 2, 3] });
    expect(new LabelSpace(sets).evaluated({ dataset: 'B' })).toEqual([
      { name: 'liver', values: [6] },
      { name: 'spleen', values: [2] },
    ]);
  });

  it('uses 32 bits where painted values do not fit a byte', () => {
    const space = new LabelSpace({ kind: 'softmax', channels: [{ name: 'bone', values: [1000] }] });
    const labels = space.decode(Float32Array.from([0, 1]), { voxels: 1, voxelStride: 2, channelStride: 1 });
    expect(labels).toBeInstanceOf(Int32Array);
    expect([...labels]).toEqual([1000]);
  });

  it.each<[Partial<LabelSpaceConfig> | { kind: string }, RegExp]>([
    [{ kind: 'argmax' }, /unknown kind/],
    [{ channels: [] }, /no channels/],
    [{ channels: [{ name: 'a', values: [] }] }, /a has no values/],
    [{ channels: [{ name: 'a', values: [0] }] }, /which is background/],
    [{ channels: [{ name: 'a', values: [1.5] }] }, /no whole number/],
    [{ channels: [{ name: 'a', values: [2, 2] }] }, /twice/],
    [{ channels: [{ name: 'a', values: [9] }] }, /voxels to ignore/],
    [
      {
        channels: [
          { name: 'a', values: [1] },
          { name: 'a', values: [2] },
        ],
      },
      /the same name/,
    ],
    [
      {
        channels: [
          { name: 'a', values: [1] },
          { name: 'b', values: [1] },
        ],
      },
      /a and b claim the same value.*sigmoid/,
    ],
    [{ paintOrder: [0, 1] }, /no paint order/],
    [{ kind: 'sigmoid', paintOrder: [0, 0] }, /every channel once/],
    [{ ignoreValue: 0 }, /ignoreValue/],
    [{ channels: Array.from({ length: 255 }, (_, i) => ({ name: `${i}`, values: [i + 10] })) }, /too many values/],
  ])('refuses %j', (change, message) => {
    expect(() => new LabelSpace({ ...organs, ...change } as LabelSpaceConfig)).toThrow(message);
  });
});
