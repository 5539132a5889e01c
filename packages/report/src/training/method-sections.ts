import type { ReportSection } from '@seg/core';
import { type AxisOptions, lineChart, scatterChart } from '../chart/charts.ts';
import { renderChart } from '../chart/render-chart.ts';
import { escapeHtml, figure, type Html, paragraph, rawHtml, type Section, table } from '../html/html.ts';

/** A method's sections as parts of a page; of a map a link to its page, which `mapPage` makes. */
export async function methodSections(sections: readonly ReportSection[]): Promise<Section[]> {
  const rendered: Section[] = [];
  for (const section of sections) {
    const note = section.note === undefined ? [] : [paragraph(section.note)];
    rendered.push({ title: section.title, content: [...note, ...(await contentOf(section))] });
  }
  return rendered;
}

async function contentOf(section: ReportSection): Promise<Html[]> {
  switch (section.kind) {
    case 'text':
      return section.paragraphs.map((text) => paragraph(text));
    case 'table':
      return [
        table(
          [...section.columns],
          section.rows.map((row) => [...row]),
        ),
      ];
    case 'lines':
      return [figure(await renderChart(lineChart(section.lines, axes(section))), section.title)];
    case 'scatter':
      return [figure(await renderChart(scatterChart(section.points, axes(section))), section.title)];
    case 'map':
      return [rawHtml(`<p><a href="${escapeHtml(encodeURI(section.file))}">${escapeHtml(section.file)}</a></p>`)];
  }
}

function axes({ xTitle, yTitle }: { readonly xTitle: string; readonly yTitle: string }): AxisOptions {
  return { xTitle, yTitle };
}
