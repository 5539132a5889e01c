import { access, copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createVolume } from '@seg/core';
import { readImage, readLabelMap, writeNifti } from '@seg/io/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { seg, spawnSeg, temporaryFolder } from './support/run-seg.ts';

let root: string;
let data: string;
let run: string;
let trained: Awaited<ReturnType<typeof spawnSeg>>;

beforeAll(async () => {
  root = await temporaryFolder();
  [data, run] = [join(root, 'data'), join(root, 'run')];
  await seg('phantom', '--out', data, '--cases', '4', '--size', '12,14,10');
  trained = await spawnSeg(['train', '--data', data, '--out', run, '--steps', '3', '--seed', '1', '--json']);
});

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

describe('seg train', () => {
  it('leaves a complete run and prints its numbers as JSON alone', async () => {
    expect(trained.stderr).toMatch(/^backend: wasm/);
    // 12 x 14 x 10 voxels, whole: halved once, after which no axis has the 8 voxels for another time.
    const plan = trained.stderr.split('\n').slice(1, 6);
    expect(plan[0]).toBe(
      'cases:    3 to train on, 1 to validate on; 1 channel (MRI), 3 classes (liver, kidneys, spleen)',
    );
    expect(plan[1]).toMatch(/^spacing: {2}[\d.]+ x [\d.]+ x [\d.]+ mm \(z, y, x\)$/);
    expect(plan[2]).toBe('patch:    12 x 14 x 10 voxels (z, y, x), 2 a step');
    expect(plan[3]).toBe('network:  U-Net of 2 stages with 16, 32 features');
    expect(plan[4]).toMatch(/^steps: {4}3;/);
    expect(trained.code).toBe(0);
    const result = JSON.parse(trained.stdout);
    expect(result).toMatchObject({ run, stopped: 'finished', steps: 3, report: join(run, 'report.html') });
    expect(Object.keys(result.validation.labels)).toEqual(['1', '2', '3']);
    const names = await readdir(run);
    for (const name of ['config.json', 'metrics.jsonl', 'checkpoints', 'report.html', 'validation']) {
      expect(names).toContain(name);
    }
    const checkpoints = await readdir(join(run, 'checkpoints'));
    for (const name of ['last.json', 'last.safetensors', 'best.json', 'best.safetensors']) {
      expect(checkpoints).toContain(name);
    }
    const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ seed: 1, method: 'supervised', budget: { steps: 3 }, backend: 'wasm' });
    const html = await readFile(join(run, 'report.html'), 'utf8');
    expect(html).toContain('</html>');
    expect(html).toContain(config.data.validation[0]);
    // One validation case: nothing to rank. The page says when, how long, by what and on what it was trained.
    expect(config.data.validation).toHaveLength(1);
    expect(html).not.toMatch(/<strong>(best|median|worst)/);
    for (const fact of ['begun', 'command', 'training time', 'trained parameters', 'version', 'hardware', 'backend']) {
      expect(html).toContain(`<td>${fact}</td>`);
    }
    const [session, ...others] = (await readFile(join(run, 'sessions.jsonl'), 'utf8')).trim().split('\n');
    expect(others).toEqual([]);
    expect(JSON.parse(session!)).toMatchObject({ node: process.version, backend: expect.stringMatching(/^wasm/) });
    expect(html).toContain(`seg train --data ${data} --out ${run} --steps 3`);
    const csv = await readFile(join(run, 'validation', 'cases.csv'), 'utf8');
    expect(csv.trim().split('\n').length).toBe(1 + 3 * config.data.validation.length);
  });

  it('stops after a checkpoint on Ctrl-C and goes on from there', async () => {
    const stopped = join(root, 'stopped');
    const last = join(stopped, 'checkpoints', 'last.json');
    let sent = false;
    const args = ['train', data, '--out', stopped, '--steps', '30', '--checkpoint-every', '1', '--threads', '1'];
    const result = await spawnSeg(args, {
      onStderr: async (text, kill) => {
        if (sent || !text.includes('backend:')) return;
        sent = true;
        while (!(await exists(last))) await sleep(20);
        kill('SIGINT');
      },
    });
    expect(result.code).toBe(130);
    expect(result.stderr).toMatch(/stopped at step \d+ after a checkpoint; continue with: seg train --resume/);
    const { step } = JSON.parse(await readFile(last, 'utf8'));
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(30);
    expect((await readdir(join(stopped, 'checkpoints'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const resumed = await seg('train', '--resume', stopped, '--json');
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ stopped: 'finished', steps: 30 });
  });

  it('names the cure when the disk is full at a checkpoint, leaving the run fit to go on', async () => {
    const full = join(root, 'full');
    const args = ['train', '--data', data, '--out', full, '--steps', '2', '--checkpoint-every', '1'];
    const result = await spawnSeg(args, { fileSizeLimit: 100 });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/checkpoints\/(last|best)\.safetensors.*could not be written.*[Mm]ake room/s);
    expect((await readdir(join(full, 'checkpoints'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const resumed = await seg('train', '--resume', full);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain('report.html');
  });

  it('trains by HyperSORT, whose run predicts in the dominant style and goes on', async () => {
    const out = join(root, 'hypersort');
    const args = ['--data', data, '--out', out, '--method', 'hypersort', '--steps', '4', '--seed', '1', '--json'];
    const result = await seg('train', ...args);
    expect(result.code, result.stderr).toBe(0);
    expect(Object.keys(JSON.parse(result.stdout).validation.labels)).toEqual(['1', '2', '3']);
    const lines = (await readFile(join(out, 'latents.jsonl'), 'utf8')).trim().split('\n');
    const { data: used, plan } = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'));
    expect([used.train.length, plan.batchSize]).toEqual([3, 2]);
    // After every epoch of 3 cases, two a step, and at the end.
    expect(lines.map((line) => JSON.parse(line).step)).toEqual([2, 3, 4]);
    const { latents } = JSON.parse(lines.at(-1)!);
    expect(Object.keys(latents)).toEqual(used.train);
    const { pages } = JSON.parse(result.stdout);
    expect(pages).toEqual([join(out, 'map.html')]);
    const page = await readFile(pages[0], 'utf8');
    const { cases, history } = JSON.parse(/<script id="data"[^>]*>(.*?)<\/script>/s.exec(page)![1]!);
    expect(cases.map(({ id }: { id: string }) => id).sort()).toEqual([...used.train].sort());
    expect(history.map(({ step }: { step: number }) => step)).toEqual([2, 3, 4]);
    for (const [i, { id, volumeMl }] of cases.entries()) {
      expect(history[2].points[i]).toEqual(latents[id].map((v: number) => Number(v.toPrecision(6))));
      expect(volumeMl).toBeGreaterThan(0);
    }
    const image = join(data, 'imagesTr', 'phantom_0001.nii.gz');
    const predicted = await spawnSeg(['predict', '--run', out, '--out', join(root, 'dominant'), image]);
    expect(predicted.code, predicted.stderr).toBe(0);
    expect(await seg('train', '--resume', out, '--json')).toMatchObject({ code: 0 });
  });

  it('refuses a run that is there, a run that is not, and settings that contradict', async () => {
    const used = await seg('train', '--data', data, '--out', run, '--no-verify');
    expect(used).toMatchObject({ code: 1, stderr: expect.stringContaining('already holds a run') });
    const none = await seg('train', '--resume', data);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('not a run') });
    expect(await seg('train', '--resume', run, '--seed', '2')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('leave out --seed'),
    });
    expect((await seg('train', '--data', data, '--out', 'x', '--steps', '1', '--minutes', '1')).code).toBe(2);
    expect((await seg('train', '--data', data)).stderr).toContain('--out');
    expect((await seg('train', '--out', 'x')).stderr).toContain('--data');
    const method = await seg('train', '--data', data, '--out', join(root, 'x'), '--method', 'supervise');
    expect(method).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean "supervised"?') });
  });
});

describe('garbage in', () => {
  /** A copy of the data set, spoiled; returns what verify and train say. */
  async function spoiled(name: string, spoil: (folder: string) => Promise<void>) {
    const folder = join(root, name);
    await cp(data, folder, { recursive: true });
    await spoil(folder);
    const out = join(root, `${name}-run`);
    const verified = await seg('verify', '--data', folder);
    const train = await seg('train', '--data', folder, '--out', out, '--steps', '1');
    expect(verified.code).toBe(1);
    expect(train.code).toBe(1);
    expect(await exists(out)).toBe(false);
    const json = JSON.parse((await seg('verify', folder, '--json')).stdout);
    expect(json.ok).toBe(false);
    return { said: [verified.stdout, train.stderr], json };
  }

  it('a folder that does not exist', async () => {
    const gone = join(root, 'gone');
    for (const args of [
      ['verify', gone],
      ['train', '--data', gone, '--out', join(root, 'x')],
      ['predict', '--run', gone, '--out', join(root, 'x'), data],
    ]) {
      const { code, stderr } = await seg(...args);
      expect(code).toBe(1);
      expect(stderr).toContain(gone);
    }
    expect(await exists(join(root, 'x'))).toBe(false);
  });

  it('a truncated image, an undeclared label and a label of another shape, all reported at once', async () => {
    const { said, json } = await spoiled('broken', async (folder) => {
      const cut = join(folder, 'imagesTr', 'phantom_0001.nii.gz');
      const bytes = await readFile(cut);
      await writeFile(cut, bytes.subarray(0, bytes.length - 500));
      const undeclared = join(folder, 'labelsTr', 'phantom_0002.nii.gz');
      const label = await readLabelMap(undeclared);
      label.data[0] = 77;
      await writeNifti(undeclared, label);
      const { spacingMm } = label;
      const other = createVolume(new Uint8Array(12 * 14 * 9), [12, 14, 9], { spacingMm });
      await writeNifti(join(folder, 'labelsTr', 'phantom_0003.nii.gz'), other);
    });
    for (const text of said) {
      expect(text).toContain('imagesTr/phantom_0001.nii.gz');
      expect(text).toMatch(/labelsTr\/phantom_0002\.nii\.gz.*77/);
      expect(text).toContain('labelsTr/phantom_0003.nii.gz');
    }
    const codes = json.findings.map(({ code }: { code: string }) => code);
    expect(codes).toEqual(expect.arrayContaining(['unreadable-file', 'label-undeclared', 'shape-mismatch']));
  });

  it('a dataset.json that leads out of its folder', async () => {
    const { said } = await spoiled('escape', async (folder) => {
      const path = join(folder, 'dataset.json');
      const json = JSON.parse(await readFile(path, 'utf8'));
      json.training[0].image = '../../etc/passwd.nii.gz';
      await writeFile(path, JSON.stringify(json));
      const manifest = join(folder, 'seg.json');
      await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('imagesTr/', '../imagesTr/'));
    });
    for (const text of said) expect(text).toContain('../');
  });
});

describe('seg predict', () => {
  it("writes label maps under the image's name, on the image's own grid", async () => {
    const [images, out] = [join(root, 'images'), join(root, 'predictions')];
    await mkdir(images);
    const source = await readImage(join(data, 'imagesTr', 'phantom_0001.nii.gz'));
    const values = Float32Array.from(source.data as Float32Array);
    // Turned, oblique and with its axes in another order than those of the training.
    const affine = [0, -3.9, 0.4, 20, 4, 0, 0, -7, 0, 0.4, 3.9, 5, 0, 0, 0, 1];
    await writeNifti(join(images, 'turned.nii'), createVolume(values, [12, 14, 10], { affine }));
    await copyFile(join(data, 'imagesTr', 'phantom_0002.nii.gz'), join(images, 'plain.nii.gz'));
    const { code, stdout } = await spawnSeg(['predict', '--run', run, '--out', out, images, '--json']);
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ prediction }) => prediction)).toEqual([join(out, 'plain.nii.gz'), join(out, 'turned.nii')]);
    expect((await readdir(out)).sort()).toEqual(['plain.nii.gz', 'turned.nii']);
    for (const [i, name] of ['plain.nii.gz', 'turned.nii'].entries()) {
      const [image, label] = [await readImage(join(images, name)), await readImage(join(out, name))];
      expect(label.shape).toEqual(image.shape);
      expect(label.affine).toEqual(image.affine);
      expect(label.dtype).toBe('uint8');
      const count = (label.data as Uint8Array).reduce((sum, v) => sum + (v === 2 ? 1 : 0), 0);
      const voxelMl = image.zooms.slice(0, 3).reduce((a, b) => a * b) / 1000;
      expect(lines[i].volumeMl['2']).toBeCloseTo(count * voxelMl, 3);
    }
  });

  it('predicts the same as the validation of the run, and goes on after an image that is broken', async () => {
    const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8'));
    const name = `${config.data.validation[0]}.nii.gz`;
    const bad = join(root, 'bad.nii.gz');
    await writeFile(bad, 'no image');
    const out = join(root, 'again');
    const { code, stdout, stderr } = await seg(
      'predict',
      '--run',
      run,
      '--out',
      out,
      bad,
      join(data, 'imagesTr', name),
    );
    expect(code).toBe(1);
    expect(stderr).toContain(bad);
    expect(stdout).toBe(`${join(out, name)}\n`);
    expect(await readdir(out)).toEqual([name]);
    const validated = await readLabelMap(join(run, 'validation', 'predictions', name));
    expect((await readLabelMap(join(out, name))).data).toEqual(validated.data);
  });

  it('refuses an image whose spacing cannot be meant, by name, spacing and size, and segments the others', async () => {
    const [images, out] = [join(root, 'far'), join(root, 'far-predictions')];
    await mkdir(images);
    const source = await readImage(join(data, 'imagesTr', 'phantom_0001.nii.gz'));
    const values = Float32Array.from(source.data as Float32Array);
    const far = createVolume(values, [12, 14, 10], { spacingMm: [4000, 4000, 4000] });
    await writeNifti(join(images, 'a.nii.gz'), far);
    await copyFile(join(data, 'imagesTr', 'phantom_0002.nii.gz'), join(images, 'b.nii.gz'));
    const { code, stdout, stderr } = await seg('predict', '--run', run, '--out', out, images);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /a\.nii\.gz: .*spacing 4000 x 4000 x 4000 mm \(z, y, x\).*12 x 14 x 10 voxels.*resampled to \d+ x/,
    );
    expect(stderr).not.toMatch(/fault of seg|RangeError/);
    expect(stdout).toBe(`${join(out, 'b.nii.gz')}\n`);
  });

  it('refuses what would overwrite an image or another prediction, and goes on with the others', async () => {
    const images = join(data, 'imagesTr');
    const image = join(images, 'phantom_0001.nii.gz');
    const over = await seg('predict', '--run', run, '--out', images, image);
    expect(over).toMatchObject({ code: 1, stderr: expect.stringContaining('would overwrite the image') });
    const twice = await seg('predict', '--run', run, '--out', join(root, 'others'), image, images);
    expect(twice).toMatchObject({ code: 1, stderr: expect.stringContaining('the same name') });
    const others = ['phantom_0002.nii.gz', 'phantom_0003.nii.gz', 'phantom_0004.nii.gz'];
    expect(await readdir(join(root, 'others'))).toEqual(others);
    const empty = join(root, 'empty');
    await mkdir(empty);
    const none = await seg('predict', '--run', run, '--out', join(root, 'y'), empty);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no images in') });
    expect(await exists(join(root, 'y'))).toBe(false);
  });
});

describe('seg doctor', () => {
  it('says what the machine has and that wasm computes correctly', async () => {
    const { code, stdout } = await spawnSeg(['doctor', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      node: { version: process.versions.node },
      cores: expect.any(Number),
      versions: expect.any(Object),
    });
    const wasm = report.backends.find(({ name }: { name: string }) => name === 'wasm');
    expect(wasm).toMatchObject({ works: true, description: expect.stringContaining('SIMD') });
    // The doctor starts wasm itself and looks at its memory before it stops it.
    const memory = report.kernelMemory.find(({ name }: { name: string }) => name === 'wasm');
    expect(memory.scratchPeakBytes).toBeGreaterThan(0);
    expect(memory.weightCacheBytes).toBeLessThanOrEqual(memory.weightCacheLimitBytes);
    const { revectorizer } = report;
    expect(revectorizer.note).not.toBe('not measured');
    if (revectorizer.available) expect(revectorizer.gain).toBeGreaterThan(0);
    const text = await seg('doctor', '--no-measure');
    expect(text.stdout).toContain('not measured');
    expect(text.stdout).toMatch(/wasm holds +scratch .* \(peak .*, keeps up to 256 MiB\), transformed weights/);
    expect(text.stdout).toMatch(/Node +\d+[\s\S]*memory +[\d.]+ GiB[\s\S]*wasm/);
  });

  it('lists native backends', async () => {
    expect(Array.isArray(JSON.parse((await seg('backend', 'list', '--json')).stdout))).toBe(true);
    expect((await seg('backend', 'install', 'cudaa')).code).toBe(2);
  });
});
