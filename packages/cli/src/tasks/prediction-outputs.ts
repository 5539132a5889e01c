import { stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { SegError } from '@seg/core';
import type { UncertaintyMeasure } from '@seg/metrics';
import type { PredictionInput } from './prediction-inputs.ts';

/** What is written for an image besides its label map. */
export interface WantedMaps {
  readonly uncertainty: readonly UncertaintyMeasure[];
  readonly probabilities: boolean;
}

/** Uncertainty by the names that the command line and file names have. */
export const measureNames = {
  entropy: 'entropy',
  'mutual-information': 'mutualInformation',
  variance: 'variance',
} as const satisfies Readonly<Record<string, UncertaintyMeasure>>;

/** Paths of everything that an image's prediction consists of. */
export interface PredictionOutputs {
  readonly labels: string;
  readonly probabilities?: string;
  readonly uncertainty: Readonly<Partial<Record<UncertaintyMeasure, string>>>;
}

/** Files beside the label map X.nii.gz: X_probabilities.nii.gz, X_entropy.nii.gz, ... in the same format. */
export function outputsOf({ name }: PredictionInput, out: string, wanted: WantedMaps): PredictionOutputs {
  const dot = /\.(nii\.gz|[^.]+)$/i.exec(name)?.index ?? name.length;
  const beside = (what: string) => join(out, `${name.slice(0, dot)}_${what}${name.slice(dot)}`);
  const measures = Object.entries(measureNames).filter(([, measure]) => wanted.uncertainty.includes(measure));
  return {
    labels: join(out, name),
    ...(wanted.probabilities ? { probabilities: beside('probabilities') } : {}),
    uncertainty: Object.fromEntries(measures.map(([text, measure]) => [measure, beside(text)])),
  };
}

/** All paths of a prediction, the label map last: where it is, the others are. */
export function pathsOf({ labels, probabilities, uncertainty }: PredictionOutputs): readonly string[] {
  return [...(probabilities === undefined ? [] : [probabilities]), ...Object.values(uncertainty), labels];
}

/**
 * Refuses names that two files would share, such as that of the label map of `a_entropy.nii.gz` and the entropy of
 * `a.nii.gz`, and maps that would overwrite an image or another file in the folder of the run's data set.
 *
 * @throws SegError `invalid-argument`.
 */
export async function checkOutputs(
  inputs: readonly PredictionInput[],
  out: string,
  wanted: WantedMaps & { readonly root: string },
): Promise<void> {
  const images = new Set(inputs.flatMap(({ paths }) => paths.map((path) => resolve(path))));
  const seen = new Map<string, string>();
  for (const input of inputs) {
    for (const path of pathsOf(outputsOf(input, out, wanted))) {
      const other = seen.get(resolve(path));
      if (other !== undefined) {
        const problem = `predictions of ${other} and ${input.paths[0]} would both be written to ${path}`;
        throw failure(problem, 'Predict them into different folders.');
      }
      seen.set(resolve(path), input.paths[0]!);
      if (images.has(resolve(path))) {
        throw failure(`a prediction would overwrite the image ${path}`, 'Choose another folder with --out.');
      }
      const isInside = resolve(path).startsWith(resolve(wanted.root) + sep);
      if (isInside && (await stat(path).catch(() => undefined)) !== undefined) {
        const problem = `a prediction would overwrite ${path}, a file in the folder of the run's data set`;
        throw failure(problem, 'Choose another folder with --out.');
      }
    }
  }
}

/** Whether everything that is wanted for an image is there; files appear whole or not at all. */
export async function isPredicted(outputs: PredictionOutputs): Promise<boolean> {
  for (const path of pathsOf(outputs)) {
    const info = await stat(path).catch(() => undefined);
    if (info === undefined || !info.isFile()) return false;
  }
  return true;
}

function failure(problem: string, hint: string): SegError {
  return new SegError('invalid-argument', { where: 'seg predict', problem, hint });
}
