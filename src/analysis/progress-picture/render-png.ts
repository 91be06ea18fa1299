/** A drawn picture as PNG, with the font that comes with the lab, so that a machine without fonts draws the same. */
import { join } from 'node:path';
import { packageRoot } from '../../config/package-root.ts';
import { LabError } from '../../errors/lab-error.ts';

/** Width of the PNG in pixels: one and a half times the drawing, so that small letters stay sharp. */
export const pngWidth = 1800;

/** Renders an SVG. Throws LabError (user) where the machine has no renderer for it. */
export async function renderPng(svg: string): Promise<Buffer> {
  const { Resvg } = await import('@resvg/resvg-js').catch((error: unknown) => {
    throw new LabError(
      'user',
      `no picture as PNG on ${process.platform}-${process.arch}: @resvg/resvg-js does not load`,
      {
        hints: ['as SVG it needs no renderer: --out progress.svg'],
        cause: error,
      },
    );
  });
  const resvg = new Resvg(svg, {
    // Without it the ground would be transparent, which a dark viewer shows as black.
    background: '#ffffff',
    fitTo: { mode: 'width', value: pngWidth },
    font: {
      fontFiles: [join(packageRoot(), 'dist', 'DejaVuSans.ttf')],
      // Reading all fonts of a machine takes a while: only for letters that ours does not have.
      loadSystemFonts: /[\u2e80-\ud7ff\uf900-\ufaff]/.test(svg),
      defaultFontFamily: 'DejaVu Sans',
      sansSerifFamily: 'DejaVu Sans',
    },
  });
  return resvg.render().asPng();
}
