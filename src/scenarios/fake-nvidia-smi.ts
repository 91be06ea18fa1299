/**
 * A program called nvidia-smi for PATH, in a folder of the test's own, which answers from a JSON file that the test may change at any time.
 * It knows the two questions that the lab asks. It is no mock of the lab's code: the lab starts it as it starts the real one.
 */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the program answers. */
export interface FakeCards {
  /** In the order of their index. Null memory is written as [N/A]. */
  cards: { uuid: string; name: string; totalMib: number | null; usedMib: number | null }[];
  /** On which card (its index) which process holds how much; null: [N/A]. */
  processes: { card: number; pid: number; memoryMib: number | null }[];
  /** Whether it never answers, until it is killed. */
  hangs: boolean;
  /** What it says before it exits with 9; null: it does not fail. */
  fails: string | null;
}

/** The program and its handles. */
export interface FakeNvidiaSmi {
  /** Folder to put before the others on PATH, or to be PATH alone. */
  folder: string;
  /** Changes what is answered from the next call on; what is not named stays. */
  set(changes: Partial<FakeCards>): void;
  /** The arguments of all calls so far, one text each. */
  readCalls(): string[];
}

/** Cards of one model that nobody uses: GPU-0, GPU-1, … with 80 GiB each. */
export function idleCards(count: number): FakeCards['cards'] {
  return Array.from({ length: count }, (_, index) => ({
    uuid: `GPU-${index}`,
    name: 'NVIDIA Stand-In',
    totalMib: 81_920,
    usedMib: 4,
  }));
}

/** Makes the program in `parent`/fake-nvidia. The folder's end is the caller's. */
export function createFakeNvidiaSmi(parent: string, first: Partial<FakeCards> = {}): FakeNvidiaSmi {
  const folder = join(parent, 'fake-nvidia');
  mkdirSync(folder);
  const stateFile = join(folder, 'cards.json');
  const callsFile = join(folder, 'calls.txt');
  let state: FakeCards = { cards: idleCards(1), processes: [], hangs: false, fails: null };
  const set = (changes: Partial<FakeCards>) => {
    state = { ...state, ...changes };
    // By rename: a call in between must not read half a file.
    writeFileSync(`${stateFile}.new`, JSON.stringify(state));
    renameSync(`${stateFile}.new`, stateFile);
  };
  set(first);
  appendFileSync(callsFile, '');
  const program = join(folder, 'nvidia-smi');
  writeFileSync(program, `#!${process.execPath}\n${programText(stateFile, callsFile)}`);
  chmodSync(program, 0o755);
  return {
    folder,
    set,
    readCalls: () =>
      readFileSync(callsFile, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
  };
}

function programText(stateFile: string, callsFile: string): string {
  return `const { appendFileSync, readFileSync } = require('node:fs');
appendFileSync(${JSON.stringify(callsFile)}, process.argv.slice(2).join(' ') + '\\n');
const { cards, processes, hangs, fails } = JSON.parse(readFileSync(${JSON.stringify(stateFile)}, 'utf8'));
const cell = (value) => (value === null ? '[N/A]' : String(value));
if (hangs) setInterval(() => {}, 1000);
else if (fails !== null) {
  console.log(fails);
  process.exitCode = 9;
} else if (process.argv[2].startsWith('--query-gpu=')) {
  if (cards.length === 0) console.log('No devices were found');
  cards.forEach((card, index) =>
    console.log([index, card.uuid, cell(card.totalMib), cell(card.usedMib), '570.86.15', card.name].join(', ')),
  );
} else {
  for (const { card, pid, memoryMib } of processes) console.log([cards[card].uuid, pid, cell(memoryMib)].join(', '));
}
`;
}
