import type { ParamSpecs } from '@seg/core';
import { avgPool3d, type Size3 } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BlockStyle, convBlock, normAndActivation } from '../layers/conv-block.ts';
import { type Layer, specsOf } from '../layers/layer.ts';

export interface ResidualBlockOptions {
  /** Parameters are named `${name}.conv1.kernel`, `${name}.norm2.scale`, `${name}.shortcut.conv.kernel` and so on. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: Size3;
  readonly strides: Size3;
  readonly shortcut: 'avgPool' | 'stridedConv';
  readonly zeroInit: boolean;
  readonly style: BlockStyle;
}

/** conv-norm-act-conv-norm plus a shortcut, then the activation (He et al. 2016). */
export function residualBlock(options: ResidualBlockOptions): Layer {
  const { name, inputs, outputs, kernel, strides, style } = options;
  const unit: Size3 = [1, 1, 1];
  const first = convBlock({ stage: name, index: 1, inputs, outputs, kernel, strides, style });
  const second = convBlock({
    stage: name,
    index: 2,
    inputs: outputs,
    outputs,
    kernel,
    strides: unit,
    style,
    activate: false,
  });
  const shortcut = shortcutLayer(options);
  const last = normAndActivation(name, 'Out', outputs, { ...style, norm: 'none' }, true);
  const specs = specsOf([first, second, ...(shortcut.layer ? [shortcut.layer] : []), last]);
  return {
    params: options.zeroInit ? withZeroScale(specs.params, `${name}.norm2.scale`) : specs.params,
    buffers: specs.buffers,
    run: (x, pass) =>
      tf.tidy(() => {
        const inner = first.run(x, pass);
        const residual = second.run(inner, pass);
        inner.dispose();
        const pooled = shortcut.pool ? avgPool3d(x, { size: strides }) : x;
        const carried = shortcut.layer ? shortcut.layer.run(pooled, pass) : pooled;
        return last.run(tf.add(residual, carried), pass);
      }),
  };
}

function shortcutLayer({ name, inputs, outputs, strides, shortcut, style }: ResidualBlockOptions) {
  const strided = strides.some((s) => s > 1);
  const pool = strided && shortcut === 'avgPool';
  const convolve = inputs !== outputs || (strided && !pool);
  if (!convolve) return { pool, layer: undefined };
  const layer = convBlock({
    stage: `${name}.shortcut`,
    index: '',
    inputs,
    outputs,
    kernel: [1, 1, 1],
    strides: pool ? [1, 1, 1] : strides,
    style: { ...style, convBias: false },
    activate: false,
  });
  return { pool, layer };
}

function withZeroScale(specs: ParamSpecs, name: string): ParamSpecs {
  const scale = specs[name];
  return scale === undefined ? specs : { ...specs, [name]: { ...scale, init: { kind: 'constant', value: 0 } } };
}
