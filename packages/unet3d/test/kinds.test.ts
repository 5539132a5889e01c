import { countParams, disposeParams, Rng } from '@seg/core';
import { createNetwork, resEncUnet3d, resEncUnet3dConfig, vnet, vnetConfig } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

describeBackends('resEncUnet3d and vnet', () => {
  it("start from nnU-Net's and the mean-teacher literature's defaults", () => {
    const { blocksPerStage, kernels, strides } = resEncUnet3dConfig({ classes: 2, features: [2, 4, 8, 16, 20] });
    expect(blocksPerStage).toEqual([1, 3, 4, 6, 6]);
    expect(kernels[4]).toEqual([3, 3, 3]);
    expect(strides.slice(0, 2)).toEqual([[1, 1, 1], [2, 2, 2]]); // biome-ignore format: short
    const defaults = vnetConfig({ classes: 2 });
    expect(defaults.encoderConvs).toEqual([1, 2, 3, 3, 3]);
    expect(defaults.decoderConvs).toEqual([1, 2, 3, 3]);
    expect(defaults.dropout).toEqual({ rate: 0.5, kind: 'channel', each: 'stage', places: 'ends' });
    // By hand: convolutions 27 i o + o and norms 2 o; down 8 i o + o and norm; up likewise; head 16 * 2 + 2.
    const conv = (i: number, o: number) => 27 * i * o + 3 * o;
    const resample = (i: number, o: number) => 8 * i * o + 3 * o;
    const down = [16, 32, 64, 128].reduce((sum, f) => sum + resample(f, 2 * f) + resample(2 * f, f), 0);
    const encoder = conv(1, 16) + 2 * conv(32, 32) + 3 * (conv(64, 64) + conv(128, 128) + conv(256, 256));
    const decoder = conv(16, 16) + 2 * conv(32, 32) + 3 * (conv(64, 64) + conv(128, 128));
    expect(countParams(vnet({ classes: 2 }).paramSpecs)).toBe(down + encoder + decoder + 34);
  });

  it('residual blocks begin as identities', () => {
    const network = resEncUnet3d({ classes: 2, features: [2, 4], blocksPerStage: [1, 2] });
    tf.tidy(() => {
      const params = network.init(Rng.fromSeed(1));
      expect(Array.from(params['encoder.1.block2.norm2.scale']!.dataSync())).toEqual([0, 0, 0, 0]);
      const x = tf.tensor5d(Rng.fromSeed(2).fillNormal(new Float32Array(128)), [1, 4, 4, 8, 1]);
      const plain = network.apply(params, x);
      // With its last norm at 0 the second block adds nothing, so its weights do not matter.
      const kernel = 'encoder.1.block2.conv1.kernel';
      const changed = network.apply({ ...params, [kernel]: tf.neg(params[kernel]!) }, x);
      expect(Array.from(changed.dataSync())).toEqual(Array.from(plain.dataSync()));
      disposeParams(params);
    });
  });

  it('the V-Net drops whole channels in training and uses running statistics outside', () => {
    const before = tf.memory().numTensors;
    const network = vnet({ classes: 2, features: [4, 8, 8], encoderConvs: 1, decoderConvs: 1 });
    const params = network.init(Rng.fromSeed(1));
    const buffers = Object.fromEntries(
      Object.entries(network.bufferSpecs).map(([name, s]) => [name, tf.ones([...s.shape])]),
    );
    const x = tf.tensor5d(Rng.fromSeed(2).fillNormal(new Float32Array(256)), [2, 4, 4, 8, 1]);
    const taps: Record<string, tf.Tensor> = {};
    const updated: Record<string, tf.Tensor> = {};
    const logits = network.apply(params, x, {
      statistics: 'batch',
      dropout: Rng.fromSeed(3),
      buffers,
      taps: (name, value) => {
        taps[name] = value;
      },
      updateBuffer: (name, value) => {
        updated[name] = value;
      },
    });
    const sums = tf.tidy(() => Array.from(tf.max(taps['encoder.2']!, [1, 2, 3]).dataSync()));
    expect(sums.filter((v) => v === 0).length).toBeGreaterThan(0);
    expect(Object.keys(updated).sort()).toEqual(Object.keys(network.bufferSpecs).sort());
    const still = network.apply(params, x, { buffers });
    expect(still.shape).toEqual([2, 4, 4, 8, 2]);
    tf.dispose([x, logits, still, ...Object.values(taps), ...Object.values(updated), ...Object.values(buffers)]);
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('are rebuilt from their JSON, and refuse unknown fields', () => {
    for (const network of [resEncUnet3d({ classes: 3, features: [2, 4] }), vnet({ classes: 2, features: [4, 8] })]) {
      const again = createNetwork(JSON.parse(JSON.stringify(network.config)));
      expect(again.config).toEqual(network.config);
      expect(again.paramSpecs).toEqual(network.paramSpecs);
    }
    expect(() => resEncUnet3d({ classes: 2, features: [2], block: 3 } as never)).toThrow(/unknown field/);
    expect(() => vnet({ classes: 2, norm: 'group', features: [12] })).toThrow(/groups/);
  });
});
