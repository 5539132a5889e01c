import { cssColour, labelColours } from '../colour/label-colours.ts';

/** The page's program: plain JavaScript for the browser, working on the JSON beside it. */
export const mapScript = `'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const { cases, history, clusters, dominant, dominantName, axes } = data;
  for (const { scores } of cases) {
    for (const name of Object.keys(scores)) if (scores[name] === 'inf') scores[name] = Infinity;
  }
  const byId = (id) => document.getElementById(id);
  const canvas = byId('map');
  const pen = canvas.getContext('2d');
  const palette = ${JSON.stringify(labelColours.map(cssColour))};
  // Not a number, and grey, where the volume is not known or 0: an empty label would take the range for itself.
  const grey = '#999999';
  const volumes = cases.map((c) => (c.volumeMl > 0 ? Math.log(c.volumeMl) : NaN));
  const known = volumes.filter((v) => !isNaN(v));
  const without = [
    ...(cases.some((c) => c.volumeMl === 0) ? ['empty label'] : []),
    ...(cases.some((c) => c.volumeMl === null) ? ['volume not known'] : []),
  ];
  const lowest = Math.min(...known), highest = Math.max(...known);
  const millilitres = (v, digits) => (v === null ? 'volume not known' : v.toPrecision(digits) + ' ml');
  const hasPictures = cases.some((c) => c.picture !== undefined);
  let time = history.length - 1, chosen = -1, hovered = -1, timer = 0;

  const all = history.flatMap((h) => h.points).concat([dominant]);
  const reach = (d) => [Math.min(...all.map((p) => p[d])), Math.max(...all.map((p) => p[d]))];
  const [x0, x1] = reach(0), [y0, y1] = reach(1);
  const room = 60;
  const scale = Math.min((canvas.width - 2 * room) / (x1 - x0 || 1), (canvas.height - 2 * room) / (y1 - y0 || 1));
  const toPixel = ([x, y]) => [
    canvas.width / 2 + (x - (x0 + x1) / 2) * scale,
    canvas.height / 2 - (y - (y0 + y1) / 2) * scale,
  ];

  const shade = (t) => 'hsl(' + Math.round(240 - 240 * t) + ' 75% 48%)';
  const colours = {
    cluster: (c) => (c.cluster < 0 ? grey : palette[c.cluster % palette.length]),
    flag: (c) => (c.flagged ? '#d62728' : '#7f9db9'),
    volume: (c, i) => (isNaN(volumes[i]) ? grey : shade(highest > lowest ? (volumes[i] - lowest) / (highest - lowest) : 0.5)),
  };

  // The canvas has no styles of its own: its colours are those of the page's theme, light or dark.
  const theme = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  function draw() {
    const [ink, muted, card, line] = ['ink', 'muted', 'card', 'line'].map(theme);
    pen.fillStyle = card;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    const [ox, oy] = toPixel(dominant);
    pen.strokeStyle = line;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(ox, 0); pen.lineTo(ox, canvas.height);
    pen.moveTo(0, oy); pen.lineTo(canvas.width, oy);
    pen.stroke();
    pen.font = '22px sans-serif';
    pen.fillStyle = muted;
    pen.strokeStyle = card;
    pen.lineWidth = 8;
    // Lines that run behind a text are blanked out around it.
    const write = (text, x, y) => { pen.strokeText(text, x, y); pen.fillText(text, x, y); };
    pen.textAlign = 'left';
    write('dominant style (' + dominantName + ')', Math.min(ox + 10, canvas.width - 260), 28);
    pen.textAlign = 'center';
    write(axes[0], canvas.width / 2, canvas.height - 14);
    pen.save();
    pen.rotate(-Math.PI / 2);
    write(axes[1], -canvas.height / 2, 28);
    pen.restore();
    if (time === history.length - 1) {
      clusters.forEach(({ centre }, k) => {
        const [x, y] = toPixel(centre);
        pen.strokeStyle = palette[k % palette.length];
        pen.lineWidth = 4;
        pen.beginPath();
        pen.moveTo(x - 14, y - 14); pen.lineTo(x + 14, y + 14);
        pen.moveTo(x + 14, y - 14); pen.lineTo(x - 14, y + 14);
        pen.stroke();
      });
    }
    const colour = colours[byId('colour').value];
    const radius = cases.length > 400 ? 7 : 11;
    history[time].points.forEach((p, i) => {
      const [x, y] = toPixel(p);
      const strong = i === chosen || i === hovered;
      pen.beginPath();
      pen.arc(x, y, strong ? radius + 5 : radius, 0, 2 * Math.PI);
      pen.globalAlpha = strong ? 1 : 0.8;
      pen.fillStyle = colour(cases[i], i);
      pen.fill();
      pen.globalAlpha = 1;
      pen.lineWidth = strong ? 4 : 1.5;
      pen.strokeStyle = strong ? ink : card;
      pen.stroke();
    });
    byId('step').textContent = 'step ' + history[time].step;
  }

  function drawLegend() {
    const kind = byId('colour').value;
    const ml = (v) => Number(Math.exp(v).toPrecision(3)) + ' ml';
    const marks = known.length === 0 ? [] : highest > lowest ? [0, 0.5, 1] : [0.5];
    const items =
      kind === 'cluster' ? clusters.map((c, k) => [palette[k % palette.length], 'cluster ' + k + ' (' + c.size + ')'])
      : kind === 'flag' ? [['#d62728', 'flagged'], ['#7f9db9', 'not flagged']]
      : [
          ...marks.map((t) => [shade(t), ml(lowest + t * (highest - lowest))]),
          ...(without.length > 0 ? [[grey, without.join(' or ')]] : []),
        ];
    byId('legend').replaceChildren(...items.map(([colour, text]) => {
      const item = document.createElement('span');
      const dot = document.createElement('i');
      dot.style.background = colour;
      item.append(dot, text);
      return item;
    }));
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) * canvas.width / box.width;
    const y = (event.clientY - box.top) * canvas.height / box.height;
    let best = -1, least = 24;
    history[time].points.forEach((p, i) => {
      const [px, py] = toPixel(p);
      const away = Math.hypot(px - x, py - y);
      if (away < least) { least = away; best = i; }
    });
    return best;
  }

  const format = (v) => (v === null || v === undefined ? '–' : v === Infinity ? '∞' : v.toPrecision(4));

  function choose(i) {
    chosen = i;
    const item = cases[i];
    const title = document.createElement('h3');
    title.textContent = item.id;
    const facts = document.createElement('p');
    facts.textContent = (item.flagged ? 'flagged, ' : '') + 'cluster ' + item.cluster + ', ' + millilitres(item.volumeMl, 4) + ', ' +
      data.recommendedScore + ' ' + format(item.scores[data.recommendedScore]);
    const parts = [title, facts];
    if (item.picture === undefined && hasPictures) {
      const none = document.createElement('p');
      none.textContent = 'No slices were kept for this case.';
      parts.push(none);
    } else if (hasPictures) {
      const picture = document.createElement('img');
      picture.src = item.picture;
      picture.alt = 'Slices of ' + item.id;
      const key = document.createElement('p');
      key.textContent = 'solid: given label, dashed: dominant style';
      parts.push(picture, key);
    }
    byId('case').replaceChildren(...parts);
    for (const row of byId('ranking').querySelectorAll('tbody tr')) {
      row.classList.toggle('chosen', row.dataset.index === String(i));
    }
    draw();
  }

  canvas.addEventListener('mousemove', (event) => {
    const i = nearest(event);
    const tip = byId('tip');
    tip.hidden = i < 0;
    if (i >= 0) {
      const c = cases[i];
      tip.textContent = c.id + '\\ncluster ' + c.cluster + (c.flagged ? ', flagged' : '') + ', ' + millilitres(c.volumeMl, 3);
      tip.style.left = event.pageX + 14 + 'px';
      tip.style.top = event.pageY + 10 + 'px';
    }
    if (i !== hovered) { hovered = i; draw(); }
  });
  canvas.addEventListener('mouseleave', () => { hovered = -1; byId('tip').hidden = true; draw(); });
  canvas.addEventListener('click', (event) => { const i = nearest(event); if (i >= 0) choose(i); });
  byId('colour').addEventListener('change', () => { draw(); drawLegend(); });
  byId('time').addEventListener('input', (event) => { time = Number(event.target.value); draw(); });
  byId('play').addEventListener('click', () => {
    clearInterval(timer);
    time = 0;
    timer = setInterval(() => {
      byId('time').value = String(time);
      draw();
      if (time === history.length - 1) clearInterval(timer);
      else time++;
    }, 180);
  });

  const scoreNames = Object.keys(cases[0].scores);
  const columns = ['case', ...scoreNames, 'cluster', 'volume_ml', 'flagged'];
  const value = (c, name) =>
    name === 'case' ? c.id : name === 'cluster' ? c.cluster : name === 'volume_ml' ? c.volumeMl : name === 'flagged' ? c.flagged : c.scores[name];
  let order = cases.map((_, i) => i);

  function drawTable() {
    const table = byId('ranking');
    const head = document.createElement('thead');
    const headings = head.insertRow();
    for (const name of columns) {
      const cell = document.createElement('th');
      // Long names may break after an underscore, so that all columns are in sight.
      cell.textContent = name.replaceAll('_', '_\u200b');
      if (typeof value(cases[0], name) !== 'string' && name !== 'flagged') cell.className = 'number';
      cell.addEventListener('click', () => sortBy(name));
      headings.append(cell);
    }
    const body = document.createElement('tbody');
    for (const i of order) {
      const row = body.insertRow();
      row.dataset.index = String(i);
      row.classList.toggle('chosen', i === chosen);
      row.addEventListener('click', () => choose(i));
      for (const name of columns) {
        const cell = row.insertCell();
        const v = value(cases[i], name);
        cell.textContent = typeof v === 'boolean' ? (v ? 'yes' : '') : typeof v === 'string' || Number.isInteger(v) ? String(v) : format(v);
        if (typeof v === 'number' || v === null) cell.className = 'number';
        if (name === 'case' && cases[i].flagged) cell.className = 'flagged';
      }
    }
    table.replaceChildren(head, body);
  }

  function sortBy(name) {
    const key = (i) => value(cases[i], name);
    order = [...order].sort((a, b) => {
      const p = key(a), q = key(b);
      if (typeof p === 'string') return p.localeCompare(q);
      return (q ?? -Infinity) - (p ?? -Infinity) || a - b;
    });
    drawTable();
  }

  function csv() {
    // As in ranking.csv of the run: NaN is empty, infinity is inf, 8 digits.
    const field = (v) => {
      if (typeof v === 'number') return v === Infinity ? 'inf' : String(Number(v.toPrecision(8)));
      const text = v === null || v === undefined ? '' : String(v);
      return /[",\\r\\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
    };
    const lines = [data.columns, ...order.map((i) => data.columns.map((name) => value(cases[i], name)))];
    return lines.map((line) => line.map(field).join(',')).join('\\n') + '\\n';
  }
  byId('csv').addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csv()], { type: 'text/csv' }));
    link.download = 'ranking.csv';
    link.click();
    URL.revokeObjectURL(link.href);
  });

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
  drawLegend();
  drawTable();
  choose(0);
})();
`;
