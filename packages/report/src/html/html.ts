/** Text that is safe to put between tags and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** A piece of a page: markup that is already escaped. */
export interface Html {
  readonly html: string;
}

/** Marks markup as already escaped; only for markup that this code made. */
export const rawHtml = (markup: string): Html => ({ html: markup });

/** A paragraph of plain text. */
export const paragraph = (text: string): Html => rawHtml(`<p>${escapeHtml(text)}</p>`);

/** A picture or an SVG drawing with a caption; `source` is SVG markup or a `data:` URL. */
export function figure(source: string, caption: string): Html {
  const body = source.startsWith('data:')
    ? `<img src="${escapeHtml(source)}" alt="${escapeHtml(caption)}">`
    : `<div role="img" aria-label="${escapeHtml(caption)}">${source}</div>`;
  return rawHtml(`<figure>${body}<figcaption>${escapeHtml(caption)}</figcaption></figure>`);
}

/** Figures under one caption, whose first words stand out. */
export const figureGroup = (figures: readonly Html[], heading: string, caption: string): Html =>
  rawHtml(
    `<figure class="group"><figcaption><strong>${escapeHtml(heading)}</strong> ${escapeHtml(caption)}</figcaption>${figureRow(figures).html}</figure>`,
  );

/** Several figures side by side, wrapping on narrow screens. */
export const figureRow = (figures: readonly Html[]): Html =>
  rawHtml(`<div class="row">${figures.map((f) => f.html).join('')}</div>`);

export interface TableOptions {
  /** Digits after the point of numbers that are not integers; default 3. */
  readonly digits?: number;
  readonly caption?: string;
}

/** A table; numbers are right-aligned, undefined and NaN cells show a dash. A header of empty names is left out. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
  { digits = 3, caption }: TableOptions = {},
): Html {
  const cell = (value: string | number | undefined): string => {
    if (value === undefined || Number.isNaN(value)) return '<td class="number">&ndash;</td>';
    if (typeof value === 'string') return `<td>${escapeHtml(value)}</td>`;
    const text = Number.isInteger(value) || !Number.isFinite(value) ? String(value) : value.toFixed(digits);
    return `<td class="number">${text}</td>`;
  };
  const names = header
    .map(
      (name, i) =>
        `<th${rows.some((row) => typeof row[i] === 'number') ? ' class="number"' : ''}>${escapeHtml(name)}</th>`,
    )
    .join('');
  const isHeadless = header.every((name) => name === '');
  const head = isHeadless ? '' : `<thead><tr>${names}</tr></thead>`;
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  const title = caption === undefined ? '' : `<caption>${escapeHtml(caption)}</caption>`;
  return rawHtml(
    `<div class="scroll"><table${isHeadless ? ' class="facts"' : ''}>${title}${head}<tbody>${body}</tbody></table></div>`,
  );
}

/** Content that opens on a click. */
export const details = (summary: string, content: readonly Html[]): Html =>
  rawHtml(`<details><summary>${escapeHtml(summary)}</summary>${content.map((c) => c.html).join('')}</details>`);

export interface Section {
  readonly title: string;
  readonly content: readonly Html[];
}

export interface HtmlDocument {
  readonly title: string;
  readonly subtitle?: string;
  readonly sections: readonly Section[];
}

/** A whole page with its style inside: it opens from disk, without a server or the network. */
export function renderDocument({ title, subtitle, sections }: HtmlDocument): string {
  const anchor = (i: number) => `section-${i + 1}`;
  const links = sections.map((s, i) => `<a href="#${anchor(i)}">${escapeHtml(s.title)}</a>`).join('');
  const body = sections
    .map(
      (s, i) =>
        `<section id="${anchor(i)}"><h2>${escapeHtml(s.title)}</h2>${s.content.map((c) => c.html).join('\n')}</section>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1>${subtitle === undefined ? '' : `<p>${escapeHtml(subtitle)}</p>`}<nav>${links}</nav></header>
<main>
${body}
</main>
</body>
</html>
`;
}

/** Colours by theme; what is drawn in the page (charts, the map) takes its own from here too. */
const style = `
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --muted: #57606a; --page: #f5f6f8; --card: #ffffff; --line: #dfe3e8; --link: #0057a3; --alarm: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ee; --muted: #a3adb9; --page: #0e1116; --card: #171b21; --line: #333b45; --link: #6cb2ff; --alarm: #ff8a80;
  }
}
body { margin: 0; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--page); }
header, main { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { margin: 0 0 4px; font-size: 26px; overflow-wrap: anywhere; }
h2 { margin: 0 0 12px; font-size: 18px; }
header p { margin: 0; color: var(--muted); }
nav { display: flex; flex-wrap: wrap; gap: 14px; margin: 10px 0 18px; }
a { color: var(--link); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px; margin-bottom: 18px; }
.row { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; }
figure { margin: 0 0 14px; max-width: 100%; }
figure figure { margin: 0; }
figure img, figure svg { display: block; max-width: 100%; height: auto; }
figcaption, caption { color: var(--muted); font-size: 13px; text-align: left; padding: 4px 0; }
figcaption strong { color: var(--ink); }
figure.group { margin: 0 0 26px; }
figure.group > figcaption { font-size: 15px; padding: 0 0 8px; }
.key { display: inline-block; margin-right: 14px; }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
.scroll { overflow-x: auto; margin-bottom: 14px; }
.scroll:last-child { margin-bottom: 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.facts td:first-child { color: var(--muted); }
.facts td:last-child { overflow-wrap: anywhere; }
th { vertical-align: bottom; }
td:first-child { white-space: nowrap; }
th.number, td.number { text-align: right; }
td.number { white-space: nowrap; }
.facts td.number { text-align: left; }
details summary { cursor: pointer; color: var(--link); margin: 6px 0; }
pre { background: var(--page); padding: 10px; overflow-x: auto; }
`;
