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

/** Several figures side by side, wrapping on narrow screens. */
export const figureRow = (figures: readonly Html[]): Html =>
  rawHtml(`<div class="row">${figures.map((f) => f.html).join('')}</div>`);

export interface TableOptions {
  /** Digits after the point of numbers that are not integers; default 3. */
  readonly digits?: number;
  readonly caption?: string;
}

/** A table; numbers are right-aligned, undefined and NaN cells show a dash. */
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
  const head = header.map((name) => `<th>${escapeHtml(name)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  const title = caption === undefined ? '' : `<caption>${escapeHtml(caption)}</caption>`;
  return rawHtml(
    `<div class="scroll"><table>${title}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`,
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

const style = `
:root { color-scheme: light; }
body { margin: 0; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1b1f24; background: #f5f6f8; }
header, main { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { margin: 0 0 4px; font-size: 26px; }
h2 { margin: 0 0 12px; font-size: 18px; }
nav { display: flex; flex-wrap: wrap; gap: 14px; margin: 10px 0 18px; }
a { color: #0057a3; }
section { background: white; border: 1px solid #e1e4e8; border-radius: 8px; padding: 18px 20px; margin-bottom: 18px; }
.row { display: flex; flex-wrap: wrap; gap: 20px; align-items: flex-start; }
figure { margin: 0 0 14px; max-width: 100%; }
figure img, figure svg { max-width: 100%; height: auto; }
figcaption, caption { color: #57606a; font-size: 13px; text-align: left; padding: 4px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px; border-bottom: 1px solid #e1e4e8; text-align: left; }
.number { text-align: right; }
details summary { cursor: pointer; color: #0057a3; margin: 6px 0; }
pre { background: #f5f6f8; padding: 10px; overflow-x: auto; }
`;
