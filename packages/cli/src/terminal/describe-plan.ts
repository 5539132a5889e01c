import { type NetworkKinds, networkKind } from '@seg/train';
import type { RunPlan } from '@seg/train/node';

/** Names of channels or classes that fit on a line. */
const SHOWN = 8;

/** The plan of a training as five lines for people. */
export function describePlan(run: RunPlan, networks?: NetworkKinds): string {
  const { plan, budget, step, expectedSteps, trainingCases, validationCases } = run;
  const { spacingMm } = plan.preprocessing;
  const { features } = plan.network;
  const stages = features === undefined ? '' : ` of ${features.length} stages with ${features.join(', ')} features`;
  const spacing = spacingMm.map((mm) => Number(mm.toPrecision(4))).join(' x ');
  const from = step === 0 ? '' : `, going on from step ${step}`;
  const steps = 'steps' in budget ? `${expectedSteps}` : `about ${expectedSteps}, for ${minutes(budget.minutes)}`;
  return [
    `cases:    ${trainingCases} to train on, ${validationCases} to validate on; ${counted(run.channels, 'channel')}, ${counted(run.classes, 'class', 'classes')}`,
    `spacing:  ${spacing} mm (z, y, x)`,
    `patch:    ${plan.patchSize.join(' x ')} voxels (z, y, x), ${plan.batchSize} a step`,
    `network:  ${networkKind(plan.network.kind, networks).title}${stages}`,
    `steps:    ${steps}${from}; validations and checkpoints take at most a tenth of the time`,
    '',
  ].join('\n');
}

function counted(names: readonly string[], one: string, many = `${one}s`): string {
  const shown = names.length > SHOWN ? [...names.slice(0, SHOWN - 1), '...'] : names;
  return `${names.length} ${names.length === 1 ? one : many} (${shown.join(', ')})`;
}

function minutes(n: number): string {
  const rounded = Number(n.toFixed(1));
  return `${rounded} ${rounded === 1 ? 'minute' : 'minutes'}`;
}
