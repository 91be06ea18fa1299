/** `--set key=value` of `lab idea edit`: the keys of the front matter that a person may set by a flag. Pure. */
import { type IdeaCategory, type IdeaState, ideaCategories } from '../../domain/idea.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { IdeaEdit } from '../../pipeline/record-idea.ts';
import { nearestWord } from '../verbs.ts';

/** The other states say what the lab has done with an idea, so only the lab sets them; `rejected` is answered by `idea reject`. */
const settableStates = ['proposed', 'critiqued', 'rejected'] as const;

const settings: Record<string, (value: string) => IdeaEdit> = {
  title: (value) => {
    if (value === '') throw createValueError('title', value, 'a line of text');
    return { title: value };
  },
  state: (value) => ({ state: parseWord<IdeaState>('state', value, settableStates) }),
  category: (value) => ({ category: parseWord<IdeaCategory>('category', value, ideaCategories) }),
  expected: (value) => ({ expected: value }),
  refuted_by: (value) => ({ refutedBy: value }),
  cost_minutes: (value) => ({ costMinutes: parseNumber('cost_minutes', value, Number.POSITIVE_INFINITY) }),
  rating: (value) => ({ rating: parseNumber('rating', value, 10) }),
};

/** The keys that can be set, as the file spells them. */
export const settableKeys: readonly string[] = Object.keys(settings);

/** The edit that `key=value` words ask for; an empty value of a number takes it away. Throws LabError (usage) that names the valid keys or values. */
export function parseSettings(words: readonly string[]): IdeaEdit {
  let edit: IdeaEdit = {};
  for (const word of words) {
    const cut = word.indexOf('=');
    if (cut === -1) throw new LabError('usage', `--set got "${word}", expected key=value, for example --set rating=7`);
    const given = word.slice(0, cut);
    const key = given.trim().toLowerCase().replaceAll('-', '_');
    const read = Object.hasOwn(settings, key) ? settings[key] : undefined;
    if (read === undefined) {
      const near = nearestWord(key, settableKeys);
      throw new LabError('usage', `--set got the key "${given}", expected one of: ${settableKeys.join(', ')}`, {
        hints:
          near === null
            ? ['any other part of the file: `lab idea edit <slug>` in an editor']
            : [`did you mean ${near}?`],
      });
    }
    edit = { ...edit, ...read(word.slice(cut + 1).trim()) };
  }
  return edit;
}

function parseWord<Word extends string>(key: string, value: string, valid: readonly Word[]): Word {
  const found = valid.find((word) => word === value.toLowerCase());
  if (found === undefined) throw createValueError(key, value, `one of: ${valid.join(', ')}`);
  return found;
}

function parseNumber(key: string, value: string, most: number): number | null {
  if (value === '') return null;
  const number = Number(value);
  if (Number.isFinite(number) && number >= 0 && number <= most) return number;
  throw createValueError(key, value, most === 10 ? 'a number from 0 to 10' : 'a number of at least 0');
}

function createValueError(key: string, value: string, expected: string): LabError {
  return new LabError('usage', `--set ${key} got "${value}", expected ${expected}`);
}
