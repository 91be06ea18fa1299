/**
 * The one typed schema of lab.yaml and lab.local.yaml. It validates both, yields the JSON Schema for editors, and its leaves are the
 * flags and environment names. It does not read files (load.ts) and does not know where a lab lies (lab-paths.ts).
 */
import { z } from 'zod';
import { agentRoles } from '../domain/experiment.ts';

const seconds = (value: number, text: string) => z.number().positive().default(value).describe(`${text} (seconds)`);
const command = (text: string, none = 'none') =>
  z.string().min(1).nullable().default(null).describe(`${text}; null: ${none}`);
const names = (text: string) => z.array(z.string().min(1)).default([]).describe(text);

const share = (value: number, text: string) => z.number().gt(0).lt(1).default(value).describe(text);

const metric = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z][\w./-]*$/, 'a name of letters, digits and _ . / -')
    .default('val_bpb')
    .describe('Primary metric, as the score log prints it'),
  direction: z.enum(['lower', 'higher']).default('lower').describe('Which way is better'),
  unit: z.string().default('').describe('Unit of the metric, for people'),
  also: names('Further metrics of the score log that `lab results` shows as columns'),
  smallestEffect: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe(
      'Smallest change of the metric that is worth having, in its unit; `lab metric check` holds the noise against it; null: unknown',
    ),
  minMinutes: z.number().min(0).default(5).describe('Shortest run that `lab metric check` passes (minutes)'),
  maxMinutes: z.number().positive().default(40).describe('Longest run that `lab metric check` passes (minutes)'),
  waiver: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Why experiments may run although `lab metric check` did not pass, in one sentence; null: they may not'),
});

const commands = z.strictObject({
  prepare: command('Makes the checkout ready (data, build)'),
  train: z.string().min(1).default('python3 train.py').describe('What an experiment runs'),
  smoke: command('A tiny run that shows that the code starts'),
  score: command(
    "Reads the metric in a fresh process, from main's frozen files",
    "train's own number counts and is flagged",
  ),
  model: command(
    'Starts the trained model for the scorer (its path is in LAB_MODEL); with it the scorer runs no agent code itself',
  ),
});

const run = z.strictObject({
  device: z
    .enum(['cpu', 'gpu', 'auto'])
    .default('cpu')
    .describe('Device class of jobs that name none; auto: a GPU where the machine has one, else the processor'),
  wallSeconds: seconds(600, 'Wall limit of the train step'),
  prepareSeconds: seconds(900, 'Wall limit of the prepare step'),
  scoreSeconds: seconds(600, 'Wall limit of the score step'),
  graceSeconds: seconds(10, 'Time between SIGTERM and SIGKILL'),
  idleSeconds: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Longest time that the train step may print nothing (seconds); null: no limit'),
  logMb: z.number().positive().nullable().default(1000).describe('Largest log of a step (MB); null: no limit'),
  retrySeconds: seconds(30, 'Pause before the first retry of `lab add --retries`; it doubles with each'),
  seeds: z
    .array(z.number().int().nonnegative())
    .min(1)
    .default([1, 2, 3, 4])
    .describe('Seeds that `lab baseline` uses, in this order'),
});

const checkout = z.strictObject({
  links: names('Paths of the root checkout that a run sees read-only (data), linked, never copied'),
  scoreLinks: names(
    'Paths of the root checkout that only the scorer sees (validation data); a sandbox hides them from train and agents',
  ),
  setup: command('Sets the environment up in a fresh checkout, for example "uv sync --frozen"'),
  caches: names('Folders that a run may write and that stay between runs, for example ~/.cache/uv'),
  outputs: names('Globs of files that a run leaves in its checkout and that are kept in its run folder'),
});

const decision = z.strictObject({
  confidence: z
    .number()
    .gt(0.5)
    .lt(1)
    .default(0.95)
    .describe(
      'One-sided confidence that a difference must reach against the measured noise to be called one (jobs by hand, bridges, replays)',
    ),
  rule: z
    .enum(['posterior', 'strict'])
    .default('posterior')
    .describe(
      'What exploring goes on from: posterior (what a change is worth by all runs of the track) or strict (the better number wins)',
    ),
  alpha: share(0.012, 'Chance of a false claim, over all claims of 24 hours together'),
  interval: share(0.9, 'Two-sided confidence of stated intervals'),
  confirmShare: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .describe('Largest share of a night that runs with fresh seeds may take; 0: only `lab confirm` makes them'),
  leaveOut: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.3)
    .describe(
      'Chance that a doubtful change of the champion is left out of the code that an experiment runs on; 0: never',
    ),
  nearMisses: z
    .number()
    .int()
    .min(0)
    .max(20)
    .default(6)
    .describe('How many near misses are remembered and tried again; 0: none'),
  pruneWeight: z
    .number()
    .min(0)
    .max(5)
    .default(0.7)
    .describe('What leaving a useless change in the champion is worth avoiding, in widths of one run'),
  tieWidths: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe('What counts as a near tie, in widths of one run: inside it fewer lines win; 0: lines do not matter'),
  memoryFactor: z
    .number()
    .gt(1)
    .nullable()
    .default(2)
    .describe("A run that takes more than so many times the baseline's memory is a crash; null: no limit"),
});

const env = z.strictObject({
  pass: names('Environment names that a job takes along besides the built-in list; a trailing * matches a prefix'),
  secret: names('Environment names that are passed when a run starts and never stored'),
});

const snapshot = z.strictObject({
  maxFileMb: z.number().positive().default(10).describe('Largest untracked file that a snapshot takes (MB)'),
  maxTotalMb: z.number().positive().default(100).describe('All untracked files of a snapshot together (MB)'),
});

const redis = z.strictObject({
  url: z
    .string()
    .nullable()
    .default(null)
    .describe('An own Redis (redis:// or unix://); null: a private child of the daemon'),
  install: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe("Whether the distribution's Redis may be fetched without root"),
});

const devices = z.strictObject({
  lockFolder: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "Folder of the device locks, one per host; null: nightlab-devices in the system's shared temporary folder",
    ),
  reserveMb: z.number().nonnegative().default(500).describe('Free disk under which no new run starts (MB)'),
  reserveAfterSeconds: z
    .number()
    .nonnegative()
    .default(600)
    .describe('How long other jobs may pass one that takes several GPUs before cards that come free are kept for it'),
  reserveForSeconds: z
    .number()
    .positive()
    .default(1800)
    .describe('How long cards are kept for it at first; each time it was in vain, twice as long'),
});

const queue = z.strictObject({
  labels: z
    .enum(['required', 'optional'])
    .default('required')
    .describe('Whether a job needs a label "Q: … H: …"; optional: a task takes free text, or none'),
  place: z
    .enum(['checkout', 'here'])
    .default('checkout')
    .describe("Where `lab add` runs a command: in a snapshot's own checkout; here: in the caller's folder, as a task"),
  pauseOnFailure: z
    .enum(['never', 'group', 'all'])
    .default('never')
    .describe('What is paused when a job has failed for good: its group, or all groups; what runs goes on'),
});

const notify = z.strictObject({
  command: command('Shell command that an event runs, with its values in LAB_EVENT, LAB_JOB, LAB_FATE, …'),
  url: z.string().min(1).nullable().default(null).describe('Web address that an event is posted to; null: none'),
  shape: z.enum(['ntfy', 'slack', 'json']).default('json').describe('What the web address expects'),
  on: z
    .array(z.enum(['done', 'failed', 'queue-empty', 'device-idle']))
    .default([])
    .describe('Events that are told: done, failed, queue-empty, device-idle'),
  idleMinutes: z
    .number()
    .positive()
    .default(10)
    .describe('How long a device that had work must be idle for device-idle (minutes)'),
});

const agentLimit = (text: string) => z.number().positive().nullable().default(null).describe(`${text}; null: no limit`);

const agents = z.strictObject({
  use: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('The agent: claude, codex, opencode, gemini, aider, goose, recorded, or a name under agents.commands'),
  roles: z
    .partialRecord(z.enum(agentRoles), z.string().min(1))
    .default({})
    .describe('Another agent for single roles, for example {critic: codex}'),
  commands: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe('Own agents: name and shell template with {promptFile}; what they hand in goes to {outbox}'),
  model: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("Model that the ready-made templates ask for; null: the agent's own"),
  env: names('Environment names that agents are given besides PATH, LANG and the keys of their own service'),
  homeFiles: names(
    "Files and folders of the home that an agent's private home gets a copy of, for example .codex/auth.json",
  ),
  wallSeconds: seconds(1800, 'Wall limit of one agent run'),
  idleSeconds: seconds(600, 'Longest time that an agent may print nothing'),
  tokens: agentLimit('Tokens of one agent run, where the agent reports them'),
  usd: agentLimit('US dollars of one agent run, where the agent reports cost'),
});

const experiment = z.strictObject({
  maxChangedLines: z
    .number()
    .int()
    .positive()
    .default(400)
    .describe('Largest change of one experiment, added and removed lines'),
  maxChangedFiles: z.number().int().positive().default(20).describe('Most files that one experiment may touch'),
  smokeSeconds: seconds(120, 'Wall limit of the smoke run'),
});

const ratchet = z.strictObject({
  edits: names(
    'Files that an experiment of `lab autoresearch` may change; empty: the Python file that commands.train runs',
  ),
  stallAfter: z
    .number()
    .int()
    .positive()
    .default(6)
    .describe('Experiments without a gain after which a session searches a step wider'),
  turns: z
    .number()
    .int()
    .positive()
    .default(3)
    .describe('How often an agent whose change was turned away is asked again at once'),
  pauseSeconds: z
    .number()
    .min(0)
    .default(30)
    .describe('Pause after turns in vain (seconds); it doubles with each, up to 20 times as long'),
});

/** The whole configuration; every key has a default, so that an empty lab.yaml is valid. */
export const configSchema = z.strictObject({
  schema: z.literal(1).default(1).describe('Version of this file format'),
  main: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Branch of the records; null: the branch that the repository starts with'),
  metric: metric.prefault({}).describe('What is measured'),
  commands: commands.prefault({}).describe('What is run'),
  run: run.prefault({}).describe('Budget of a run'),
  rules: z
    .record(z.string(), z.array(z.enum(['FROZEN', 'HUMAN', 'GLOBAL', 'APPEND-ONLY', 'RECORD'])))
    .default({})
    .describe('File rules by glob, added to the built-in ones'),
  data: names('Files and folders whose content is part of the track'),
  checkout: checkout.prefault({}).describe("What a run's checkout needs beyond git"),
  decision: decision.prefault({}).describe('How a result is judged'),
  env: env.prefault({}).describe('Which environment a job takes along'),
  snapshot: snapshot.prefault({}).describe('Limits of a snapshot of a dirty tree'),
  redis: redis.prefault({}).describe('The queue server (belongs in lab.local.yaml)'),
  experiment: experiment.prefault({}).describe('What one experiment may change'),
  ratchet: ratchet.prefault({}).describe('How `lab autoresearch` searches'),
  agents: agents.prefault({}).describe('Who thinks, writes and edits (belongs in lab.local.yaml)'),
  queue: queue.prefault({}).describe('What `lab add` takes for granted, and what a failure stops'),
  notify: notify.prefault({}).describe('Who is told when something happens (belongs in lab.local.yaml)'),
  devices: devices.prefault({}).describe('Devices of this machine (belongs in lab.local.yaml)'),
  sandbox: z
    .enum(['required', 'preferred', 'off'])
    .default('preferred')
    .describe('Whether runs must, should or do not use a sandbox'),
  sandboxRead: names('Further paths under the home folder that a sandboxed run may read'),
  network: z.enum(['on', 'off']).default('on').describe('Whether a sandboxed run reaches the network'),
});

/** The configuration after defaults. */
export type LabConfig = z.output<typeof configSchema>;

/** What a person may write: every key optional. */
export type RawLabConfig = z.input<typeof configSchema>;

/** One scalar or list of the configuration, as flags, environment and documents name it. */
export interface ConfigLeaf {
  /** "run.wallSeconds" */
  path: string;
  /** "--run.wall-seconds" */
  flag: string;
  /** "LAB_RUN_WALL_SECONDS" */
  environment: string;
  type: 'string' | 'number' | 'list' | 'map';
  /** Allowed words; null where any value of the type is allowed. */
  choices: string[] | null;
  defaultValue: unknown;
  description: string;
}

interface JsonSchemaNode {
  type?: string;
  properties?: Record<string, JsonSchemaNode>;
  items?: JsonSchemaNode;
  anyOf?: JsonSchemaNode[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
}

/** The JSON Schema of the configuration, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input' }) as Record<string, unknown>;
}

const kebab = (word: string) => word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const snake = (word: string) => word.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** Every leaf that flags and environment can set, in the order of the schema; the format version and the rule table are for the file alone. */
export function listConfigLeaves(): ConfigLeaf[] {
  const leaves: ConfigLeaf[] = [];
  const visit = (node: JsonSchemaNode, path: string[]) => {
    if (node.properties) {
      for (const [key, child] of Object.entries(node.properties)) visit(child, [...path, key]);
      return;
    }
    const plain = node.anyOf?.find((option) => option.type !== 'null') ?? node;
    const type =
      plain.type === 'array'
        ? 'list'
        : plain.type === 'object'
          ? 'map'
          : plain.type === 'number' || plain.type === 'integer' || typeof plain.const === 'number'
            ? 'number'
            : 'string';
    leaves.push({
      path: path.join('.'),
      flag: `--${path.map(kebab).join('.')}`,
      environment: `LAB_${path.map(snake).join('_')}`,
      type,
      choices: plain.enum ? plain.enum.map(String) : null,
      defaultValue: node.default ?? null,
      description: node.description ?? '',
    });
  };
  visit(configJsonSchema() as JsonSchemaNode, []);
  return leaves.filter((leaf) => leaf.type !== 'map' && leaf.path !== 'schema');
}
