import type { MapSection } from '@seg/core';
import { latentMapReport, type ScoredRow } from './latent-map-report.ts';
import { renderMapReport } from './map-report.ts';

/** The page of a method's map as HTML. */
export function mapPage({ map }: MapSection, options: { readonly title: string }): string {
  type Row = ScoredRow<(typeof map.ranking)[number]>;
  return renderMapReport(latentMapReport({ ...map, ranking: map.ranking as readonly Row[], title: options.title }));
}
