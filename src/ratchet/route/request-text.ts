/**
 * A request in words, made ready for reading: folded, words of others taken out, the commonest typing mistakes mended, cut into clauses in the
 * order in which they are wanted ("before you run, show…" is show, then run). Pure; what the clauses ask for is read-wishes.ts.
 */

/** One clause of a request. */
export interface Clause {
  /** Small letters without accents. */
  text: string;
  /** Whether the words say that it comes first ("but first …"). */
  isFirst: boolean;
}

/** Folds a request: small letters, no accents, plain quotes and dashes, single blanks within a line. */
export function foldRequest(request: string): string {
  return request
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replace(/[‘’ʼ´]/g, "'")
    .replace(/[“”„«»]/g, '"')
    .replace(/[–—]/g, ' - ')
    .replace(/[^\S\n]+/g, ' ')
    .trim();
}

/** The text without what is quoted from elsewhere: quotations of three words and more, quoted lines, code blocks. */
export function removeQuotations(folded: string): string {
  return folded
    .replace(/```[\s\S]*?(?:```|$)/g, ' ')
    .replace(/^ *>.*$/gm, ' ')
    .replace(/"([^"\n]*)"/g, keepShort)
    .replace(/`([^`\n]*)`/g, keepShort)
    .replace(/(?<=^|[\s(:])'([^'\n]*(?:'(?=\w)[^'\n]*)*)'(?=[\s).,;:!?]|$)/g, keepShort);
}

function keepShort(_whole: string, quoted: string): string {
  return quoted.trim().split(/\s+/).length < 3 ? ` ${quoted} ` : ' ';
}

/** Words whose misspellings are mended; long enough, and far enough from other common words. */
const spelled = [
  'results',
  'result',
  'setup',
  'program',
  'baseline',
  'experiments',
  'experiment',
  'overnight',
  'tonight',
  'install',
  'prepare',
  'adapt',
  'memory',
  'batch',
  'sequence',
  'length',
  'walkthrough',
  'workflow',
  'training',
  'continue',
  'resume',
  'progress',
  'summary',
  'summarize',
  'constraints',
  'directions',
  'literature',
  'autoresearch',
  'repository',
  'hardware',
  'dependencies',
  'environment',
  'optimize',
  'optimise',
  'prompt',
  'everything',
  'crashed',
  'night',
  'needs',
  'improve',
  'rewrite',
  'section',
  'ergebnisse',
  'starten',
  'einrichten',
] as const;

const correct: ReadonlySet<string> = new Set<string>([
  ...spelled,
  ...[
    'programs',
    'setups',
    'bath',
    'match',
    'latch',
    'patch',
    'catch',
    'prepared',
    'prepares',
    'adapts',
    'adopt',
    'adept',
  ],
  ...[
    'installs',
    'prompts',
    'memories',
    'baselines',
    'resumes',
    'lengths',
    'insult',
    'resulted',
    'trainings',
    'optimized',
  ],
  ...[
    'optimised',
    'summarized',
    'started',
    'instill',
    'tonights',
    'crashes',
    'straining',
    'raining',
    'starter',
    'programme',
  ],
  ...[
    'batches',
    'optimizer',
    'summarise',
    'draining',
    'gaining',
    'continued',
    'continues',
    'consume',
    'resumen',
    'nights',
    'needed',
    'improved',
    'improves',
    'rewrites',
    'sections',
    'nine',
    'needy',
    'action',
    'seconds',
    'resumer',
    'compare',
  ],
  ...['optimizes', 'sequences', 'romp', 'promptly', 'reset', 'resets', 'setups', 'adaptee', 'workflows', 'installed'],
]);

/** Mends words that are one slip of a finger away from one of the vocabulary: a letter missing, added, changed, or two swapped. */
export function mendSpelling(text: string): string {
  const named = text.replace(/(?<![\w./-])[a-z]{4,}(?=\.md(?![\w-]))/g, (stem) => mendWord(stem, fileStems));
  return named.replace(/(?<![\w./-])[a-z]{5,}(?![\w/-]|\.\w)/g, (word) => mendWord(word, spelled));
}

/** Names of markdown files that a request is likely to be about. */
const fileStems = ['program', 'skill'] as const;

function mendWord(word: string, vocabulary: readonly string[]): string {
  if (correct.has(word)) return word;
  // The first letter is hardly ever mistyped, and "alone" is no "clone".
  return vocabulary.find((known) => known[0] === word[0] && isOneSlip(word, known)) ?? word;
}

function isOneSlip(word: string, known: string): boolean {
  if (Math.abs(word.length - known.length) > 1) return false;
  let start = 0;
  while (start < word.length && word[start] === known[start]) start += 1;
  let end = 0;
  while (end < Math.min(word.length, known.length) - start && word.at(-1 - end) === known.at(-1 - end)) end += 1;
  const [left, wanted] = [word.slice(start, word.length - end), known.slice(start, known.length - end)];
  if (left.length <= 1 && wanted.length <= 1) return true;
  return left.length === 2 && wanted.length === 2 && left[0] === wanted[1] && left[1] === wanted[0];
}

const sentenceEnd = /(?:[.!?;:]+(?=\s|$)|\n+|\s-+\s)/;
/** Words that begin a clause, by what they say of its place. */
const onwards =
  'and then|then|and|also|but|just|only|plus|und dann|und|dann|danach|aber|sondern|nur|bloss|anschliessend|et puis|et|puis|ensuite|mais|seulement|y luego|luego|despues|pero|solo|entonces';
const postponing = 'before|bevor|avant de|avant que|antes de';
const preceding = 'after|once|as soon as|nachdem|sobald|apres|una vez que|despues de';
const connector = new RegExp(`(,|\\b(?:${postponing}|${preceding}|${onwards})\\b)`);
const isPostponing = new RegExp(`^(?:${postponing})$`);
const isPreceding = new RegExp(`^(?:${preceding})$`);
const firstly =
  /(?:^|\s)(?:first|first of all|firstly|to begin with|zuerst|erst(?:mal)?|vorher|d'abord|primero)(?=\s|$)/;

/** The clauses of a folded text, in the order in which what they ask for is wanted. */
export function splitClauses(text: string): Clause[] {
  const ordered = text.split(sentenceEnd).flatMap((sentence) => splitSentence(sentence));
  return [...ordered.filter(({ isFirst }) => isFirst), ...ordered.filter(({ isFirst }) => !isFirst)];
}

function splitSentence(sentence: string): Clause[] {
  const parts = sentence.split(connector);
  const clauses: Clause[] = [];
  let postponed: Clause | null = null;
  let word = '';
  parts.forEach((part, index) => {
    if (index % 2 === 1) {
      // Of ", and then" the last word says what the next clause is.
      word = part === ',' && word !== '' && (parts[index - 1] ?? '').trim() === '' ? word : part;
      return;
    }
    const body = part.trim();
    if (body === '') return;
    const clause = { text: body, isFirst: firstly.test(` ${body}`) };
    if (isPostponing.test(word) && clauses.length === 0) postponed = clause;
    else if (isPreceding.test(word) && clauses.length > 0) clauses.splice(clauses.length - 1, 0, clause);
    else {
      clauses.push(clause);
      if (postponed !== null) clauses.push(postponed);
      postponed = null;
    }
    word = '';
  });
  if (postponed !== null) clauses.push(postponed);
  return clauses;
}
