import { backend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import type { NodeBackend } from '../load-binding.ts';

/** A kernel of the native backend, composed of TensorFlow ops; what it makes on the way is disposed for it. */
export type NativeKernel = (inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>) => Tensor[];

/** Attributes of a TensorFlow op: strings, booleans and lists are what they are, numbers are floats. */
export type OpAttributes = Readonly<Record<string, string | boolean | number>>;

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: string | boolean | number;
}

/**
 * Runs a TensorFlow op by its name on float32 tensors; `types` names its type attributes.
 *
 * @returns its outputs, which belong to the current tidy scope
 */
export function runOp(
  name: string,
  inputs: readonly TensorInfo[],
  attributes: OpAttributes,
  outputs = 1,
  types: readonly string[] = ['T'],
): Tensor[] {
  const node = backend() as unknown as NodeBackend;
  const { binding } = node;
  const list: Attribute[] = types.map((type) => ({ name: type, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }));
  for (const [attribute, value] of Object.entries(attributes)) {
    const type =
      typeof value === 'string'
        ? binding.TF_ATTR_STRING
        : typeof value === 'boolean'
          ? binding.TF_ATTR_BOOL
          : binding.TF_ATTR_FLOAT;
    list.push({ name: attribute, type, value });
  }
  return node.executeMultipleOutputs(name, list, inputs, outputs) as Tensor[];
}
