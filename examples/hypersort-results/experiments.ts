import type { Perturbation } from '@seg/augment';
import { type MapSettings, shortMapSettings, type WorkingGrid } from '@seg/hypernet';

const { hyper } = shortMapSettings;
const spread = (value: number): MapSettings => ({ hyper: { ...hyper, spread: value } });

export interface Experiment {
  readonly title: string;
  readonly grid: WorkingGrid;
  /** Cases trained on; up to `test` more are for testing, with untouched labels. */
  readonly train: number;
  readonly test: number;
  readonly epochs: number;
  readonly foldEpochs: number;
  /** Name of the patient of a case, where patients have several; default: each case is one's own. */
  readonly patientOf?: (id: string) => string;
  /** Spoilt on the working grid, or on the scan's own grid. */
  readonly spoil: 'working' | 'scan';
  readonly groups: readonly { readonly name: string; readonly fraction: number; readonly perturbation: Perturbation }[];
  readonly baseFeatures: number;
  readonly levels: number;
  /** Of the map, in place of those of `shortMapSettings`, chosen on the pilot seed. */
  readonly settings?: MapSettings;
}

const small = { baseFeatures: 6, levels: 1 } as const;

/** So many labels eroded and so many dilated, by rounds of the 6-neighbour cross. */
const erodedAndDilated = (fraction: number, rounds = 1): Experiment['groups'] => [
  { name: 'eroded', fraction, perturbation: { kind: 'erode', rounds } },
  { name: 'dilated', fraction, perturbation: { kind: 'dilate', rounds } },
];

/** A hundred hippocampi, a fifth of the labels trained on spoilt. */
const hundred = { train: 80, test: 20, epochs: 16, foldEpochs: 8, groups: erodedAndDilated(0.1) } as const;

export const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  hippocampus: {
    title: 'Hippocampus (MR, anterior and posterior merged), 10 % eroded and 10 % dilated by one round at 2 mm',
    grid: { shape: [16, 24, 16], spacingMm: [2, 2, 2], centre: 'image' },
    ...hundred,
    spoil: 'working',
    ...small,
  },
  'hippocampus-fine': {
    title: 'Hippocampus, 10 % eroded and 10 % dilated by one round at 1 mm, trained on at 1.5 mm',
    grid: { shape: [22, 32, 22], spacingMm: [1.5, 1.5, 1.5], centre: 'image' },
    ...hundred,
    spoil: 'scan',
    ...small,
  },
  'hippocampus-1mm': {
    title: 'Hippocampus, 10 % eroded and 10 % dilated by one round at 1 mm',
    grid: { shape: [32, 48, 32], spacingMm: [1, 1, 1], centre: 'image' },
    ...hundred,
    spoil: 'working',
    baseFeatures: 6,
    levels: 2,
  },
  'hippocampus-sparse': {
    title: 'Hippocampus, 7.5 % eroded and 7.5 % dilated by one round at 1 mm, trained on at 1.5 mm',
    grid: { shape: [22, 32, 22], spacingMm: [1.5, 1.5, 1.5], centre: 'image' },
    train: 160,
    test: 40,
    epochs: 12,
    foldEpochs: 6,
    spoil: 'scan',
    groups: erodedAndDilated(0.075),
    ...small,
  },
  'left-atrium': {
    title: 'Left atrium (LGE MR), 10 % eroded and 10 % dilated by two rounds at 2.5 mm',
    grid: { shape: [24, 36, 48], spacingMm: [2.5, 2.5, 2.5], centre: 'image' },
    train: 60,
    test: 20,
    epochs: 32,
    foldEpochs: 7,
    spoil: 'working',
    groups: erodedAndDilated(0.1, 2),
    baseFeatures: 6,
    levels: 2,
  },
  'cardiac-acdc': {
    title: 'ACDC (cine MR, both ventricles and myocardium merged), 15 % of the labels without their three basal slices',
    grid: { shape: [12, 40, 40], spacingMm: [10, 4, 4], centre: 'image' },
    patientOf: (id) => id.replace(/_frame\d+$/, ''),
    train: 80,
    test: 30,
    epochs: 32,
    foldEpochs: 7,
    spoil: 'scan',
    // The first slices of these scans are basal.
    groups: [{ name: 'cut', fraction: 0.15, perturbation: { kind: 'dropSlices', count: 3, from: 'start' } }],
    baseFeatures: 6,
    levels: 2,
    // As chosen on the pilot seed before patients were kept together; the trials were run again since.
    settings: spread(0.1),
  },
};

/**
 * What is done to the labels, on the scans' own grids, of a folder that `seg curate` is run on: other styles, and single
 * slips of which no two cases need have the same.
 */
export const CURATIONS: Readonly<Record<string, Experiment['groups']>> = {
  'left-atrium': [
    { name: 'eroded', fraction: 0.075, perturbation: { kind: 'erode', rounds: [3, 4] } },
    { name: 'dilated', fraction: 0.075, perturbation: { kind: 'dilate', rounds: [3, 4] } },
    { name: 'shifted', fraction: 0.05, perturbation: { kind: 'shift', shiftVoxels: [0, 5, 5] } },
    { name: 'cut', fraction: 0.05, perturbation: { kind: 'dropSlices', count: [12, 16], from: 'start' } },
  ],
  hippocampus: [
    { name: 'eroded', fraction: 0.075, perturbation: { kind: 'erode', rounds: 1 } },
    { name: 'dilated', fraction: 0.075, perturbation: { kind: 'dilate', rounds: 1 } },
    { name: 'shifted', fraction: 0.05, perturbation: { kind: 'shift', shiftVoxels: [0, 3, 3] } },
    { name: 'cut', fraction: 0.05, perturbation: { kind: 'dropSlices', count: [8, 10], from: 'start' } },
  ],
};

export const LEARNING_RATE = 2e-3;
export const FOLDS = 5;
/** As many as the paper has for its diversity. */
export const PLAIN_NETWORKS = 5;

/** The seed on which the settings were tried; no table of results contains it. */
export const PILOT_SEED = 11;

/** Other sizes or settings for one of the sets: sizes left out are as in `EXPERIMENTS`, settings as in `shortMapSettings`. */
export interface Trial {
  readonly set: string;
  readonly name: string;
  readonly settings?: MapSettings;
  readonly baseFeatures?: number;
  readonly levels?: number;
  readonly epochs?: number;
  /** Also train a plain U-Net of the same size for as many steps. */
  readonly plain?: boolean;
}

const constant = { kind: 'constant' } as const;
const published: MapSettings = {
  hyper: { hidden: [50, 50, 50], init: 'released' },
  learningRate: 1e-3,
  schedule: constant,
  latentLearningRate: 1e-3,
  latentSchedule: constant,
  latentWeight: 1,
  latentStandardDeviation: 0.05,
};

const settingTrials: readonly Omit<Trial, 'set'>[] = [
  { name: 'as in the tables below' },
  { name: 'published code: weight 1, latent rate 1e-3, rate 1e-3, three layers of 50', settings: published },
  { name: 'published paper: the same with rate 1e-4', settings: { ...published, learningRate: 1e-4 } },
  { name: 'weight 1', settings: { latentWeight: 1 } },
  { name: 'weight 0.5', settings: { latentWeight: 0.5 } },
  { name: 'weight 0.02', settings: { latentWeight: 0.02 } },
  { name: 'weight 0', settings: { latentWeight: 0 } },
  { name: 'latent rate 1e-3', settings: { latentLearningRate: 1e-3 } },
];

const sizeTrials: readonly Omit<Trial, 'set'>[] = [
  { name: 'spread 0.1', settings: spread(0.1) },
  { name: 'initialisation as released', settings: { hyper: { ...hyper, init: 'released' } } },
  { name: 'three layers of 50', settings: { hyper: { ...hyper, hidden: [50, 50, 50] } } },
  { name: 'four latent components', settings: { hyper: { ...hyper, latentDim: 4 } } },
  { name: '4 channels', baseFeatures: 4 },
  { name: '8 channels, two downsamplings', baseFeatures: 8, levels: 2 },
  { name: '8 epochs', epochs: 8 },
  { name: '32 epochs', epochs: 32 },
];

const fullTrials: readonly Omit<Trial, 'set'>[] = [
  { name: 'as in the tables below', plain: true },
  { name: 'one downsampling', levels: 1 },
];

const acdcTrials: readonly Omit<Trial, 'set'>[] = [
  { name: 'spread 1, as the other sets', settings: spread(1), plain: true },
  { name: 'rate 1e-3', settings: { ...spread(1), learningRate: 1e-3 } },
  { name: 'rate 5e-4', settings: { ...spread(1), learningRate: 5e-4 } },
  { name: 'initialisation as released', settings: { hyper: { ...hyper, init: 'released' } } },
  { name: 'spread 0.1', settings: spread(0.1) },
  { name: 'spread 0.1, rate 1e-3', settings: { ...spread(0.1), learningRate: 1e-3 } },
  { name: 'spread 0.3', settings: spread(0.3) },
  { name: 'spread 0.1, 48 epochs', settings: spread(0.1), epochs: 48 },
];

/** What was tried on the pilot seed. */
export const TRIALS: readonly Trial[] = Object.entries({
  hippocampus: [...settingTrials, ...sizeTrials],
  'hippocampus-1mm': fullTrials,
  'cardiac-acdc': acdcTrials,
}).flatMap(([set, trials]) => trials.map((trial) => ({ set, ...trial })));
