/**
 * Ready-made commands of known coding agents, as they work without a person and inside the lab's sandbox, and which variables and files of the
 * home each of them needs. The lab's own sandbox holds them, so their own permission questions are switched off. Which one is used: choose-agent.ts.
 */
import { basename } from 'node:path';
import { programOf } from './command-line.ts';
import type { OutputFormat } from './formats/output-parser.ts';
import type { HomeSettings } from './home-settings.ts';

/** How to run one agent. */
export interface AgentTemplate {
  /** Shell template; `{options}` is where modelOption and budgetOption go. */
  command: string;
  /** Used where agents.model is set; null: the command takes no model, or names it itself. */
  modelOption: string | null;
  /** Used where agents.usd is set, with `{usd}`; null: the program has no such limit. */
  budgetOption: string | null;
  format: OutputFormat;
  /** Part of a command that shows that it prints the format, for own commands of the same program. */
  formatFlag: string | null;
  /** Variables of the lab's environment that it is given where they are set: keys and addresses of its service. */
  envNames: string[];
  /** Variables that are always set for it. */
  env: Record<string, string>;
  /** Variables that are set only inside the sandbox. */
  sandboxEnv: Record<string, string>;
  /** The one of homeFiles that is a login; null where there is none, or where it makes no difference to keyEnv. */
  loginFile: string | null;
  /** Variables that take the value of another one where they are not set and there is no login: name, and where the value is from. */
  keyEnv: Record<string, string>;
  /** Files of the home that its private home gets a copy of, where they exist: logins. */
  homeFiles: string[];
  /** JSON settings files that its private home gets, by path, joined with the copy where there is one. */
  homeSettings: Record<string, HomeSettings>;
  /** How to get it; null: unknown. */
  install: string | null;
  /** One sentence on what to know before choosing it. */
  notes: string;
}

const bare: AgentTemplate = {
  command: '',
  modelOption: null,
  budgetOption: null,
  format: 'text',
  formatFlag: null,
  envNames: [],
  env: {},
  sandboxEnv: {},
  loginFile: null,
  keyEnv: {},
  homeFiles: [],
  homeSettings: {},
  install: null,
  notes: '',
};

// For the agents that speak to whichever service there is a key for.
const anyService = [
  ...['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_API_BASE', 'OPENAI_BASE_URL', 'OPENAI_HOST'],
  ...['OPENROUTER_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GROQ_API_KEY', 'MISTRAL_API_KEY', 'DEEPSEEK_API_KEY'],
  ...['XAI_API_KEY', 'OLLAMA_HOST', 'OLLAMA_API_BASE'],
];

const opencodeSettings = {
  autoupdate: false,
  share: 'disabled',
  // A question that nobody answers ends the turn; the outbox lies outside its directory.
  permission: { edit: 'allow', bash: 'allow', webfetch: 'allow', external_directory: 'allow' },
};

const geminiSettings: HomeSettings = {
  defaults: {
    // The key in the environment alone is refused as "Invalid auth method selected".
    security: { auth: { selectedType: 'gemini-api-key' } },
    privacy: { usageStatisticsEnabled: false },
    telemetry: { enabled: false },
  },
  fixed: {
    general: { enableAutoUpdate: false },
    // Its file tools refuse what git ignores, and the inbox lies below .lab.
    context: { fileFiltering: { respectGitIgnore: false } },
  },
};

/** The ready-made templates by the name that `agents.use` takes. */
export const agentTemplates: Readonly<Record<string, AgentTemplate>> = {
  claude: {
    ...bare,
    command:
      'claude -p --output-format stream-json --verbose --dangerously-skip-permissions --setting-sources "" --strict-mcp-config --no-session-persistence --add-dir {outbox} {options} < {promptFile}',
    modelOption: '--model {model}',
    budgetOption: '--max-budget-usd {usd}',
    format: 'claude',
    formatFlag: 'stream-json',
    envNames: [
      ...['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_MODEL'],
      ...['ANTHROPIC_SMALL_FAST_MODEL', 'CLAUDE_CODE_OAUTH_TOKEN'],
    ],
    // Without it a machine without internet waits ten seconds at the start.
    env: { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1' },
    // As root it refuses to skip its questions unless it is told that a sandbox holds it.
    sandboxEnv: { IS_SANDBOX: '1' },
    homeFiles: ['.claude/.credentials.json'],
    install: 'npm install -g @anthropic-ai/claude-code',
    notes:
      'Reports tokens as it goes and the cost at the end; agents.usd is also handed to it. Waits in silence where its service refuses the key.',
  },
  codex: {
    ...bare,
    command:
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
      'codex exec --json -C {directory} --skip-git-repo-check --ephemeral --dangerously-bypass-approvals-and-sandbox -c check_for_update_on_startup=false -c allow_login_shell=false ${LAB_BASE_URL:+-c "openai_base_url=$LAB_BASE_URL"} {options} - < {promptFile}',
    modelOption: '-m {model}',
    format: 'codex',
    formatFlag: '--json',
    envNames: ['OPENAI_API_KEY', 'CODEX_API_KEY', 'OPENAI_BASE_URL'],
    // codex exec reads neither the common key nor the common address by itself.
    loginFile: '.codex/auth.json',
    keyEnv: { CODEX_API_KEY: 'OPENAI_API_KEY', LAB_BASE_URL: 'OPENAI_BASE_URL' },
    homeFiles: ['.codex/auth.json'],
    install: 'npm install -g @openai/codex',
    notes:
      'Reports tokens at the end only and no cost. A provider of your own needs .codex/config.toml under agents.homeFiles. A copied login goes before keys.',
  },
  opencode: {
    ...bare,
    command: 'opencode run --format json --dir {directory} --title nightlab {options} < {promptFile}',
    modelOption: '-m {model}',
    format: 'opencode',
    formatFlag: '--format json',
    envNames: anyService,
    env: { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_CONFIG_CONTENT: JSON.stringify(opencodeSettings) },
    homeFiles: ['.local/share/opencode/auth.json', '.config/opencode/opencode.json', '.config/opencode/opencode.jsonc'],
    install: 'npm install -g opencode-ai',
    notes:
      'agents.model is provider/model. Reports tokens and cost per step. Waits in silence where its service fails.',
  },
  gemini: {
    ...bare,
    command:
      'gemini -p "$(cat {promptFile})" --approval-mode yolo -o stream-json --skip-trust --include-directories {outbox} --include-directories "$LAB_INBOX" {options}',
    modelOption: '-m {model}',
    format: 'gemini',
    formatFlag: 'stream-json',
    envNames: [
      ...['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GEMINI_BASE_URL', 'GOOGLE_GENAI_USE_VERTEXAI'],
      ...['GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION'],
    ],
    // Its own containers cannot be started from inside the lab's sandbox.
    env: { GEMINI_SANDBOX: 'false' },
    homeFiles: ['.gemini/settings.json', '.gemini/oauth_creds.json', '.gemini/google_accounts.json'],
    homeSettings: { '.gemini/settings.json': geminiSettings },
    install: 'npm install -g @google/gemini-cli',
    notes: 'Reports tokens at the end and no cost. The prompt is an argument, so that it may have 128 KiB at most.',
  },
  aider: {
    ...bare,
    command:
      'aider --message-file {promptFile} --yes-always --no-stream --no-pretty --no-auto-commits --no-dirty-commits --no-gitignore --no-check-update --analytics-disable --chat-history-file "$HOME/chat.md" --input-history-file "$HOME/input" --map-tokens 0 {options}',
    modelOption: '--model {model}',
    envNames: anyService,
    install: 'pipx install aider-chat',
    notes:
      'Edits code and hands in no files, so give it the role of the implementer only (agents.roles). Reports neither tokens nor cost.',
  },
  goose: {
    ...bare,
    command: 'goose run --no-session --with-builtin developer -i {promptFile} {options}',
    modelOption: '--model {model}',
    envNames: [...anyService, 'GOOSE_PROVIDER', 'GOOSE_MODEL', 'DATABRICKS_HOST', 'DATABRICKS_TOKEN'],
    // No keyring is reachable from a private home.
    env: { GOOSE_MODE: 'auto', GOOSE_DISABLE_KEYRING: '1' },
    homeFiles: ['.config/goose/config.yaml', '.config/goose/secrets.yaml'],
    install: 'brew install block-goose-cli',
    notes: 'Needs GOOSE_PROVIDER and GOOSE_MODEL, or a copied config.yaml. Reports neither tokens nor cost.',
  },
};

/**
 * A template around a command from agents.commands. Where it starts a known program, it is given what that program needs, and its output is
 * read in that program's format if the command asks for it.
 */
export function ownTemplate(command: string): AgentTemplate {
  const program = programOf(command);
  const name = program === null ? '' : basename(program);
  const known = Object.hasOwn(agentTemplates, name) ? agentTemplates[name] : undefined;
  if (known === undefined) return { ...bare, command };
  const speaksFormat = known.formatFlag !== null && command.includes(known.formatFlag);
  return {
    ...known,
    command,
    modelOption: null,
    budgetOption: null,
    format: speaksFormat ? known.format : 'text',
    notes: '',
  };
}
