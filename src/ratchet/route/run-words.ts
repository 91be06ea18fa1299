/**
 * What the words of a request say of a session: name, number of experiments, device, agent, --confirm; and what they name that no option of
 * `lab autoresearch run` carries, each with what helps. Pure; where a request leads is route-request.ts.
 */
import { findUnread } from './read-wishes.ts';
import { foldRequest, removeQuotations } from './request-text.ts';
import { otherWords } from './uncarried-words.ts';

/** What a request says of a session; null where it says nothing of it. */
export interface RunWords {
  tag: string | null;
  /** Experiments. */
  count: number | null;
  /** "gpu1" */
  device: string | null;
  agent: string | null;
  desc: string | null;
  isConfirmed: boolean;
  /** Named, and carried by no option: `"until 8am" is not carried (…)`. */
  uncarried: string[];
  /** Parts of the request that nothing was read from. */
  unread: string[];
}

/** Letters of a request that are read: what comes later was pasted. */
const mostLetters = 5000;
/** Stands where something was read. */
const mark = '\u0002';

/** A text from which what was read is taken out, so that it is not read twice. */
interface Reader {
  take(pattern: RegExp): RegExpExecArray | null;
  rest(): string;
}

/** Takes a pattern out as often as it stands there. */
function takeAll(reader: Reader, pattern: RegExp): RegExpExecArray[] {
  const all: RegExpExecArray[] = [];
  for (let found = reader.take(pattern); found !== null; found = reader.take(pattern)) all.push(found);
  return all;
}

function createReader(text: string): Reader {
  let left = text;
  return {
    take(pattern) {
      const found = pattern.exec(left);
      if (found !== null) left = `${left.slice(0, found.index)}${mark}${left.slice(found.index + found[0].length)}`;
      return found;
    },
    rest: () => left,
  };
}

/** Reads a request; `tags` are those of the sessions here, `agents` the names that can be chosen. */
export function readRunWords(request: string, tags: readonly string[], agents: readonly string[]): RunWords {
  const folded = foldRequest(request.slice(0, mostLetters));
  const own = removeQuotations(folded).replaceAll(/ +/g, ' ').trim();
  const reader = createReader(own === '' ? folded : own);
  const uncarried: string[] = [];
  const refuse = (words: string, help: string) =>
    void uncarried.push(`"${shorten(words.replaceAll(mark, ' '))}" is not carried (${help})`);
  const options = takeOptions(reader, refuse);
  const tag = options.tag ?? readTag(reader);
  for (const known of tags)
    reader.take(
      new RegExp(
        `(?:\\b(?:on|from) (?:the )?)?(?:\\bbranch )?(?:\\bautoresearch/)?(?<![\\w.-])${escapePattern(known.toLowerCase())}(?![\\w-])`,
      ),
    );
  for (const { pattern, help } of otherWords) for (const found of takeAll(reader, pattern)) refuse(found[0], help);
  const count = options.max ?? readCount(reader);
  const device = options.device ?? readDevice(reader, refuse);
  const named = options.agent ?? readAgent(reader, agents, refuse);
  // As the configuration writes it: the words were folded.
  const agent = agents.find((one) => one.toLowerCase() === named) ?? named;
  const isConfirmed = readConfirm(reader, refuse) || options.confirm;
  // As it was typed; where the option was understood, its words are.
  const desc = /--desc[ =](?:"([^"]*)"|'([^']*)'|(\S+))/.exec(request);
  return {
    ...{ tag, count, device, agent, isConfirmed, uncarried },
    desc: desc?.[1] ?? desc?.[2] ?? desc?.[3] ?? null,
    unread: findUnread(reader.rest(), mark).map((words) => shorten(words)),
  };
}

function shorten(words: string): string {
  const line = words.replaceAll(/\s+/g, ' ').trim();
  return line.length <= 60 ? line : `${line.slice(0, 59).trimEnd()}…`;
}

const escapePattern = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

type Refuse = (words: string, help: string) => void;

/** Options that are written out among the words. */
function takeOptions(reader: Reader, refuse: Refuse) {
  const text = (name: string): string | null =>
    reader.take(new RegExp(`(?<![\\w-])--${name}[ =]["'\`]?([\\w.-]+)["'\`]?`))?.[1]?.replace(/\.+$/, '') ?? null;
  const [tag, max, device, agent] = [text('tag'), text('max'), text('device'), text('agent')];
  const confirm = reader.take(/(?<![\w-])--confirm(?![\w-])/) !== null;
  reader.take(/(?<![\w-])--desc(?:[ =](?:"[^"]*"|'[^']*'|\S+))?/);
  for (const found of takeAll(reader, /(?<![\w-])--[a-z][\w-]*(?:=\S+)?/))
    refuse(found[0], 'no option of `lab autoresearch run`');
  const count = Number(max ?? Number.NaN);
  const isCount = Number.isInteger(count) && count >= 1;
  if (max !== null && !isCount) refuse(`--max ${max}`, 'expected a whole number of at least 1');
  return { tag, device, agent, confirm, max: isCount ? count : null };
}

/** The name that the words give a session; null where they give none. */
function readTag(reader: Reader): string | null {
  const found =
    reader.take(
      /\btag(?:ged)?(?: it| is|:)?(?: as)? ["'`]?(?!(?:it|the|an?|and|with|of|for|as|is|to|on|in|this|that)(?![\w.-]))([a-z0-9][a-z0-9._-]{0,39})(?![\w-])/,
    ) ??
    reader.take(/\b(?:call(?:ed)?|named?)(?: it)? ["'`]?([a-z0-9._-]*\d[a-z0-9._-]*)/) ??
    reader.take(/\bsession ([a-z][a-z0-9._-]*\d[a-z0-9._-]*)/) ??
    reader.take(/(?:\b(?:on|from) (?:the )?)?(?:\bbranch )?\bautoresearch\/([a-z0-9][a-z0-9._-]{0,39})(?![\w-])/);
  const tag = (found?.[1] ?? '').replace(/\.+$/, '').replace(/^[^a-z0-9]+/, '');
  return tag === '' || tag.length > 40 ? null : tag;
}

const numbers: Readonly<Record<string, number>> = {
  ...{
    one: 1,
    two: 2,
    three: 3,
    four: 4,
    five: 5,
    six: 6,
    seven: 7,
    eight: 8,
    nine: 9,
    ten: 10,
    eleven: 11,
    twelve: 12,
  },
  ...{
    'a dozen': 12,
    fifteen: 15,
    twenty: 20,
    thirty: 30,
    forty: 40,
    fifty: 50,
    sixty: 60,
    'a hundred': 100,
    hundred: 100,
  },
};
const number = `(\\d{1,5}|${Object.keys(numbers).join('|')})`;
const several = `(\\d{1,5}|${Object.keys(numbers)
  .filter((word) => word !== 'one')
  .join('|')})`;
const otherUnits =
  '(?! ?(?:gb|gib|mb|mib|%|gpus?|cards?|layers?|heads?|seeds?|tokens?|steps?|epochs?|parameters?|params))';
const counting = new RegExp(
  [
    `\\b(?:max(?:imum)?(?: of)?|at most|up to|hochstens|maximal)[ =]*${number}\\b${otherUnits}`,
    `(?<!\\b(?:last|first|past|previous|these|those) )\\b${number} (?:more |new |neue |weitere |mas )?(?:experiments?|iterations?|runs?|rounds?|trials?|experimente|iterationen|laufe|versuche|stuck|experiences|essais?|experimentos|ensayos)\\b`,
    `\\b(?:another|run|do) ${several}(?: more)?(?= *(?:$|[,.;:!?\\u0002]|(?:and|then|on|with|tag|please|tonight|overnight)\\b))`,
    `\\b${several} (?:more|mehr|weitere|mas)(?= *(?:$|[,.;:!?\\u0002]|(?:and|then|on|with|tag|please|tonight|overnight)\\b))`,
  ].join('|'),
);

/** How many experiments the words ask for; null where they do not say. */
function readCount(reader: Reader): number | null {
  const found = reader
    .take(counting)
    ?.slice(1)
    .find((one) => one !== undefined);
  if (found === undefined) return null;
  const count = numbers[found] ?? Number(found);
  return Number.isInteger(count) && count >= 1 ? count : null;
}

const deviceName = [
  'gpu ?(?:number |no\\.? |nr\\.? )?[#-]?(\\d{1,2})(?! ?(?:gb|gib|g|x)(?![\\w-]))(?![\\w-])',
  '(?:cuda:|cuda device |card (?:number |no\\.? |nr\\.? |#))(\\d{1,2})(?![\\w-])',
  '(?:cpu(\\d{1,2})|(?:on |auf |sur |en )(?:the |der |dem |la |le )?(?:cpu|processor|prozessor)(?: only)?)(?![\\w-])',
].join('|');

/** The one device that is named; several, and one that is not wanted, are told. */
function readDevice(reader: Reader, refuse: Refuse): string | null {
  const spared = new RegExp(
    `(?:not|never|without|except|avoid(?:ing)?|nicht|pas|ohne|sans|sin) (?:on |use |using |touch |touching |with |auf |the )*(?:${deviceName})`,
  );
  for (const found of takeAll(reader, spared)) refuse(found[0], '--device names the one to take');
  const named = takeAll(reader, new RegExp(`(?<![\\w.-])(?:${deviceName})`));
  const ids = [
    ...new Set(
      named.map(([, byNumber, onCard, cpu]) => {
        const gpu = byNumber ?? onCard;
        return gpu === undefined ? `cpu${Number(cpu ?? 0)}` : `gpu${Number(gpu)}`;
      }),
    ),
  ];
  if (ids.length < 2) return ids[0] ?? null;
  refuse(ids.join(', '), 'a session has one device: a session for each, with a tag and a --device of its own');
  return null;
}

/** The agent that is named as one; a name in another place is told. */
function readAgent(reader: Reader, agents: readonly string[], refuse: Refuse): string | null {
  const names = [...agents].sort((a, b) => b.length - a.length).map((name) => escapePattern(name.toLowerCase()));
  const name = `(${names.join('|') || '(?!)'})(?: cli| code)?(?![\\w-])`;
  const spared = reader.take(
    new RegExp(
      `(?<![\\w-])(?:not|never|without|instead of|rather than|except|no|ohne|statt|sans|sin) (?:with |using |use |the )*${name}`,
    ),
  );
  const named = [
    `(?<![\\w-])(?:with|using|by|via|use|let|have|agent|agent:|mit|durch|per|avec|con|through) (?:the )?(?:agent )?${name}(?:,? as (?:the |an? |your |my |coding )*agent)?`,
    `(?<![\\w-])${name},? (?:as|als|comme|como) (?:the |an? |your |my |coding )*agent`,
    `(?<![\\w-])${name} agent(?![\\w-])`,
    // A part of the request by itself: "20 experiments, codex, gpu1".
    `(?<=(?:^|[,;:\\n]|\\band) *)${name}(?= *(?:$|[,;.!\\n]|and\\b))`,
  ].map((source) => new RegExp(source));
  let agent: string | null = null;
  for (const pattern of named) agent ??= reader.take(pattern)?.[1] ?? null;
  // One that nobody knows is carried too: `run` says which there are.
  agent ??=
    reader.take(
      /(?<![\w-])(?:with|use|using) (?!(?:this|that|it|the|same|usual|an?|my|your|one) )([\w.-]+) as (?:the |an? |your |my |coding )*agent/,
    )?.[1] ?? null;
  if (agent === null && spared !== null) refuse(spared[0], '--agent names the one to take');
  // "recorded" is a word of its own, too.
  const elsewhere = new RegExp(`(?<![\\w/-])(?!recorded)${name}`);
  const second = reader.take(elsewhere);
  if (second !== null && second[1] !== agent) refuse(second[0], `--agent ${second[1]} makes it the agent`);
  return agent;
}

/** Whether the words ask for the rule of --confirm; "ask me to confirm" is told. */
function readConfirm(reader: Reader, refuse: Refuse): boolean {
  const asking =
    /\b(?:ask(?:ing)?|wait(?:ing)?)(?: (?:me|us|for|until|till|i|we|my|to))* confirm\w*|\b(?:let|have) (?:me|us) confirm\w*|\b(?:until|till|before) (?:i|we)(?: have)? confirm\w*|\bconfirm\w* (?:with me|before|first|to me|whether|that it|it (?:works|runs))[^,.;]*/;
  const asked = reader.take(asking);
  if (asked !== null) refuse(asked[0], 'a session never asks; the loop itself waits for your --go');
  const refused = reader.take(
    /\b(?:without|no|not|don'?t|do not|never|skip|ohne|sans|sin)(?: any| the| a| to| using)* (?:confirm\w*|bestatig\w*)/,
  );
  if (refused !== null) return false;
  return (
    reader.take(
      /\b(?:and |with |then |also |und |mit )*(?:confirm\w*|bestatig\w*)(?: (?:the |all |every |each )*(?:gains?|keeps?|wins?|results?|improvements?))?/,
    ) !== null
  );
}
