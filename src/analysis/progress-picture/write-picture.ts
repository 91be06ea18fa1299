/** Puts the picture into a file: PNG or SVG by its ending, in one step, so that a viewer never meets half of it. */
import { extname } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import { writeFileSynced } from '../../lab/atomic-write.ts';
import { drawPicture, type PictureSubject } from './draw-picture.ts';
import { renderPng } from './render-png.ts';

/** Throws LabError (usage) where the name says neither PNG nor SVG, before anything is drawn. */
export function ensurePicturePath(path: string): void {
  if (['.png', '.svg'].includes(extname(path).toLowerCase())) return;
  throw new LabError('usage', `--out got "${path}", expected a name that ends in .png or .svg`, {
    hints: ['--out progress.png'],
  });
}

/** Draws and writes. Throws LabError naming the file, or where this machine has no renderer for PNG. */
export async function writePicture(subject: PictureSubject, path: string): Promise<void> {
  ensurePicturePath(path);
  const svg = await drawPicture(subject);
  await writeFileSynced(path, extname(path).toLowerCase() === '.svg' ? svg : await renderPng(svg));
}
