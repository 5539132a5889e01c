import { convRuns } from '../conv3d/measure.ts';
import { type ConvShape, shapes } from '../conv3d/shapes.ts';
import { Training } from '../unet/reference.ts';

/** What is measured: a name, the fields that say more of it, and how to set it up. */
export interface Job {
  readonly about: {
    readonly work: string;
    readonly batch?: number;
    readonly size?: number;
    readonly shape?: ConvShape;
  };
  /** How often it runs in one turn, so that a turn is long beside waking the threads. */
  readonly runs: number;
  start(): { run(): void; dispose(): void };
}

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

const convJobs = shapes
  .filter(({ cin, kernel, stride }) => cin >= 16 && kernel === 3 && stride === 1)
  .flatMap((shape) =>
    (['forward', 'gradX', 'gradW'] as const).map(
      (direction): Job => ({
        about: { work: `conv3d ${{ forward: 'forward', gradX: 'grad x', gradW: 'grad w' }[direction]}`, shape },
        runs: 5,
        start() {
          const runs = convRuns(shape);
          return { run: runs[direction], dispose: () => runs.dispose() };
        },
      }),
    ),
  );

/** The training step and the forward pass of the reference U-Net, and the convolutions that take most of their time. */
export const jobs: readonly Job[] = [...unetJobs, ...convJobs];
