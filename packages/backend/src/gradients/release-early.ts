import { clone, engine, type Tensor } from '@tensorflow/tfjs-core';

/** An operation on tfjs's tape: `saved` is what it kept for its gradient. */
interface TapeNode {
  readonly outputs: readonly Tensor[];
  readonly saved: readonly Tensor[];
  gradient?: (dys: readonly (Tensor | null)[]) => Record<string, () => Tensor>;
}

type Gradients = (
  f: () => Tensor,
  xs: Tensor[],
  dy?: Tensor,
  allowNoGradients?: boolean,
) => { value: Tensor; grads: Tensor[] };

interface GradientEngine {
  readonly state: {
    readonly gradientDepth: number;
    readonly activeTape: readonly TapeNode[] | null;
    readonly activeScope: { readonly id: number } | null;
  };
  gradients: Gradients;
}

const released = new WeakSet<object>();

/**
 * Lets tfjs give memory back while it goes backward through a network.
 *
 * tfjs-core's `gradients`, on which `tf.grads`, `tf.valueAndGrads` and optimizers rest, keeps every gradient of every
 * layer and every saved activation until the last one is computed: about twice the memory that a step needs. From here
 * on, what an operation saved and the gradient that came to it are disposed as soon as its own gradients are there.
 * Tensors that somebody kept (`tf.keep`), that were made outside, or that are among the results stay. When something
 * throws, what is saved by then is disposed too. A second call does nothing.
 */
export function releaseEarly(): void {
  const tfjs = engine() as unknown as GradientEngine;
  if (released.has(tfjs)) return;
  released.add(tfjs);
  const { gradients } = tfjs;
  tfjs.gradients = (f, xs, dy, allowNoGradients) => {
    const forward = () => {
      const y = f();
      // In an inner gradient of a higher order, the outer one still needs everything.
      if (tfjs.state.gradientDepth === 1) releaseInReverse(tfjs, xs);
      return y;
    };
    try {
      return gradients.call(tfjs, forward, xs, dy, allowNoGradients);
    } catch (error) {
      const { state } = tfjs;
      if (state.gradientDepth === 0) for (const node of state.activeTape ?? []) disposeSaved(node);
      throw error;
    }
  };
}

/** Makes each operation on the tape, when its turn comes, dispose what those behind it leave. */
function releaseInReverse({ state }: GradientEngine, xs: readonly Tensor[]): void {
  const tape = state.activeTape!;
  const wanted = new Set(xs.map(({ id }) => id));
  let end = tape.length;
  let used: Tensor[] = [];
  tape.forEach((node, index) => {
    const { gradient, outputs } = node;
    if (gradient === undefined) return;
    node.gradient = (dys) => {
      for (const tensor of used) if (!tensor.kept) tensor.dispose();
      for (; end > index + 1; end--) disposeSaved(tape[end - 1]!);
      const scope = state.activeScope?.id;
      used = dys.filter((dy, i): dy is Tensor => dy !== null && dy.scopeId === scope && !wanted.has(outputs[i]!.id));
      return separate(gradient(dys), [...used, ...node.saved]);
    };
  });
}

function disposeSaved(node: TapeNode): void {
  for (const tensor of node.saved) tensor.dispose();
}

/** Gradients that are no two the same tensor, nor one that will be disposed. */
function separate(gradients: Record<string, () => Tensor>, mortal: readonly Tensor[]): Record<string, () => Tensor> {
  const taken = new Set(mortal);
  const own = (compute: () => Tensor) => () => {
    const gradient = compute();
    if (taken.has(gradient)) return clone(gradient);
    taken.add(gradient);
    return gradient;
  };
  return Object.fromEntries(Object.entries(gradients).map(([name, compute]) => [name, own(compute)]));
}
