import { SegError } from '@seg/core';
import type { NiftiHeader } from './nifti-header.ts';

export interface Scaling {
  readonly slope: number | null;
  readonly intercept: number | null;
}

const none: Scaling = { slope: null, intercept: null };

/**
 * The scaling that a header asks for: none where the slope is 0 or not finite. Analyze headers follow SPM2: an intercept
 * that is not finite counts as 0, and without a slope the calibrated range over the stored range gives one.
 *
 * @throws SegError `corrupt-data` for a valid NIfTI slope with an intercept that is not finite.
 */
export function niftiScaling(where: string, header: NiftiHeader): Scaling {
  const { sclSlope: slope, sclInter: intercept } = header;
  const valid = Number.isFinite(slope) && slope !== 0;
  if (header.form === 'analyze') {
    if (valid) return { slope, intercept: Number.isFinite(intercept) ? intercept : 0 };
    return calibratedScaling(header);
  }
  if (!valid) return none;
  if (!Number.isFinite(intercept)) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'scl_slope is valid but scl_inter is not',
      got: String(intercept),
    });
  }
  return { slope, intercept };
}

function calibratedScaling({ calMax, calMin, glmax, glmin }: NiftiHeader): Scaling {
  const slope = (calMax - calMin) / (glmax - glmin);
  const intercept = calMin - slope * glmin;
  return slope !== 0 && Number.isFinite(slope) && Number.isFinite(intercept) ? { slope, intercept } : none;
}
