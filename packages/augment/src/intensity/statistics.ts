/** Range and moments of a channel; the standard deviation is that of the population. */
export interface ChannelStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly standardDeviation: number;
}

/** Minimum, maximum, mean and standard deviation of finite values; two passes, so that large offsets lose nothing. */
export function channelStatistics(channel: Float32Array): ChannelStatistics {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < channel.length; i++) {
    const value = channel[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  const mean = sum / channel.length;
  let squares = 0;
  for (let i = 0; i < channel.length; i++) {
    const centred = channel[i]! - mean;
    squares += centred * centred;
  }
  return { min, max, mean, standardDeviation: Math.sqrt(squares / channel.length) };
}
