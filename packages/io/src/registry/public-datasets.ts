/** A data set that anybody may fetch. */
export interface PublicDataset {
  /** Name to fetch it by. */
  readonly id: string;
  readonly title: string;
  readonly modality: string;
  /** Foreground classes, by value from 1. */
  readonly classes: readonly string[];
  readonly licence: string;
  readonly reference: string;
  /** A tar archive, plain or gzipped. */
  readonly url: string;
  /** Folder in the archive that is the data set. */
  readonly folder: string;
  /** Rounded size of the archive, for display. */
  readonly approximateBytes: number;
  /** Published hash that proves the archive's content; absent where none is published. */
  readonly sha256?: string;
  /** Published MD5: finds errors of transmission, but does not prove that nobody changed the archive on purpose. */
  readonly md5?: string;
}

const DECATHLON =
  'Antonelli et al., The Medical Segmentation Decathlon, Nature Communications 13:4128, 2022; medicaldecathlon.com';

/**
 * Public sets that can be fetched by name: the Medical Segmentation Decathlon from MONAI's mirror, with the MD5 sums
 * that MONAI publishes; SHA-256 sums are not published for them.
 */
export const PUBLIC_DATASETS: readonly PublicDataset[] = [
  decathlon(
    'Task01_BrainTumour',
    'Brain tumours',
    'MRI (FLAIR, T1w, T1gd, T2w)',
    7.1e9,
    '240a19d752f0d9e9101544901065d872',
    ['oedema', 'non-enhancing tumour', 'enhancing tumour'],
  ),
  decathlon('Task02_Heart', 'Left atrium', 'MRI', 4.4e8, '06ee59366e1e5124267b774dbd654057', ['left atrium']),
  decathlon('Task03_Liver', 'Liver and tumours', 'CT', 2.7e10, 'a90ec6c4aa7f6a3d087205e23d4e6397', ['liver', 'tumour']),
  decathlon('Task04_Hippocampus', 'Hippocampus', 'MRI', 2.8e7, '9d24dba78a72977dbd1d2e110310f31b', [
    'anterior',
    'posterior',
  ]),
  decathlon('Task05_Prostate', 'Prostate', 'MRI (T2, ADC)', 2.3e8, '35138f08b1efaef89d7424d2bcc928db', [
    'peripheral zone',
    'transition zone',
  ]),
  decathlon('Task06_Lung', 'Lung tumours', 'CT', 8.6e9, '8afd997733c7fc0432f71255ba4e52dc', ['tumour']),
  decathlon('Task07_Pancreas', 'Pancreas and tumours', 'CT', 1.2e10, '4f7080cfca169fa8066d17ce6eb061e4', [
    'pancreas',
    'tumour',
  ]),
  decathlon('Task08_HepaticVessel', 'Hepatic vessels and tumours', 'CT', 8.7e9, '641d79e80ec66453921d997fbf12a29c', [
    'vessel',
    'tumour',
  ]),
  decathlon('Task09_Spleen', 'Spleen', 'CT', 1.5e9, '410d4a301da4e5b2f6f86ec3ddba524e', ['spleen']),
  decathlon('Task10_Colon', 'Colon cancer', 'CT', 5.8e9, 'bad7a188931dc2f6acf72b08eb6202d0', ['tumour']),
];

function decathlon(
  task: string,
  title: string,
  modality: string,
  approximateBytes: number,
  md5: string,
  classes: readonly string[],
): PublicDataset {
  return {
    id: `msd-${task.slice(task.indexOf('_') + 1).toLowerCase()}`,
    title: `${title} (Medical Segmentation Decathlon, ${task})`,
    modality,
    classes,
    licence: 'CC-BY-SA-4.0',
    reference: DECATHLON,
    url: `https://msd-for-monai.s3-us-west-2.amazonaws.com/${task}.tar`,
    folder: task,
    approximateBytes,
    md5,
  };
}
