export { type NetworkParts, networkOf, totalStride } from '../network.ts';
export { type ResidualBlockOptions, residualBlock } from '../resenc/residual-block.ts';
export {
  applyDropout,
  type BlockStyle,
  type ConvBlockOptions,
  convBlock,
  convSpecs,
  type DropoutStyle,
  normAndActivation,
} from './conv-block.ts';
export { type Decoder, type DecoderInput, type DecoderOptions, decoder, type Inject } from './decoder.ts';
export { type DropoutConfig, type DropoutPlan, dropoutPlan } from './dropout-plan.ts';
export { type EncoderDecoderOptions, encoderDecoder, type Injection } from './encoder-decoder.ts';
export { type HeadOptions, headLayer } from './head.ts';
export { type Layer, type Pass, sequence, specsOf } from './layer.ts';
export { recomputed } from './recomputed.ts';
export { type UpOptions, upLayer } from './up.ts';
