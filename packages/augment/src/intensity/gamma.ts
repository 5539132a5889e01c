import { SegError } from '@seg/core';
import { channelStatistics } from './statistics.ts';

export interface GammaOptions {
  /** Work on -x, so that bright values are spread instead of dark ones. Default false. */
  readonly invert?: boolean;
  /** Restore mean and standard deviation afterwards. Default true. */
  readonly retainStatistics?: boolean;
}

/**
 * Gamma correction of one channel within its own range, ((x - min) / range)^gamma * range + min, in place. A constant
 * channel stays as it is.
 *
 * @param gamma positive; below 1 brightens.
 */
export function gammaTransform(channel: Float32Array, gamma: number, options: GammaOptions = {}): Float32Array {
  const { invert = false, retainStatistics = true } = options;
  if (!(gamma > 0) || !Number.isFinite(gamma)) {
    throw new SegError('invalid-argument', { where: 'gammaTransform', problem: 'gamma must be positive', got: gamma });
  }
  const before = channelStatistics(channel);
  const range = before.max - before.min;
  if (!(range > 0)) return channel;
  const sign = invert ? -1 : 1;
  const origin = invert ? before.max : before.min;
  for (let i = 0; i < channel.length; i++) {
    // |x - origin| is the distance from the minimum of x, or of -x where inverted.
    const unit = (sign * (channel[i]! - origin)) / range;
    channel[i] = origin + sign * range * unit ** gamma;
  }
  if (!retainStatistics) return channel;
  const after = channelStatistics(channel);
  const gain = after.standardDeviation > 0 ? before.standardDeviation / after.standardDeviation : 1;
  for (let i = 0; i < channel.length; i++) channel[i] = (channel[i]! - after.mean) * gain + before.mean;
  return channel;
}
