import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readImage, readLabelMap } from '@seg/io/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { seg, temporaryFolder } from './support/run-seg.ts';

let root: string;
let image: string;
let vnet: string;
let other: string;
let unet: string;

beforeAll(async () => {
  root = await temporaryFolder();
  const data = join(root, 'data');
  [vnet, other, unet] = [join(root, 'vnet'), join(root, 'other'), join(root, 'unet')];
  await seg('phantom', '--out', data, '--cases', '4', '--size', '12,14,10');
  image = join(data, 'imagesTr', 'phantom_0001.nii.gz');
  const train = ['train', '--data', data, '--steps', '3'];
  expect(await seg(...train, '--out', vnet, '--network', 'vnet', '--seed', '1')).toMatchObject({ code: 0 });
  expect(await seg(...train, '--out', other, '--network', 'vnet', '--seed', '2')).toMatchObject({ code: 0 });
  expect(await seg(...train, '--out', unet, '--seed', '3')).toMatchObject({ code: 0 });
}, 240_000);

async function predict(name: string, ...args: string[]) {
  const out = join(root, name);
  const result = await seg('predict', '--out', out, image, '--json', ...args);
  expect(result.code, result.stderr).toBe(0);
  return { out, manifest: JSON.parse(result.stdout) };
}

async function values(out: string, name: string): Promise<Float32Array> {
  const { data, dtype, affine, shape } = await readImage(join(out, name));
  expect(dtype).toBe('float32');
  const source = await readImage(image);
  expect(affine).toEqual(source.affine);
  expect(shape.slice(0, 3)).toEqual(source.shape);
  return data as Float32Array;
}

describe('seg predict --samples', () => {
  it('writes uncertainty with entropy >= mutual information >= 0, which the seed alone decides on', async () => {
    const maps = ['entropy', 'mutual-information', 'variance'].flatMap((measure) => ['--uncertainty', measure]);
    const { out, manifest } = await predict('a', '--run', vnet, '--samples', '5', '--seed', '4', ...maps);
    expect(manifest).toMatchObject({
      prediction: join(out, 'phantom_0001.nii.gz'),
      uncertainty: {
        entropy: join(out, 'phantom_0001_entropy.nii.gz'),
        mutualInformation: join(out, 'phantom_0001_mutual-information.nii.gz'),
        variance: join(out, 'phantom_0001_variance.nii.gz'),
      },
      skipped: false,
    });
    expect((await readdir(out)).length).toBe(4);
    const entropy = await values(out, 'phantom_0001_entropy.nii.gz');
    const information = await values(out, 'phantom_0001_mutual-information.nii.gz');
    for (let i = 0; i < entropy.length; i++) {
      expect(information[i]).toBeGreaterThanOrEqual(0);
      expect(entropy[i]).toBeGreaterThanOrEqual(information[i]!);
      expect(entropy[i]).toBeLessThanOrEqual(Math.log(4) + 1e-6);
    }
    expect(Math.max(...information)).toBeGreaterThan(1e-4);

    const repeat = ['--run', vnet, '--samples', '5', '--uncertainty', 'mutual-information'];
    const same = await predict('b', ...repeat, '--seed', '4');
    expect(await values(same.out, 'phantom_0001_mutual-information.nii.gz')).toEqual(information);
    const another = await predict('c', ...repeat, '--seed', '5');
    expect(await values(another.out, 'phantom_0001_mutual-information.nii.gz')).not.toEqual(information);
  });

  it('averages the probabilities of several runs', async () => {
    const alone = [];
    for (const [i, run] of [vnet, unet].entries()) {
      const { out } = await predict(`alone${i}`, '--run', run, '--probabilities');
      alone.push(await values(out, 'phantom_0001_probabilities.nii.gz'));
    }
    const { out, manifest } = await predict('both', '--run', vnet, '--run', unet, '--probabilities');
    const mean = await values(out, 'phantom_0001_probabilities.nii.gz');
    expect(manifest.probabilities).toBe(join(out, 'phantom_0001_probabilities.nii.gz'));
    const voxels = 12 * 14 * 10;
    expect(mean).toHaveLength(4 * voxels);
    const labels = await readLabelMap(join(out, 'phantom_0001.nii.gz'));
    for (let v = 0; v < voxels; v++) {
      const p = [0, 1, 2, 3].map((c) => mean[c * voxels + v]!);
      expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      for (const [c, value] of p.entries()) {
        expect(value).toBeCloseTo((alone[0]![c * voxels + v]! + alone[1]![c * voxels + v]!) / 2, 6);
      }
      expect(labels.data[v]).toBe(p.indexOf(Math.max(...p)));
    }
    // Without maps the same label map is made in less memory.
    const plain = await predict('labels', '--run', vnet, '--run', other);
    const kept = await predict('labels-kept', '--run', vnet, '--run', other, '--uncertainty', 'variance');
    const name = 'phantom_0001.nii.gz';
    expect((await readLabelMap(join(plain.out, name))).data).toEqual((await readLabelMap(join(kept.out, name))).data);
  });

  it('skips images whose files are all there, and no others', async () => {
    const args = ['--run', unet, '--skip-existing'];
    const first = await predict('skip', ...args);
    const path = join(first.out, 'phantom_0001.nii.gz');
    const { mtimeMs } = await stat(path);
    const second = await predict('skip', ...args);
    expect(second.manifest).toMatchObject({ skipped: true, volumeMl: first.manifest.volumeMl });
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);
    const third = await predict('skip', ...args, '--uncertainty', 'entropy');
    expect(third.manifest.skipped).toBe(false);
    expect((await predict('skip', ...args, '--uncertainty', 'entropy')).manifest.skipped).toBe(true);
    await rm(path);
    expect((await predict('skip', ...args, '--uncertainty', 'entropy')).manifest.skipped).toBe(false);
  });

  it('refuses what cannot be meant, before any image is predicted', async () => {
    const out = join(root, 'refused');
    const refused = async (...args: string[]) => {
      const { code, stderr } = await seg('predict', '--out', out, image, ...args);
      expect(code).toBeGreaterThan(0);
      return stderr;
    };
    expect(await refused('--run', unet, '--samples', '3')).toMatch(/unet.* is not random.*no dropout/);
    expect(await refused('--run', vnet, '--uncertainty', 'variance')).toMatch(/variance.*only one.*--samples/s);
    expect(await refused('--run', vnet, '--uncertainty', 'sd')).toMatch(/mutual-information/);
    expect(await refused('--run', vnet, '--samples', '0')).toMatch(/whole number of at least 1/);
    expect(await refused('--run', vnet, '--run', `${vnet}/`)).toMatch(/the same run/);
    const renamed = join(root, 'renamed');
    await cp(unet, renamed, { recursive: true });
    const config = JSON.parse(await readFile(join(renamed, 'config.json'), 'utf8'));
    const [one, two, ...rest] = config.data.labels;
    const swapped = { ...config, data: { ...config.data, labels: [two, one, ...rest] } };
    await writeFile(join(renamed, 'config.json'), JSON.stringify(swapped));
    expect(await refused('--run', unet, '--run', renamed)).toMatch(/renamed was trained on other labels than .*unet/);
    // The entropy of a.nii.gz would have the name of the label map of a_entropy.nii.gz.
    const clash = join(root, 'clash');
    await mkdir(clash);
    for (const name of ['a.nii.gz', 'a_entropy.nii.gz']) await cp(image, join(clash, name));
    const both = await seg('predict', '--run', unet, '--out', out, clash, '--uncertainty', 'entropy');
    expect(both).toMatchObject({ code: 1, stderr: expect.stringMatching(/both be written to .*a_entropy\.nii\.gz/) });
    await expect(stat(out)).rejects.toThrow('ENOENT');
  });
});
