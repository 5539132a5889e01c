import { allAre, type ConvGeometry } from './geometry.ts';
import type { WinogradPlan } from './winograd-convolution.ts';
import { tileCount, type VariantId, variantOf } from './winograd-variant.ts';

/** `fast` uses Winograd's method where it applies (errors a few times those of direct sums); `direct` never does. */
export type ConvPrecision = 'fast' | 'direct';

/** Winograd's method needs this many channels on both sides to pay for its transforms. */
const fewestChannels = 8;

/** Whether Winograd's method applies: stride 1, a kernel of 3x3 in plane and up to 3 planes deep. */
export function winogradApplies(g: ConvGeometry): boolean {
  return (
    allAre(g.stride, 1) &&
    allAre(g.dilation, 1) &&
    g.kernel[0] <= 3 &&
    g.kernel[1] === 3 &&
    g.kernel[2] === 3 &&
    Math.min(g.inChannels, g.outChannels) >= fewestChannels
  );
}

/** The variant for the forward pass (or, on the adjoint geometry, the input gradient); undefined: direct sums. */
export function planConvolution(g: ConvGeometry, precision: ConvPrecision): WinogradPlan | undefined {
  if (precision === 'direct' || !winogradApplies(g)) return undefined;
  const [d, h, w] = g.output;
  const channels = Math.sqrt(g.inChannels * g.outChannels);
  const deep = g.kernel[0] === 3 && d >= 4;
  const large = deep && channels > 20 && g.batch * d * h * w >= 8 * channels * channels;
  return plan(g, large ? '44' : h * w >= 9 ? '14' : '12');
}

/** The variant for the filter gradient; undefined: direct sums. */
export function planFilterGradient(g: ConvGeometry, precision: ConvPrecision): WinogradPlan | undefined {
  if (precision === 'direct' || !winogradApplies(g)) return undefined;
  const [d, h, w] = g.output;
  const deep = g.kernel[0] === 3 && d >= 4;
  const channels = Math.sqrt(g.inChannels * g.outChannels);
  return plan(g, deep && g.batch * d * h * w >= 16 * channels * channels ? '44' : h * w >= 9 ? '14' : '12');
}

function plan(g: ConvGeometry, variant: VariantId): WinogradPlan {
  const channels = Math.max(g.inChannels, g.outChannels);
  const tiles = tileCount(variantOf(variant), g.batch, g.output);
  const wanted = channels <= 32 ? 48 : 24;
  return { variant, blockTiles: Math.min(wanted, Math.max(6, Math.ceil(tiles / 12) * 6)) };
}
