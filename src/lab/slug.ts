/** Slugs: short kebab-case names in ASCII, fit for a file, a branch and a folder on every system. Whether one is taken is for the stores. */

/** Most characters of a slug that the lab makes. */
export const slugLength = 40;
// Longer ones of people are kept as they are; a branch and a path have to hold them.
const mostLength = 80;

// Folders, files and words of the lab itself.
const reserved = new Set(['template', 'rejected', 'readme']);

// Letters that do not come apart into a plain letter and an accent.
const letters: Record<string, string> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' };

/** True for a name that can be an idea's slug: kebab-case, ASCII, of at most 80 characters, no word of the lab's own. */
export function isSlug(text: string): boolean {
  return text.length <= mostLength && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text) && !reserved.has(text);
}

/** A slug for a title: at most 40 characters, cut between words where there is one. Never empty; the same for the same title. */
export function slugify(title: string): string {
  const plain = title
    .slice(0, 400)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[ßæœøłđðþı]/g, (letter) => letters[letter] ?? '')
    .replace(/['’]/g, '');
  const words = plain.split(/[^a-z0-9]+/).filter((word) => word !== '');
  let slug = '';
  for (const word of words) {
    const longer = slug === '' ? word.slice(0, slugLength) : `${slug}-${word}`;
    if (longer.length > slugLength) break;
    slug = longer;
  }
  if (slug === '') return `idea-${hashText(title)}`;
  return reserved.has(slug) ? `${slug}-idea` : slug;
}

/** FNV-1a over the UTF-16 units, 8 hex digits: tells titles without a Latin letter apart. */
function hashText(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
}
