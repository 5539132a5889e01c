import { convRuns } from '../conv3d/measure.ts';
import { type ConvShape, oddPairs, shapes } from '../conv3d/shapes.ts';
import { Training } from '../unet/reference.ts';

/** What is measured: the fields that say what it is, and how to set it up. */
export interface Job {
  readonly about: {
    readonly work: string;
    readonly batch?: number;
    readonly size?: number;
    readonly shape?: ConvShape;
  };
  /** How often it runs at least in one turn. */
  readonly runs: number;
  start(): { run(): void; dispose(): void };
}

/** Runs of a convolution in a turn, at least. */
export const fewestRuns = 3;

export const directions = ['forward', 'grad_x', 'grad_w'] as const;

/** The three directions of every shape, one shape after the other. */
export const convJobs = (of: readonly ConvShape[]): Job[] =>
  of.flatMap((shape) =>
    directions.map((direction) => ({
      about: { work: `conv3d ${direction.replace('_', ' ')}`, shape },
      runs: fewestRuns,
      start() {
        const runs = convRuns(shape);
        return { run: runs[direction], dispose: runs.dispose };
      },
    })),
  );

const size = 64;

const unetJobs = (['unet-step', 'unet-forward'] as const).flatMap((work) =>
  [1, 2].map(
    (batch): Job => ({
      about: { work, batch, size },
      runs: 1,
      start() {
        const training = new Training(batch, size);
        const run = work === 'unet-step' ? () => training.step() : () => training.forward();
        return { run, dispose: () => training.dispose() };
      },
    }),
  ),
);

/** All convolutions of the convolution benchmark. */
export const convShapes: readonly ConvShape[] = [...shapes, ...oddPairs.flat()];

/** Lists of jobs by name. */
export const jobLists: Readonly<Record<string, readonly Job[]>> = {
  conv3d: convJobs(convShapes),
  // The reference U-Net and the convolutions that take most of its time.
  threads: [...unetJobs, ...convJobs(shapes.filter((s) => s.cin >= 16 && s.kernel === 3 && s.stride === 1))],
};
