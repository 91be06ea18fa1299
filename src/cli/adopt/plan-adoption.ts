/**
 * The whole adoption before anything is written: what was recognised, every file with its content, the excludes, the commit, and what to tell
 * about it. `--dry-run` shows exactly this; adopt.ts carries it out.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildConfig } from '../../config/load.ts';
import { packageRoot } from '../../config/package-root.ts';
import { readTreeEntry } from '../../git/repository.ts';
import { findExcludeFile } from '../../lab/exclude-file.ts';
import { findUnfrozenScorerFiles } from '../../rules/scorer-files.ts';
import { listNotes } from './adoption-notes.ts';
import { findAdoptablePlace } from './check-place.ts';
import { listMissingExcludes } from './excludes.ts';
import { renderLabYaml } from './lab-yaml.ts';
import { type Recognised, recognise } from './recognise.ts';
import { type AdoptOptions, type AdoptSettings, chooseSettings } from './settings.ts';

/** One file to write. */
export interface PlannedFile {
  /** Relative to the root. */
  path: string;
  text: string;
}

/** What `lab init --adopt` is about to do. */
export interface AdoptionPlan {
  found: Recognised;
  settings: AdoptSettings;
  files: PlannedFile[];
  /** Files of the lab's names that are there already and stay as they are. */
  kept: string[];
  /** Absolute path. */
  excludeFile: string;
  /** Lines for it. */
  excludes: string[];
  commit: { branch: string; message: string };
  notes: string[];
}

/** The one page of 0_docs/papers/ that a new lab has. */
export const papersText = '# Papers\n\nFull texts of what ideas and reports cite.\n';

/** Looks and plans; writes nothing. Throws LabError (user) where the folder cannot be adopted. */
export async function planAdoption(folder: string, options: AdoptOptions): Promise<AdoptionPlan> {
  const place = await findAdoptablePlace(folder);
  const { root } = place;
  const found = await recognise(place);
  const settings = chooseSettings(found, options, findUnfrozenScorerFiles(root, options.score, {}));
  const yaml = renderLabYaml(settings);
  // An option's value may be nothing that a lab can be run with: said now, and not by every command afterwards.
  buildConfig({ text: yaml, name: 'lab.yaml' }, null, {});
  const template = (folder: string) => readFileSync(join(packageRoot(), folder, '_TEMPLATE.md'), 'utf8');
  const all: PlannedFile[] = [
    { path: 'lab.yaml', text: yaml },
    { path: '0_docs/papers/README.md', text: papersText },
    { path: '1_ideas/_TEMPLATE.md', text: template('1_ideas') },
    { path: '9_reports/_TEMPLATE.md', text: template('9_reports') },
  ];
  const isThere = ({ path }: PlannedFile) => existsSync(join(root, path));
  const excludes = await listMissingExcludes(root);
  return {
    found,
    settings,
    files: all.filter((file) => !isThere(file)),
    kept: all.filter(isThere).map(({ path }) => path),
    excludeFile: await findExcludeFile(root),
    excludes,
    commit: { branch: place.main, message: `nightlab: adopt this repository (preset ${settings.preset})` },
    notes: listNotes(found, settings, {
      ownIdeas: listOwn(root, '1_ideas'),
      ownReports: listOwn(root, '9_reports'),
      hasState: existsSync(join(root, '.lab')),
      hasTable:
        existsSync(join(root, 'results.tsv')) && (await readTreeEntry(root, place.head, 'results.tsv')) === null,
    }),
  };
}

/** Files of a numbered folder that are there before the lab. */
function listOwn(root: string, folder: string): string[] {
  const place = join(root, folder);
  return existsSync(place) ? readdirSync(place).filter((name) => !name.startsWith('.')) : [];
}
