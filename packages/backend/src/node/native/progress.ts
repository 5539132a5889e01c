/** Steps of an installation, in order. */
export type InstallStep = 'download' | 'unpack' | 'binding' | 'compile' | 'cuda' | 'test';

export interface InstallProgress {
  readonly step: InstallStep;
  readonly message: string;
  /** Part of the step that is done, where it can be told. */
  readonly fraction?: number;
}

export type OnProgress = (progress: InstallProgress) => void;
