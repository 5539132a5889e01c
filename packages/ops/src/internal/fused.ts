import * as tf from '@tensorflow/tfjs-core';

/** Whether the active backend registered a kernel of this name. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a registered kernel and returns its outputs as a list. */
export function runKernel(name: string, inputs: object, attrs: object): tf.Tensor[] {
  const result = tf
    .engine()
    .runKernel<tf.Tensor | tf.Tensor[]>(name, inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap);
  return Array.isArray(result) ? result : [result];
}

/**
 * Runs a kernel that writes into its inputs, past the engine (which would look for outputs).
 *
 * @returns false, and nothing done, when the backend has none, for tensors of other types than float32, or when a tensor
 * that would be written shares its memory with another (a clone or a reshape), which must not change under its owner.
 */
export function runInPlace(name: string, inputs: Record<string, tf.Tensor>, written: readonly string[], attrs: object) {
  const kernel = tf.getKernel(name, tf.getBackend());
  if (kernel === undefined) return false;
  const backend = tf.backend();
  // Written are float32 numbers only; and tensors that another backend holds are moved before their owners are counted.
  for (const { dtype, dataId } of Object.values(inputs)) {
    if (dtype !== 'float32') return false;
    if (backend.refCount(dataId) === 0) tf.engine().moveData(backend, dataId);
  }
  if (written.some((input) => backend.refCount(inputs[input]!.dataId) > 1)) return false;
  kernel.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend });
  return true;
}
