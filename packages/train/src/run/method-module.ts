import type { ReportSection, Volume } from '@seg/core';
import type { JsonValue } from '../json.ts';
import type { Method } from '../method/method.ts';
import type { PlannedNetwork, SegmentationNetwork } from '../plan/network-kinds.ts';
import type { TrainingPlan } from '../plan/training-plan.ts';
import type { OptionsSchema } from './option-schemas.ts';

/** What a method of a run is made from. */
export interface MethodContext<Options = unknown> {
  readonly plan: TrainingPlan;
  /** The method's own options, read through its schema. */
  readonly options: Options;
  /** The network that the plan names; `changes` replace parts of its configuration, such as `deepSupervision`. */
  network(changes?: Partial<PlannedNetwork>): SegmentationNetwork;
  /**
   * Writes a line to a record of the method's own, `NAME.jsonl` in the run's folder; does nothing where there is no
   * folder. After a resume, lines of later steps come a second time: readers let the last line of a step count.
   */
  record(name: string, value: JsonValue): void;
}

/** What a finished run offers to its method's sections of the report. */
export interface ReportedRun {
  readonly plan: TrainingPlan;
  /** Lines of a record, the last one left out where it was cut off; empty where there is none. */
  readRecord(name: string): Promise<readonly JsonValue[]>;
  /** Ids of the training cases. */
  readonly trainingCases: readonly string[];
  /** The label map of a case as its file holds it; undefined where it has none. */
  loadLabel(id: string): Promise<Volume | undefined>;
  /** The value of voxels that nobody annotated. */
  readonly ignoreLabel?: number;
  /** Throws once the report is no longer wanted. */
  checkAborted(): void;
}

/**
 * A training method as runs, command line and reports know it: everything about it in one place. Adding one to a
 * registry makes it trainable, resumable, loadable and reported without a change anywhere else.
 */
export interface MethodModule<Options = unknown> {
  /** What `--method` takes. */
  readonly name: string;
  /** One line for `seg methods`. */
  readonly summary: string;
  /** The options, with a description each (`option` makes the usual kinds). */
  readonly options: OptionsSchema;
  /** Makes the method; the same context must give the same method. May wait, for example for another run's weights. */
  create(context: MethodContext<Options>): Method | Promise<Method>;
  /** Sections for the end of the run's report. */
  report?(run: ReportedRun): Promise<readonly ReportSection[]>;
}
