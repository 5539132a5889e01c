import type { Network } from '@seg/core';
import { disposeState, fit, type Schedule } from '@seg/train';
import type * as tf from '@tensorflow/tfjs-core';
import { checkCases } from '../cases/check-cases.ts';
import type { MapCase } from '../cases/map-case.ts';
import type { LatentRecord } from '../latent/latent-history.ts';
import { latentsOf } from '../latent/latent-table.ts';
import { type StyleModel, styleModel } from '../map/style-model.ts';
import { hypersort } from '../method/hypersort.ts';
import { type HyperNetworkOptions, hyperNetwork } from '../network/hyper-network.ts';

/** Settings of a short training: tens of epochs on a processor, in place of the published thousands on a GPU. */
export interface MapSettings {
  /** Defaults: two hidden layers of 32, and heads that start with spread 1, so that styles differ from the first step. */
  readonly hyper?: HyperNetworkOptions;
  /** Default 2e-3. */
  readonly learningRate?: number;
  /** Default cosine down to a twentieth. */
  readonly schedule?: Schedule;
  /** Default 0.03. */
  readonly latentLearningRate?: number;
  /** Default cosine down to a twentieth: latents that go on moving lose the order of the styles. */
  readonly latentSchedule?: Schedule;
  /** Default 0.2: below, latents take up how cases differ by nature; above, styles differ less. */
  readonly latentWeight?: number;
  /** Default 0.02. */
  readonly latentStandardDeviation?: number;
}

/** What `trainMap` uses where nothing else is asked for. */
export const shortMapSettings: Required<MapSettings> = {
  hyper: { hidden: [32, 32], spread: 1 },
  learningRate: 2e-3,
  schedule: { kind: 'cosine', floor: 0.05 },
  latentLearningRate: 0.03,
  latentSchedule: { kind: 'cosine', floor: 0.05 },
  latentWeight: 0.2,
  latentStandardDeviation: 0.02,
};

export interface TrainMapOptions extends MapSettings {
  readonly network: Network<tf.Tensor5D>;
  /** Passes over the cases. Default 20. */
  readonly epochs?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: number, steps: number, loss: number) => void;
  /** Called after every epoch. */
  readonly onLatents?: (record: LatentRecord) => void;
}

/** A trained map of a data set. */
export interface TrainedMap {
  /** Latent of every case, in the order of the cases. */
  readonly latents: readonly (readonly number[])[];
  /** Latents after every epoch. */
  readonly history: readonly LatentRecord[];
  /** Segments in any style; disposed by the caller. */
  readonly model: StyleModel;
  /** Finished steps: fewer than asked for where the signal fired. */
  readonly steps: number;
}

/**
 * Trains HyperSORT on cases of one grid, each whole, and reads the map.
 *
 * @throws SegError `invalid-argument` without cases, `shape-mismatch` for cases of several grids, and what `fit` throws.
 */
export async function trainMap(cases: readonly MapCase[], options: TrainMapOptions): Promise<TrainedMap> {
  const { network, epochs = 20, seed = 0, signal, onStep, onLatents } = options;
  checkCases('trainMap', cases);
  const settings = mapSettings(options);
  const history: LatentRecord[] = [];
  const method = hypersort({
    ...settings,
    network,
    onLatents: (record) => {
      history.push(record);
      onLatents?.(record);
    },
  });
  const steps = epochs * cases.length;
  const { state } = await fit(method, {
    data: cases,
    budget: { steps },
    seed,
    patchSize: cases[0]!.shape,
    foregroundFraction: 0,
    ...(signal === undefined ? {} : { signal }),
    ...(onStep === undefined ? {} : { onProgress: ({ step, metrics }) => onStep(step, steps, metrics.loss!) }),
  });
  try {
    const byId = new Map((await latentsOf(state.groups.latents!)).map(({ id, latent }) => [id, latent]));
    return {
      latents: cases.map(({ info }) => byId.get(info.id)!),
      history,
      model: styleModel(network, hyperNetwork(network, settings.hyper), state.groups.hyper!),
      steps: state.step,
    };
  } finally {
    disposeState(state);
  }
}

/** All settings: what is given, and `shortMapSettings` where nothing is, options of the hypernetwork one by one. */
export function mapSettings(options: MapSettings): Required<MapSettings> {
  const hyper = { ...shortMapSettings.hyper, ...given(options.hyper ?? {}) };
  const names = Object.keys(shortMapSettings) as (keyof MapSettings)[];
  const own = Object.fromEntries(names.map((name) => [name, options[name]]));
  return { ...shortMapSettings, ...given(own), hyper };
}

function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
