import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { createVolume, spacingOfAffine } from '@seg/core';
import { describe, expect, it } from 'vitest';
import { encodeNifti, encodeNrrd, niftiUnits, parseNifti, parseNrrd, toLabelMap, toVolume } from '../../src/index.ts';

interface Golden {
  readonly headers: readonly {
    readonly name: string;
    readonly nii: string;
    readonly itk: { readonly spacing: readonly number[]; readonly affine: readonly number[] };
  }[];
  readonly labels: readonly {
    readonly name: string;
    readonly nii: string;
    readonly stored: readonly number[];
    readonly labels: readonly number[] | null;
  }[];
}

const golden = JSON.parse(
  await readFile(new URL('../../fixtures/header-geometry.json', import.meta.url), 'utf8'),
) as Golden;
const unpack = (nii: string) => new Uint8Array(gunzipSync(Buffer.from(nii, 'base64')));

/** float32 headers, and ITK's own rounding of directions. */
const ROUNDING = 2e-6;

describe('headers as SimpleITK reads them', () => {
  it.each(golden.headers)('$name', ({ nii, itk }) => {
    const { zooms, affine, header } = parseNifti(unpack(nii));
    itk.spacing.forEach((mm, axis) => {
      expect(Math.abs(zooms[axis]! / mm - 1)).toBeLessThan(ROUNDING);
    });
    itk.affine.forEach((value, i) => {
      expect(Math.abs(affine[i]! - value)).toBeLessThan(ROUNDING * 10);
    });
    expect(['mm', 'unknown']).toContain(niftiUnits(header).space);
  });

  it('warn only where they contradict themselves', () => {
    const warned = golden.headers.filter(({ nii }) => parseNifti(unpack(nii)).warnings.length > 0);
    expect(warned.map(({ name }) => name)).toEqual([
      'sform spacing contradicts qform',
      'sform spacing contradicts turned qform',
    ]);
    expect(parseNifti(unpack(warned[0]!.nii)).warnings).toEqual([
      "the sform's spacing 1 x 1 x 0.8 contradicts pixdim and the qform, 1 x 1 x 0.6 mm (x, y, z): the qform is used, as ITK does",
    ]);
  });
});

interface Edit {
  readonly srow?: readonly number[];
  readonly pixdim?: readonly number[];
  readonly codes?: readonly [sform: number, qform: number];
  readonly units?: number;
  readonly quaternion?: readonly [number, number, number];
  readonly shape?: readonly [number, number, number];
}

/** A NIfTI-1 file of zeros, 1 mm, both forms the identity, with these fields in its header. */
function edited({ srow, pixdim, codes, units, quaternion, shape = [4, 4, 4] }: Edit): Uint8Array {
  const [x, y, z] = shape;
  const bytes = encodeNifti(createVolume(new Uint8Array(x * y * z), [z, y, x]));
  const view = new DataView(bytes.buffer);
  srow?.forEach((value, i) => {
    view.setFloat32(280 + 4 * i, value, true);
  });
  pixdim?.forEach((value, i) => {
    view.setFloat32(80 + 4 * i, value, true);
  });
  quaternion?.forEach((value, i) => {
    view.setFloat32(256 + 4 * i, value, true);
  });
  if (codes !== undefined) {
    view.setInt16(254, codes[0], true);
    view.setInt16(252, codes[1], true);
  }
  if (units !== undefined) view.setUint8(123, units);
  return bytes;
}

const half = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.5, 0];

describe('contradictions of forms and pixdim', () => {
  it('use the sform where no qform is coded, and say so', () => {
    const { zooms, affine, warnings } = parseNifti(edited({ srow: half, codes: [1, 0] }));
    expect(zooms).toEqual([1, 1, 0.5]);
    expect(spacingOfAffine(affine)).toEqual([0.5, 1, 1]);
    expect(warnings).toEqual([
      "the sform's spacing 1 x 1 x 0.5 contradicts pixdim, 1 x 1 x 1 mm (x, y, z): the sform is used",
    ]);
  });

  it('use the qform for a sform of zeros', () => {
    const { zooms, warnings } = parseNifti(edited({ srow: new Array(12).fill(0) }));
    expect(zooms).toEqual([1, 1, 1]);
    expect(warnings).toHaveLength(1);
  });

  it('keep the sform where the qform is no rotation', () => {
    const { zooms, warnings } = parseNifti(edited({ srow: half, quaternion: [2, 0, 0] }));
    expect(zooms).toEqual([1, 1, 0.5]);
    expect(warnings[0]).toContain('the sform is used');
  });

  it('say that forms of one code lie apart, and nothing of forms of different codes', () => {
    const moved = [1, 0, 0, 9, 0, 1, 0, 0, 0, 0, 1, 0];
    const same = parseNifti(edited({ srow: moved }));
    expect(same.affine[3]).toBe(9);
    expect(same.warnings).toEqual(['sform and qform lie up to 9 voxels apart: the sform is used']);
    expect(parseNifti(edited({ srow: moved, codes: [4, 1] })).warnings).toEqual([]);
  });

  it('take a spacing that pixdim lacks from the sform', () => {
    const { zooms, header, warnings } = parseNifti(edited({ srow: half, pixdim: [1, 1, 0], codes: [1, 1] }));
    expect(zooms).toEqual([1, 1, 0.5]);
    expect(header.pixdim[3]).toBe(0.5);
    expect(warnings).toEqual(['pixdim[3] was 0; taken as 0.5']);
  });
});

describe('sheared grids', () => {
  // A gantry tilted by 20 degrees: slices 2 mm apart, each 2 tan 20 mm further along y.
  const shift = 2 * Math.tan((20 * Math.PI) / 180);
  const tilted = [1, 0, 0, 0, 0, 1, shift, 0, 0, 0, 2, 0];

  it('are named with the angle, whether pixdim gives the distance of slices or the length of the axis', () => {
    for (const third of [2, Math.hypot(2, shift)]) {
      const { affine, warnings } = parseNifti(edited({ srow: tilted, pixdim: [1, 1, third], codes: [1, 0] }));
      expect(affine[6]).toBeCloseTo(shift, 6);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/sheared: they miss right angles by 20 degrees/);
    }
  });

  it('are named once where the qform, which cannot say it, is coded as well', () => {
    const { affine, warnings } = parseNifti(edited({ srow: tilted, pixdim: [1, 1, 2] }));
    expect(affine[6]).toBeCloseTo(shift, 6);
    expect(warnings).toEqual([expect.stringMatching(/sheared/)]);
  });

  it('are named in NRRD as well', () => {
    const volume = createVolume(new Uint8Array(8), [2, 2, 2], { affine: [...tilted, 0, 0, 0, 1] });
    expect(parseNrrd(encodeNrrd(volume)).warnings[0]).toMatch(/sheared/);
    expect(parseNrrd(encodeNrrd(createVolume(new Uint8Array(8), [2, 2, 2]))).warnings).toEqual([]);
  });

  it('of no volume are refused', () => {
    const flat = parseNifti(edited({ srow: [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], codes: [1, 0] }));
    expect(() => toVolume(flat)).toThrow(/two axes of the affine run the same way/);
  });
});

describe('units', () => {
  it('are gone once an image is written again', () => {
    const microns = edited({
      srow: [500, 0, 0, 1000, 0, 500, 0, 0, 0, 0, 5000, 0],
      pixdim: [500, 500, 5000],
      units: 3,
    });
    const image = parseNifti(microns);
    expect(image.zooms).toEqual([0.5, 0.5, 5]);
    expect(image.affine).toEqual([0.5, 0, 0, 1, 0, 0.5, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1]);
    const again = parseNifti(encodeNifti(image));
    expect(again.affine).toEqual(image.affine);
    expect(again.header.xyztUnits & 7).toBe(2);
    expect(again.header.pixdim.slice(1, 4)).toEqual([0.5, 0.5, 5]);
  });

  const nrrd = (fields: readonly string[]) =>
    parseNrrd(
      new Uint8Array(
        Buffer.concat([
          Buffer.from(
            ['NRRD0005', 'type: uint8', 'dimension: 3', 'sizes: 2 2 2', 'encoding: raw', ...fields, '', ''].join('\n'),
          ),
          Buffer.alloc(8),
        ]),
      ),
    );

  it.each([
    ['"um" "um" "um"', 1000],
    ['"micron" "micron" "micron"', 1000],
    ['"\u00b5m" "\u00b5m" "\u00b5m"', 1000],
    ['"m" "m" "m"', 1e-3],
    ['"cm" "cm" "cm"', 0.1],
    ['"mm" "mm" "mm"', 1],
  ])('of a NRRD space, %s, become mm', (units, perMm) => {
    const image = nrrd([
      'space: right-anterior-superior',
      `space units: ${units}`,
      `space directions: (${0.5 * perMm},0,0) (0,${0.75 * perMm},0) (0,0,${2 * perMm})`,
      `space origin: (${7 * perMm},0,0)`,
    ]);
    expect(image.zooms.map((mm) => Number(mm.toPrecision(12)))).toEqual([0.5, 0.75, 2]);
    expect(image.affine[3]).toBeCloseTo(7, 12);
    expect(image.warnings).toEqual([]);
  });

  it('of NRRD axes become mm, and unknown ones are named', () => {
    expect(nrrd(['spacings: 500 500 2000', 'units: "um" "um" "um"']).zooms).toEqual([0.5, 0.5, 2]);
    const { zooms, warnings } = nrrd(['spacings: 1 1 2', 'units: "furlong" "mm" "mm"']);
    expect(zooms).toEqual([1, 1, 2]);
    expect(warnings).toEqual(['the unit "furlong" is not known; taken as mm']);
  });
});

describe('label maps with stored scaling', () => {
  it.each(golden.labels)('$name', ({ nii, stored, labels }) => {
    const image = parseNifti(unpack(nii));
    if (labels !== null) expect([...toLabelMap(image).data]).toEqual(labels);
    else {
      const scaled = image.slope !== null && image.slope !== 1;
      expect(() => toLabelMap(image)).toThrow(scaled ? /whole numbers.*scl_slope/ : /probability map/);
    }
    // The fixture holds what it says: nibabel's values, some of which are not whole.
    expect(stored).toHaveLength(image.data.length);
  });
});
