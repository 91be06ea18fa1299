/** The five sections that a program.md of the ratchet has, and the headings by which people name them. Pure; where they lie is program-sections.ts. */

/** The five sections, in the order in which they are written. */
export const programSections = [
  'goal',
  'current baseline',
  'prioritised directions',
  'what has been tried',
  'constraints',
] as const;
/** One of programSections; the word is fit for a sentence. */
export type Section = (typeof programSections)[number];

/** The heading that a section is written with. */
export function headingOf(section: Section): string {
  return `${section.charAt(0).toUpperCase()}${section.slice(1)}`;
}

const leading =
  '(?:(?:the|our|my|your|this|main|primary|overall|research|project|current|present|measured|starting|unmodified|reference|prioriti[sz]ed|ranked|promising|suggested|open|possible|search|exploration|experiment|experimental|seed|hard|ground|strict|immutable|fixed|house|basic|key|important|past|previous|earlier) )*';

const whole = (words: string) => new RegExp(`^${leading}(?:${words})$`, 'u');

/** By section: any of its patterns that fits the folded heading names it. */
const patterns: Record<Section, RegExp[]> = {
  goal: [whole('goals?|objectives?|aims?|mission|purpose|task|target|ziele?|objectifs?|objetivos?')],
  'current baseline': [
    whole('baselines?(?: (?:results?|numbers?|runs?|metrics?|figures?|performance|score))?|ausgangswert'),
    /^(?:the |our )?current (?:best|state|status|results?|champion|numbers?)(?: so far)?$/,
    /^(?:the )?(?:starting point|best so far|where (?:we|things) (?:are|stand)(?: now)?)$/,
  ],
  'prioritised directions': [
    whole(
      'directions?(?: to (?:try|explore))?|priorities|ideas?(?: to (?:try|explore|test))?|hypotheses(?: to test)?|roadmap|backlog|agenda|plan|next steps?|richtungen|(?:what|things|where) to (?:try|explore|look|search)(?: next| first| for)?|(?:good )?places to start|search space',
    ),
  ],
  'what has been tried': [
    /^(?!.*\b(?:not (?:yet )?(?:been )?tried|untried|to be tried|never (?:been )?tried)\b).*\b(?:tried|attempted)\b/,
    whole(
      'history|experiments?(?: so far| history| done)?|attempts?|dead ends?|lessons(?: learn(?:ed|t))?|learnings|findings(?: so far)?|results so far',
    ),
    /^what (?:has |have |we know )?(?:worked|failed|(?:did not|didn t|does not|doesn t) work)\b/,
    /^(?:bisher|was wurde) (?:versucht|probiert)$/,
  ],
  constraints: [
    whole(
      'constraints?|restrictions?|limits?|limitations?|boundaries|guardrails|invariants?|non negotiables?|requirements?|do nots?|don ts?|off limits|out of scope|grenzen|regeln|contraintes|restricciones',
    ),
    whole('rules?(?: (?:for|of|to) .*)?'),
    /^what (?:you |the agent |an experiment )?(?:must|may|can|should) ?(?:not|t|never)\b/,
  ],
};

/**
 * A heading as it is compared: small letters, words by single spaces; numbering, emphasis, emoji, brackets and what follows a colon or a
 * dash left away ("2. **Current baseline** (H100): 0.9979" is "current baseline").
 */
export function foldHeadingWords(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[([{][^)\]}]*[)\]}]/g, ' ')
    .replace(/^[\s*_`#]*(?:\d+[.)]?|[a-e][.)])[\s*_]+/, '')
    .replace(/(?:[:：]|\s[-–—]\s).*$/s, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** The sections that a heading names: none for one of another subject, two for "Goal and constraints". */
export function sectionsOfHeading(heading: string): Section[] {
  const folded = foldHeadingWords(heading);
  const parts = [folded, ...foldParts(heading)];
  return programSections.filter((section) => parts.some((part) => patterns[section].some((one) => one.test(part))));
}

function foldParts(heading: string): string[] {
  const parts = heading.split(/\s(?:and|&|\+|und|et|y)\s|[,/]/i);
  return parts.length === 1 ? [] : parts.map(foldHeadingWords).filter((part) => part !== '');
}
