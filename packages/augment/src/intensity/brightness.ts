/** Multiplies one channel by a factor, in place. */
export function scaleBrightness(channel: Float32Array, factor: number): Float32Array {
  for (let i = 0; i < channel.length; i++) channel[i]! *= factor;
  return channel;
}
