/** How to tell the file of one channel from those of the others. */
export interface ChannelMark {
  /** The end of its name, such as `_0001`; what is before it is the image's name. */
  readonly suffix?: string;
  /** Its whole name, where the folder is named after the image: `patient7/t1.nii.gz`. */
  readonly stem?: string;
  /** A folder on its path, where every channel has one: `t1/patient7.nii.gz`. */
  readonly folder?: string;
}

/** A channel of a BIDS data set; `space` and `desc` are those of the images that were trained on, null for none. */
export interface BidsChannel {
  readonly suffix: string;
  readonly space?: string | null;
  readonly desc?: string | null;
}

/**
 * Which files make one image of a data set: one file holds all channels (`whole`), the channels are told apart by their
 * names (`marked`) or by their BIDS suffixes (`bids`), or nothing but the description says it (`listed`: relative paths
 * by case). `nested`: a folder stands for the images in its sub-folders, too.
 */
export type ImageNaming = (
  | { readonly kind: 'whole' }
  | { readonly kind: 'marked'; readonly channels: readonly ChannelMark[] }
  | { readonly kind: 'bids'; readonly channels: readonly BidsChannel[] }
  | { readonly kind: 'listed'; readonly cases: Readonly<Record<string, readonly string[]>> }
) & { readonly nested?: boolean };
