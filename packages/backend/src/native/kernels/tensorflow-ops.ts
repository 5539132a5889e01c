import { backend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import type { NodeBackend } from '../load-binding.ts';

/** A kernel of the native backend, composed of TensorFlow ops; what it makes on the way is disposed for it. */
export type NativeKernel = (inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>) => Tensor[];

/** Attributes of a TensorFlow op: numbers are floats, lists hold integers, and a single integer is a bigint. */
export type OpAttributes = Readonly<Record<string, string | boolean | number | bigint | readonly number[]>>;

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: string | boolean | number | readonly number[];
}

export function nodeBackend(): NodeBackend {
  return backend() as unknown as NodeBackend;
}

/**
 * Runs a TensorFlow op by its name; `types` names the type attributes that are float32.
 *
 * TensorFlow keeps a kernel for every set of attributes that it has seen, so what changes from call to call must be an
 * input.
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
  const node = nodeBackend();
  const { binding } = node;
  const list: Attribute[] = types.map((type) => ({ name: type, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }));
  for (const [attribute, value] of Object.entries(attributes)) list.push(attributeOf(binding, attribute, value));
  return node.executeMultipleOutputs(name, list, inputs, outputs) as Tensor[];
}

/** Runs an op of our own, from packages/backend/native: they have no type attributes. */
export function runOwnOp(
  name: string,
  inputs: readonly TensorInfo[],
  attributes: OpAttributes = {},
  outputs = 1,
): Tensor[] {
  return runOp(name, inputs, attributes, outputs, []);
}

function attributeOf(binding: NodeBackend['binding'], name: string, value: OpAttributes[string]): Attribute {
  if (typeof value === 'string') return { name, type: binding.TF_ATTR_STRING, value };
  if (typeof value === 'boolean') return { name, type: binding.TF_ATTR_BOOL, value };
  if (typeof value === 'number') return { name, type: binding.TF_ATTR_FLOAT, value };
  return { name, type: binding.TF_ATTR_INT, value: typeof value === 'bigint' ? Number(value) : value };
}
