/** Cases of a cluster that its gallery shows. */
const GALLERY = 6;

/** Indices of the cases in a cluster's gallery: its members nearest to the centre, nearest first. */
export function galleryMembers(
  cases: readonly { readonly cluster: number }[],
  places: readonly (readonly [number, number])[],
  { cluster, centre }: { readonly cluster: number; readonly centre: readonly [number, number] },
): number[] {
  const away = (i: number) => Math.hypot(places[i]![0] - centre[0], places[i]![1] - centre[1]);
  return [...cases.keys()]
    .filter((i) => cases[i]!.cluster === cluster)
    .sort((a, b) => away(a) - away(b))
    .slice(0, GALLERY);
}
