/** One path as a commit of the lab's changes it: what may be replaced, and by what. Types and text only; who moves it is elsewhere. */

/** One path that the branch moved. */
export interface PathMove {
  /** Relative to the root, with slashes. */
  path: string;
  /** Blobs that may be replaced in a checkout; null stands for "not there". The first is what the branch held before. */
  from: [string | null, ...(string | null)[]];
  /** Blob that the branch holds now; null: the file is gone. */
  to: string | null;
  /** Git's file mode, for example "100644"; of a file that is gone the one that it had. */
  mode: string;
  /** Mode that the branch held before; absent where the change leaves it. */
  fromMode?: string;
  /** The files of the checkouts hold the new state already, as a person made it, and are not written; their index follows. */
  isFromCheckout?: true;
}

/** The record for `git update-index -z --index-info` that gives a path the branch's state. */
export function formatIndexRecord({ path, from, to, mode }: PathMove): string {
  if (to !== null) return `${mode} ${to} 0\t${path}\0`;
  // As long as the repository's hashes are: 40 digits, or 64.
  const length = from.find((blob) => blob !== null)?.length ?? 40;
  return `0 ${'0'.repeat(length)} 0\t${path}\0`;
}
