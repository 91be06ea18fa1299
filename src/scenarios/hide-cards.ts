/** The machine's own cards out of sight, so that a test means the same with and without a GPU. Tests that want cards put stand-ins in front. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';

// By these a card is found.
const vendorPrograms = ['nvidia-smi', 'rocm-smi', 'system_profiler'];

/** A PATH with all programs but the vendors': a folder that has one of them gives way to one of links to everything else in it. */
export async function hideCards(path: string, parent: string): Promise<string> {
  const folders = path.split(delimiter).map(async (folder, place) => {
    if (!vendorPrograms.some((name) => existsSync(join(folder, name)))) return folder;
    const links = join(parent, `path-${place}`);
    await mkdir(links);
    const names = (await readdir(folder)).filter((name) => !vendorPrograms.includes(name));
    await Promise.all(names.map((name) => symlink(resolve(folder, name), join(links, name))));
    return links;
  });
  return (await Promise.all(folders)).join(delimiter);
}
