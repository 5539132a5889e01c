// A U-Net from a folder of scans to scores on unseen cases: the whole reference training, readable top to bottom.
//
//   node examples/supervised.ts [--data DIR] [--out DIR] [--quick] [--steps N] [--seed N] [--backend NAME]
//                               [--patch-size Z,Y,X] [--features N,N,...]
//
// Without --data it makes a data set of phantoms first. `seg train` does the same with everything chosen for the data.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lightAugmentation } from '@seg/augment';
import { type BackendName, startBackend } from '@seg/backend';
import type { Triple } from '@seg/core';
import { type DatasetCase, splitDataset } from '@seg/io';
import { openDataset, writePhantomDataset } from '@seg/io/node';
import { CohortEvaluation, evaluateSegmentation } from '@seg/metrics';
import { buildTrainingReport } from '@seg/report/node';
import {
  disposeState,
  evaluationGroups,
  fit,
  predictVolume,
  preprocessImage,
  preprocessLabel,
  supervised,
  type TrainingCase,
} from '@seg/train';
import { checkpointFiles, workerLoader } from '@seg/train/node';
import { unet3d } from '@seg/unet3d';

const { values: given } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string', default: 'runs/supervised' },
    steps: { type: 'string' },
    seed: { type: 'string', default: '1' },
    backend: { type: 'string' },
    'patch-size': { type: 'string', default: '40,56,40' }, // (z, y, x); volumes smaller than this are padded
    features: { type: 'string', default: '16,32,64' }, // channels of each resolution
    quick: { type: 'boolean', default: false },
  },
});

// ---- Defaults -------------------------------------------------------------------------------------------------------
const seed = Number(given.seed);
const steps = Number(given.steps ?? (given.quick ? 150 : 1500));
const patchSize = given['patch-size'].split(',').map(Number) as unknown as Triple;
const features = given.features.split(',').map(Number);
const batchSize = 2;
const learningRate = 2e-3; // AdamW, poly decay
const weightDecay = 1e-2;
const ema = 0.99; // prediction uses averaged weights
const augmentation = lightAugmentation;
const mirrorAxes = [0, 1, 2]; // averaged over when predicting
const validationFraction = 0.2;

// ---- Data -----------------------------------------------------------------------------------------------------------
const folder = given.data ?? join(given.out, 'phantoms');
if (given.data === undefined) await writePhantomDataset(folder, { cases: 24, seed });
const dataset = await openDataset(folder);
const { train, validation } = splitDataset(dataset, { seed, validationFraction });
const labelValues = dataset.labels.map(({ value }) => value);
const { spacingMm } = await dataset.cases[0]!.loadImage();
const preprocessing = { spacingMm, normalisation: dataset.channels.map(() => ({ kind: 'zScore' as const })) };

async function load(item: DatasetCase): Promise<TrainingCase> {
  const { image, record } = preprocessImage(await item.loadImage(), preprocessing);
  const label = preprocessLabel(await item.loadLabel(), record, labelValues);
  const info = { id: item.id, patient: item.patient, labelled: true };
  return { info, shape: image.shape, channels: image.channels, image: image.data, label };
}
const data = await Promise.all(train.map(load));
console.log(`${dataset.name}: ${train.length} cases to train on, ${validation.length} kept back`);

// ---- Training -------------------------------------------------------------------------------------------------------
const backend = await startBackend(given.backend === undefined ? {} : { name: given.backend as BackendName });
console.log(backend.description);
const network = unet3d({ inputChannels: dataset.channels.length, classes: labelValues.length + 1, features });
const method = supervised({
  network,
  batchSize,
  optimiser: { kind: 'adam', learningRate, weightDecay },
  schedule: { kind: 'poly', exponent: 0.9, warmUp: 0.02 },
});
await mkdir(join(given.out, 'checkpoints'), { recursive: true });
const losses: { step: number; loss: number }[] = [];
const { state } = await fit(method, {
  data,
  budget: { steps },
  patchSize,
  seed,
  ema,
  loader: workerLoader(data, { augmentation, workers: 1 }),
  store: checkpointFiles(join(given.out, 'checkpoints')),
  resume: true, // continues where an interrupted call of the same command stopped
  logEvery: Math.max(1, Math.floor(steps / 50)),
  onLog: (record) => {
    if (record.kind !== 'train') return;
    losses.push({ step: record.step, loss: record.metrics.loss! });
    const left = ((steps - record.step) * record.secondsPerStep) / 60;
    console.log(`step ${record.step}/${steps}, loss ${record.metrics.loss!.toFixed(4)}, ${left.toFixed(1)} min left`);
  },
});

// ---- Scores on the cases that were kept back ---------------------------------------------------------------------------
const predictor = method.predictor(evaluationGroups(state) as never);
const plan = { preprocessing, patchSize, mirrorAxes, overlap: 0.5 };
const cohort = new CohortEvaluation();
const cases = [];
const pictures = [];
for (const item of validation) {
  const [image, reference] = [await item.loadImage(), await item.loadLabel()];
  const prediction = await predictVolume({ plan, predictor, labelValues }, image);
  const { shape, spacingMm: spacing } = reference;
  const evaluation = evaluateSegmentation({
    prediction: prediction.data,
    reference: reference.data,
    shape,
    spacingMm: spacing,
    labels: labelValues,
  });
  cohort.add(item.id, evaluation);
  cases.push({ id: item.id, scores: evaluation.labels.map((scores, i) => ({ ...scores, label: labelValues[i]! })) });
  if (pictures.length < 3) pictures.push({ id: item.id, rank: 'unseen', image, reference, prediction });
}
disposeState(state);
for (const { value, name } of dataset.labels) {
  const dice = cases.map(({ scores }) => scores.find(({ label }) => label === value)!.dice);
  console.log(
    `${name}: mean Dice ${(dice.reduce((a, b) => a + b, 0) / dice.length).toFixed(4)} over ${dice.length} cases`,
  );
}
const report = await buildTrainingReport(given.out, {
  title: `Supervised training on ${dataset.name}`,
  labels: dataset.labels,
  summary: [
    ['steps', steps],
    ['training cases', train.length],
    ['unseen cases', validation.length],
  ],
  steps: losses,
  validations: [],
  cases,
  pictures,
});
console.log(`report: ${report}`);
process.exit(0);
