import { SegError } from '@seg/core';
import type { DropoutStyle } from './conv-block.ts';

export const dropoutKinds = ['element', 'channel'] as const;
export const dropoutEach = ['stage', 'block'] as const;
export const dropoutPlaces = ['all', 'middle', 'ends'] as const;

export interface DropoutConfig {
  /** In [0, 1). */
  readonly rate: number;
  /** Single values or whole channels. Default 'element'. */
  readonly kind?: (typeof dropoutKinds)[number];
  /** After the last block of a stage, or after every block. Default 'stage'. */
  readonly each?: (typeof dropoutEach)[number];
  /**
   * Which stages: `'all'`; `'middle'`: those of the two lowest resolutions; `'ends'`: the bottom and the last decoder
   * stage (V-Net of UA-MT); or stage names such as "encoder.3", "decoder.0". Default 'all'.
   */
  readonly places?: (typeof dropoutPlaces)[number] | readonly string[];
}

/** The dropout after a block of a stage, if any; `last` says whether it is the stage's last block. */
export type DropoutPlan = (stage: string, last: boolean) => DropoutStyle | undefined;

/** Whether a network with this dropout has any: a rate of 0 and an empty list of places are none. */
export function dropsAnything(config: Required<DropoutConfig> | null): boolean {
  return config !== null && config.rate > 0 && config.places.length > 0;
}

/** Turns the option into a plan for a network of this many stages. */
export function dropoutPlan(where: string, config: Required<DropoutConfig> | null, stages: number): DropoutPlan {
  if (config === null || config.rate === 0) return () => undefined;
  const names = [
    ...Array.from({ length: stages }, (_, s) => `encoder.${s}`),
    ...Array.from({ length: stages - 1 }, (_, s) => `decoder.${s}`),
  ];
  const { places, each, rate, kind } = config;
  const bottom = stages - 1;
  const chosen =
    places === 'all'
      ? names
      : places === 'middle'
        ? [`encoder.${bottom}`, `encoder.${bottom - 1}`, `decoder.${bottom - 1}`]
        : places === 'ends'
          ? [`encoder.${bottom}`, 'decoder.0']
          : places;
  const unknown = typeof places === 'string' ? [] : chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new SegError('unknown-option', {
      where,
      problem: 'unknown stage in dropout.places',
      got: unknown,
      expected: names,
    });
  }
  const style: DropoutStyle = { rate, kind };
  return (stage, last) => (chosen.includes(stage) && (last || each === 'block') ? style : undefined);
}
