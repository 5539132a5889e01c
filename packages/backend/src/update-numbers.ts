/** What the kernels of `sgdUpdate` take: learning rate, momentum, weight decay, factor of the gradient, Nesterov. */
export function sgdNumbers(attrs: Readonly<Record<string, unknown>>): number[] {
  const { learningRate, momentum, weightDecay, gradScale } = attrs as Record<string, number>;
  return [learningRate!, momentum!, weightDecay!, gradScale!, attrs.nesterov ? 1 : 0];
}

/**
 * What the kernels of `adamUpdate` take: learning rate / (1 - beta1^t), beta1, beta2, 1 - beta1, 1 - beta2,
 * 1 / sqrt(1 - beta2^t), epsilon, weight decay that joins the gradient, what the parameter is multiplied by first,
 * factor of the gradient.
 */
export function adamNumbers(attrs: Readonly<Record<string, unknown>>): number[] {
  const { learningRate, beta1, beta2, epsilon, weightDecay, gradScale, step } = attrs as Record<string, number>;
  const rate = learningRate! / (1 - beta1! ** step!);
  const correction = 1 / Math.sqrt(1 - beta2! ** step!);
  const coupled = attrs.decoupled ? 0 : weightDecay!;
  const keep = attrs.decoupled ? 1 - learningRate! * weightDecay! : 1;
  return [rate, beta1!, beta2!, 1 - beta1!, 1 - beta2!, correction, epsilon!, coupled, keep, gradScale!];
}
