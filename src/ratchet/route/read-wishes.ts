/** What a request asks for: its wishes in the order in which they are wanted, what it refuses, what it names. Pure; what the state makes of it is route-request.ts. */
import { type Clause, foldRequest, mendSpelling, removeQuotations, splitClauses } from './request-text.ts';
import type { Weight, Wish } from './wish-pattern.ts';
import { wishPatterns } from './wish-words.ts';

/** One thing that is asked for. */
export interface FoundWish {
  wish: Wish;
  weight: Exclude<Weight, 0>;
  /** Place of its clause, from 0, in the order in which things are wanted. */
  clause: number;
  /** The words that say so, folded. */
  words: string;
}

/** What a request asks for. */
export interface Wishes {
  /** In the order in which they are wanted. */
  found: FoundWish[];
  /** What it says that it does not want. */
  refused: Set<Wish>;
  /** A CUDA card is named. */
  namesCard: boolean;
  /** Autoresearch itself is named. */
  namesAutoresearch: boolean;
}

/** Letters of a request that are read: what comes later was pasted. */
const mostLetters = 5000;

/** Reads a request. Where nothing but quotations asks for anything, they count. */
export function readWishes(request: string): Wishes {
  const folded = foldRequest(request.slice(0, mostLetters));
  const own = readText(removeQuotations(folded));
  return own.found.length === 0 && own.refused.size === 0 ? readText(folded) : own;
}

function readText(text: string): Wishes {
  const wishes: Wishes = { found: [], refused: new Set(), namesCard: false, namesAutoresearch: false };
  const clauses = splitClauses(mendSpelling(text));
  clauses.forEach((clause, place) => {
    readClause(clause, place, wishes);
  });
  return wishes;
}

/** Words that ask for nothing by themselves. */
const fillers = new Set(
  (
    'a all also am an and are as at auf be bitte but by call can could danke das dear der die do du for friend go good ' +
    "great have he hello hey hi i in is it it's just kindly let let's me mit mr my name need no nope now of oh ok okay on " +
    'or our please stop end por favor session so sure thank thanks that the them then there this thx to und use using want we ' +
    'well will with would yeah yes yet you your evening morning day merci gracias hallo'
  ).split(' '),
);

/** The clauses of a folded text in which no pattern finds anything and `known`, which stands for what was read already, does not occur. */
export function findUnread(text: string, known: string): string[] {
  return splitClauses(mendSpelling(removeQuotations(text)))
    .map((clause) => clause.text)
    .filter((clause) => {
      if (clause.includes(known) || wishPatterns.some(({ pattern }) => clause.search(pattern) !== -1)) return false;
      return (clause.match(/[\p{L}\p{N}'_-]{2,}/gu) ?? []).some((word) => !fillers.has(word));
    });
}

const mark = '\u0001';

interface Match {
  wish: Wish;
  weight: Exclude<Weight, 0>;
  index: number;
  words: string;
  keepsNegation: boolean;
}

function readClause(clause: Clause, place: number, wishes: Wishes): void {
  let left = clause.text.replace(affirmed, (words) => ' '.repeat(words.length));
  const matches: Match[] = [];
  for (const { wish, weight, pattern, keepsNegation = false } of wishPatterns) {
    // What is only a circumstance is looked for in all of the clause, and takes no words away.
    if (wish !== 'nothing' && weight === 0) {
      if (clause.text.search(pattern) === -1) continue;
      if (wish === 'card') wishes.namesCard = true;
      if (wish === 'autoresearch') wishes.namesAutoresearch = true;
      continue;
    }
    for (const match of left.matchAll(pattern)) {
      const [words] = match;
      if (words.trim() === '' || words.includes(mark)) continue;
      const { index } = match;
      const rest = left.slice(index + words.length);
      left = `${left.slice(0, index)}${(wish === 'nothing' ? ' ' : mark).repeat(words.length)}${rest}`;
      if (wish === 'nothing' || weight === 0 || isLightVerb(words, rest)) continue;
      matches.push({ wish, weight, index, words: words.trim(), keepsNegation });
    }
  }
  matches.sort((a, b) => a.index - b.index);
  const refused = findRefused(left, matches);
  for (const match of matches) {
    if (refused.has(match)) wishes.refused.add(match.wish);
    else wishes.found.push({ wish: match.wish, weight: match.weight, clause: place, words: match.words });
  }
}

const verbs = /^(?:run|start|begin|launch|kick off|restart|go|do|fang an|lance[rz]?|starten?)$/;
const article = '(?:(?:the|a|an|my|our|your|its|me|us|first|another|new|full|quick|mit|dem|der|die|das|par|le|la) )*';
const afterVerb = new RegExp(`^ (?:(?:by|with|off|on|from|to) )?${article}${mark}`);

/** "start" in "start by setting up", "run" in "run the setup": the verb says nothing beside what it is followed by. */
function isLightVerb(words: string, rest: string): boolean {
  return verbs.test(words.trim()) && afterVerb.test(rest);
}

/** Negations that say nothing against what follows them. */
const affirmed =
  /(?<![\w-])(?:(?:do not|don'?t|does not|doesn'?t) (?:know|understand|care|see|get) |not (?:only|just|sure|quite sure|yet sure)|no idea|why (?:not|don'?t (?:we|you|i))|(?:can'?t|cannot) wait|if not|no (?:problem|worries|hurry|rush)|nicht nur|pas seulement|no solo|not yet|no matter|nothing else)(?![\w-])/g;

/** Said of all that follows in its clause. */
const refusing =
  /(?<![\w-])(?:do not|don'?t|dont|never|not|nothing|no need to|avoid|haven'?t|hasn'?t|hadn'?t|didn'?t|did not|isn'?t|wasn'?t|aren'?t|can'?t|cannot|couldn'?t|won'?t|wouldn'?t|shouldn'?t|mustn'?t|doesn'?t|does not|ne|jamais|nunca|tampoco)(?![\w-])/g;
/** Said of the next thing alone. */
const sparing =
  /(?<![\w-])(?:without|instead of|rather than|no|skip(?:ping)?|stop(?:ping)?|cancel|forget|ignore|never mind|leave|abort|kill|ohne|statt|sans|au lieu de|arrete[rz]?|sin|en vez de|para de|kein\w*)(?![\w-])/g;
/** Said of the whole clause, wherever it stands. */
const after = /(?<![\w-])(?:nothing|anything yet|nicht|nichts|kein\w*|nie|pas|rien|nada)(?![\w-])/;

function findRefused(left: string, matches: readonly Match[]): Set<Match> {
  const open = matches.filter(({ keepsNegation }) => !keepsNegation);
  if (after.test(left)) return new Set(open);
  const refused = new Set<Match>();
  const [first] = [...left.matchAll(refusing)];
  for (const match of open) if (first !== undefined && match.index > first.index) refused.add(match);
  for (const { index } of left.matchAll(sparing)) {
    const next = open.find((match) => match.index > index);
    if (next !== undefined) refused.add(next);
  }
  return refused;
}
