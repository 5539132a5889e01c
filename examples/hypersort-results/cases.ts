import { perturbLabels } from '@seg/augment';
import { Rng, type Triple, type Volume } from '@seg/core';
import { type MapCase, prepareMapCase } from '@seg/hypernet';
import { openDataset } from '@seg/io/node';
import type { Experiment } from './experiments.ts';
import { sum } from './numbers.ts';

/** A case with its label as it was before spoiling, on the working grid. */
export interface Case {
  readonly given: MapCase;
  readonly truth: MapCase;
  readonly group: string;
}

interface Loaded {
  readonly id: string;
  readonly image: Volume;
  readonly label: Volume<Uint8Array>;
  readonly truth: MapCase;
}

/** Cases to train on, some spoilt, and untouched ones for testing; the seed decides which labels are spoilt. */
export async function loadCases(experiment: Experiment, data: string, seed: number) {
  const { grid, train, groups, spoil } = experiment;
  const loaded = await load(experiment, data);
  const training = loaded.slice(0, train);
  const { labels, manifest } = perturbLabels(
    training.map(({ id, label, truth }) =>
      spoil === 'scan' ? { id, label: label.data, shape: label.shape } : { id, label: truth.label, shape: truth.shape },
    ),
    { groups },
    Rng.fromSeed(seed).fork('perturbation'),
  );
  const cases = training.map(({ id, image, label, truth }, i): Case => {
    const spoilt = labels[i]!;
    const { group } = manifest.cases[i]!;
    if (spoil === 'scan') {
      const given = group === 'clean' ? truth : prepareMapCase(id, image, { ...label, data: spoilt }, grid);
      return { given, truth, group };
    }
    // Spoilt on the working grid, volumes have to be compared there.
    return { given: { ...truth, label: spoilt, volumeMl: millilitres(spoilt, grid.spacingMm) }, truth, group };
  });
  return { cases, tests: loaded.slice(train).map(({ truth }) => truth) };
}

/** The same cases for training and testing with every seed. */
async function load({ grid, train, test, patientOf = (id) => id }: Experiment, data: string): Promise<Loaded[]> {
  const dataset = await openDataset(data);
  const ids = dataset.cases.filter((c) => c.labelPaths.length > 0).map(({ id }) => id);
  const patients = Rng.fromSeed(1).shuffle([...new Set(ids.sort().map(patientOf))]);
  const inOrder = patients.flatMap((patient) => ids.filter((id) => patientOf(id) === patient));
  if (train < inOrder.length && patientOf(inOrder[train - 1]!) === patientOf(inOrder[train]!)) {
    throw new Error(`${data}: ${train} cases to train on part a patient's`);
  }
  const loaded: Loaded[] = [];
  for (const id of inOrder.slice(0, train + test)) {
    const item = dataset.cases.find((c) => c.id === id)!;
    const image = await item.loadImage();
    const map = await item.loadLabel();
    const label = { ...map, data: Uint8Array.from(map.data, (v) => (v > 0 ? 1 : 0)) };
    loaded.push({ id, image, label, truth: prepareMapCase(id, image, label, grid) });
  }
  return loaded;
}

function millilitres(mask: Uint8Array, [z, y, x]: Triple): number {
  return (sum(mask) * z * y * x) / 1000;
}
