/** Files of main's last commit, chosen by path, in two git calls. What the root checkout has on disk is not looked at. */
import { readBlobSizes, readBlobs } from '../../git/blob-content.ts';
import { runGitBytes } from '../../git/run-git.ts';

/** One file of main. */
export interface MainFile {
  path: string;
  bytes: Buffer;
  /** As UTF-8; what is none shows as U+FFFD. */
  text: string;
}

/** A file that is too large to be read as a record, bytes. */
const largestBytes = 256 * 1024 * 1024;

/** The plain files whose path `wants`, sorted as git sorts. Throws LabError where the branch is unknown. */
export async function readMainFiles(root: string, main: string, wants: (path: string) => boolean): Promise<MainFile[]> {
  const listing = (await runGitBytes(root, ['ls-tree', '-r', '-z', '--full-tree', `refs/heads/${main}`])).toString(
    'utf8',
  );
  const wanted = listing.split('\0').flatMap((record) => {
    const found = /^(100\d+) blob ([0-9a-f]+)\t([\s\S]+)$/.exec(record);
    const [, , hash = '', path = ''] = found ?? [];
    return found !== null && wants(path) ? [{ path, hash }] : [];
  });
  const hashes = [...new Set(wanted.map(({ hash }) => hash))];
  const sizes = await readBlobSizes(root, hashes);
  const blobs = await readBlobs(
    root,
    hashes.filter((hash) => (sizes.get(hash) ?? 0) <= largestBytes),
  );
  return wanted.flatMap(({ path, hash }) => {
    const bytes = blobs.get(hash);
    return bytes === undefined ? [] : [{ path, bytes, text: bytes.toString('utf8') }];
  });
}
