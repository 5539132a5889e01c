/** Style of the map's own elements; the rest is that of every report. */
export const mapStyle = `
.map { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; }
.map canvas { width: 600px; max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: 6px; cursor: crosshair; }
.map aside { flex: 1 1 320px; min-width: 0; }
.map aside img { width: 100%; max-width: 560px; }
.controls { display: flex; flex-wrap: wrap; gap: 16px; align-items: center; }
#tip { position: absolute; pointer-events: none; background: var(--ink); color: var(--card); padding: 3px 8px; border-radius: 4px; font-size: 13px; z-index: 2; white-space: pre; }
#legend { display: flex; flex-wrap: wrap; gap: 14px; font-size: 13px; margin-top: 8px; }
#legend i { display: inline-block; width: 12px; height: 12px; border-radius: 6px; margin-right: 5px; vertical-align: -1px; }
#ranking th { cursor: pointer; user-select: none; vertical-align: bottom; }
#ranking { font-size: 13px; }
#ranking th, #ranking td { padding: 4px 7px; }
#ranking tbody tr { cursor: pointer; }
#ranking tbody tr:hover, #ranking tr.chosen { background: color-mix(in srgb, var(--link) 12%, transparent); }
#ranking .flagged { color: var(--alarm); font-weight: 600; }
`;
