/**
 * Places in the control block that the caller and the workers share: an Int32Array (a cache line apart, so that they
 * do not disturb each other), then the arguments of every part as float64.
 */
export const control = {
  /** Number of the job, from 1; workers sleep on it. */
  sequence: 0,
  /** Job number in the upper bits, parts not yet taken in the lower `ticketBits`. */
  ticket: 16,
  /** Parts finished. */
  done: 32,
  parts: 48,
  functionIndex: 49,
  moduleIndex: 50,
  argumentCount: 51,
  scratchPointer: 52,
  scratchStride: 53,
  failed: 64,
  stop: 65,
} as const;

/** Parts that one job can have. */
export const maxParts = 1024;
/** Arguments that one part can have. */
export const maxArguments = 30;
export const ticketBits = 11;
export const argumentsOffset = 512;
export const controlBytes = argumentsOffset + maxParts * maxArguments * 8;

/**
 * The worker's program, as text so that it starts the same way from sources, from a bundle, in Node and in browsers.
 *
 * A worker spins for a moment (a sleeping thread takes 20-50 us to wake), then sleeps until the sequence changes. It
 * takes parts by compare-and-swap on a ticket that carries the job number, so a late worker never takes a part of a
 * job whose arguments it has not seen.
 */
export const workerSource = `'use strict';
const node = typeof process === 'object' && process.versions && process.versions.node ? require('node:worker_threads') : undefined;
const start = ({ modules, memory, shared, thread, spins }) => {
  const ints = new Int32Array(shared, 0, ${argumentsOffset / 4});
  const doubles = new Float64Array(shared, ${argumentsOffset});
  const instances = modules.map((module) => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return Object.keys(exports).sort().map((name) => exports[name]);
  });
  if (node) node.parentPort.postMessage('ready'); else postMessage('ready');
  let last = 0;
  for (;;) {
    for (let i = 0; Atomics.load(ints, ${control.sequence}) === last;) {
      if (++i > spins) Atomics.wait(ints, ${control.sequence}, last);
    }
    last = Atomics.load(ints, ${control.sequence});
    if (Atomics.load(ints, ${control.stop})) break;
    for (;;) {
      const ticket = Atomics.load(ints, ${control.ticket});
      if ((ticket >> ${ticketBits}) !== (last << ${ticketBits} >> ${ticketBits})) break;
      const left = ticket & ${(1 << ticketBits) - 1};
      if (left === 0) break;
      if (Atomics.compareExchange(ints, ${control.ticket}, ticket, ticket - 1) !== ticket) continue;
      const parts = ints[${control.parts}], count = ints[${control.argumentCount}], at = (parts - left) * ${maxArguments};
      const args = [];
      for (let i = 0; i < count; i++) args.push(doubles[at + i]);
      if (ints[${control.scratchStride}]) args.push((ints[${control.scratchPointer}] >>> 0) + thread * ints[${control.scratchStride}]);
      try {
        instances[ints[${control.moduleIndex}]][ints[${control.functionIndex}]](...args);
      } catch (error) {
        Atomics.store(ints, ${control.failed}, 1);
      }
      if (Atomics.add(ints, ${control.done}, 1) + 1 === parts) Atomics.notify(ints, ${control.done});
    }
  }
};
if (node) node.parentPort.once('message', start); else onmessage = (event) => start(event.data);
`;
