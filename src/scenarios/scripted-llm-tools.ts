/**
 * The tools of the known coding agents, as the scripted service calls them: which one reads, writes, edits or runs a command, and what its
 * arguments are called. Where an agent offers no tool of a kind, its shell does the work.
 */
import { quoteWord } from '../agents/command-line.ts';

/** What the service wants done. Paths are absolute. */
export type Move =
  | { kind: 'shell'; command: string }
  | { kind: 'read'; path: string }
  | { kind: 'write'; path: string; text: string }
  | { kind: 'edit'; path: string; from: string; to: string };

/** A tool as an agent offers it. */
export interface OfferedTool {
  name: string;
  /** Takes one text instead of named arguments. */
  isFreeform: boolean;
  /** Group of tools that it belongs to; null for none. */
  namespace: string | null;
}

/** A call of a tool. */
export interface ToolCall {
  id: string;
  name: string;
  /** Named arguments, or the one text of a tool that takes no others. */
  input: Record<string, unknown> | string;
  namespace: string | null;
}

type Arguments = (move: Move) => Record<string, unknown> | string | null;

const why = 'scripted';

// By the name of the tool; null where the tool does not do that kind of move.
const known: Record<string, Arguments> = {
  // claude
  Bash: (move) => (move.kind === 'shell' ? { command: move.command, description: why } : null),
  Read: (move) => (move.kind === 'read' ? { file_path: move.path } : null),
  Write: (move) => (move.kind === 'write' ? { file_path: move.path, content: move.text } : null),
  Edit: (move) => (move.kind === 'edit' ? { file_path: move.path, old_string: move.from, new_string: move.to } : null),
  // opencode
  bash: (move) => (move.kind === 'shell' ? { command: move.command, description: why } : null),
  read: (move) => (move.kind === 'read' ? { filePath: move.path } : null),
  write: (move) => (move.kind === 'write' ? { filePath: move.path, content: move.text } : null),
  edit: (move) => (move.kind === 'edit' ? { filePath: move.path, oldString: move.from, newString: move.to } : null),
  // gemini
  run_shell_command: (move) => (move.kind === 'shell' ? { command: move.command, description: why } : null),
  read_file: (move) => (move.kind === 'read' ? { file_path: move.path } : null),
  write_file: (move) => (move.kind === 'write' ? { file_path: move.path, content: move.text } : null),
  replace: (move) =>
    move.kind === 'edit'
      ? { file_path: move.path, old_string: move.from, new_string: move.to, instruction: why }
      : null,
  // codex
  apply_patch: patchFor,
  // A script in which the other tools are functions: newer models are given nothing else.
  exec: (move) => {
    const patch = patchFor(move);
    const call = patch === null ? null : `apply_patch(${JSON.stringify(patch)})`;
    if (call === null && move.kind !== 'shell') return null;
    return `text(await tools.${call ?? `exec_command(${JSON.stringify({ cmd: commandFor(move) })})`})`;
  },
  exec_command: (move) => (move.kind === 'shell' ? { cmd: move.command } : null),
  shell_command: (move) => (move.kind === 'shell' ? { command: move.command } : null),
  shell: (move) => (move.kind === 'shell' ? { command: ['bash', '-c', move.command] } : null),
};

/** The call that makes a move with the tools on offer. Throws where there is not even a shell among them. */
export function callFor(move: Move, tools: readonly OfferedTool[], id: string): ToolCall {
  for (const tool of tools) {
    const input = known[tool.name]?.(move) ?? null;
    if (input === null) continue;
    const { name, namespace, isFreeform } = tool;
    return { id, name, namespace, input: typeof input === 'string' && !isFreeform ? { input } : input };
  }
  if (move.kind === 'shell') throw new Error(`no known shell among ${tools.map(({ name }) => name).join(', ')}`);
  return callFor({ kind: 'shell', command: commandFor(move) }, tools, id);
}

function commandFor(move: Move): string {
  if (move.kind === 'shell') return move.command;
  const path = quoteWord(move.path);
  switch (move.kind) {
    case 'read':
      return `cat ${path}`;
    case 'write':
      return `printf %s ${quoteWord(move.text)} > ${path}`;
    case 'edit': {
      const script =
        'import sys; p, a, b = sys.argv[1:]; t = open(p).read(); assert a in t; open(p, "w").write(t.replace(a, b))';
      return `python3 -c ${quoteWord(script)} ${path} ${quoteWord(move.from)} ${quoteWord(move.to)}`;
    }
  }
}

function patchFor(move: Move): string | null {
  const wrap = (head: string, lines: string[]) => ['*** Begin Patch', head, ...lines, '*** End Patch', ''].join('\n');
  if (move.kind === 'edit') return wrap(`*** Update File: ${move.path}`, ['@@', `-${move.from}`, `+${move.to}`]);
  if (move.kind !== 'write') return null;
  const lines = move.text.trimEnd().split('\n');
  return wrap(
    `*** Add File: ${move.path}`,
    lines.map((line) => `+${line}`),
  );
}
