/** Draws an SVG document on white as a PNG file, `width` pixels wide (default: the drawing's own size). */
export async function svgToPng(svg: string, options: { readonly width?: number } = {}): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const fit = options.width === undefined ? {} : { fitTo: { mode: 'width' as const, value: options.width } };
  return new Resvg(svg, { ...fit, background: 'white', font: { loadSystemFonts: true } }).render().asPng();
}
