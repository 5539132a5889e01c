import { channelStatistics } from './statistics.ts';

/**
 * Stretches one channel about its mean, (x - mean) * factor + mean, in place.
 *
 * @param options.preserveRange clip to the old minimum and maximum. Default true.
 */
export function scaleContrast(
  channel: Float32Array,
  factor: number,
  options: { readonly preserveRange?: boolean } = {},
): Float32Array {
  const { preserveRange = true } = options;
  const { min, max, mean } = channelStatistics(channel);
  for (let i = 0; i < channel.length; i++) {
    const value = (channel[i]! - mean) * factor + mean;
    channel[i] = preserveRange ? Math.min(max, Math.max(min, value)) : value;
  }
  return channel;
}
