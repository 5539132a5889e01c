import { sameName, splitChannelSuffix } from './case-names.ts';

/**
 * The case and the channel that a file of an nnU-Net folder is named for (`CASE_0001.nii.gz`); undefined where the name
 * has another ending or no channel number.
 *
 * @param name without folders.
 * @param ending the data set's `file_ending`, exactly.
 */
export function parseNnunetName(
  name: string,
  ending: string,
): { readonly id: string; readonly channel: number } | undefined {
  return name.endsWith(ending) ? splitChannelSuffix(sameName(name.slice(0, name.length - ending.length))) : undefined;
}
