/** RGB, 0 to 255. */
export type Colour = readonly [number, number, number];

/**
 * The colours of classes, in charts, legends and slices alike. All stand out by 3 : 1 at least from white and from the
 * dark pages, and the first ones stay apart for colour-blind readers (after Okabe and Ito's set).
 */
export const labelColours: readonly Colour[] = [
  [221, 100, 0],
  [47, 143, 224],
  [0, 158, 115],
  [208, 86, 156],
  [169, 138, 0],
  [138, 111, 240],
  [214, 72, 77],
  [107, 135, 148],
  [160, 105, 60],
  [74, 104, 200],
  [95, 150, 40],
  [166, 70, 185],
  [40, 128, 134],
  [176, 64, 128],
  [148, 132, 112],
];

/** The colour of a label value from 1 up; every value has its own, those beyond `labelColours` by turning the hue. */
export function labelColour(value: number): Colour {
  return labelColours[value - 1] ?? turnedHue(value * GOLDEN_ANGLE);
}

/** The colour as CSS, SVG and Vega write it. */
export function cssColour(colour: Colour): string {
  return `#${colour.map((v) => v.toString(16).padStart(2, '0')).join('')}`;
}

const GOLDEN_ANGLE = 137.508;
/** Of WCAG, between that of white and of the dark pages in contrast. */
const LUMINANCE = 0.22;

/** The full colour of this hue in degrees whose relative luminance is `LUMINANCE`. */
function turnedHue(degrees: number): Colour {
  let [low, high] = [0, 1];
  let colour: Colour = [0, 0, 0];
  for (let i = 0; i < 12; i++) {
    const lightness = (low + high) / 2;
    colour = hslToRgb(degrees, 0.75, lightness);
    if (luminance(colour) < LUMINANCE) low = lightness;
    else high = lightness;
  }
  return colour;
}

function hslToRgb(degrees: number, saturation: number, lightness: number): Colour {
  const part = (n: number) => {
    const k = (n + degrees / 30) % 12;
    const range = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - range * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}

/** WCAG's relative luminance, 0 to 1. */
function luminance(colour: Colour): number {
  const [r, g, b] = colour.map((v) => (v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
