/** The machine's own cards out of sight, so that a test means the same with and without a GPU. Tests that want cards put stand-ins in front. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

// What each says on a machine without a card.
const answers: Readonly<Record<string, string>> = {
  'nvidia-smi': 'No devices were found',
  'rocm-smi': '{}',
  system_profiler: '{"SPDisplaysDataType":[]}',
};

/**
 * A PATH on which the vendors' programs that it holds know of no card: a folder of stand-ins below `parent` goes before it. The folders that hold
 * them stay, because they are those of python3 and git, and a sandbox shows nothing else.
 */
export async function hideCards(path: string, parent: string): Promise<string> {
  const folders = path.split(delimiter);
  const there = Object.entries(answers).filter(([name]) => folders.some((folder) => existsSync(join(folder, name))));
  if (there.length === 0) return path;
  const front = join(parent, 'no-cards');
  await mkdir(front);
  for (const [name, answer] of there) {
    const file = join(front, name);
    await writeFile(file, `#!/bin/sh\necho '${answer}'\n`);
    await chmod(file, 0o755);
  }
  return [front, ...folders].join(delimiter);
}
