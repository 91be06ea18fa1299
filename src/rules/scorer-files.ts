/**
 * Files that the score command names and that no rule freezes. The scorer runs in a folder that holds main's frozen files and nothing else, so
 * it would not find them there, and whoever changes them would change the score. Looks at the command's words, not at what a script imports.
 */
import { existsSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { FileRule } from '../domain/file-rule.ts';
import { rulesOf } from './taxonomy.ts';

/** Paths relative to `root`, with slashes, each once; empty where the command names none or all are FROZEN. */
export function findUnfrozenScorerFiles(
  root: string,
  scoreCommand: string | null,
  rules: Readonly<Record<string, readonly FileRule[]>>,
): string[] {
  const words = (scoreCommand ?? '').split(/[\s;&|()<>"'`]+/).filter((word) => word !== '' && !word.startsWith('-'));
  const paths = words.map((word) => normalize(word)).filter((path) => !path.startsWith('/') && !path.startsWith('..'));
  const files = [...new Set(paths)].filter((path) => {
    const place = join(root, path);
    return existsSync(place) && statSync(place).isFile();
  });
  return files.filter((path) => !rulesOf(path, rules).includes('FROZEN'));
}
