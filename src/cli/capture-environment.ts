/** Which of the caller's environment a job takes along: an allow-list, so that no token is stored by accident. Pure. */
import { cardVariables } from '../domain/card-variables.ts';

// Names that change what a run computes or where it finds its programs. A trailing * matches a prefix.
const allowed = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'LC_*',
  'TZ',
  'TERM',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'LIBRARY_PATH',
  'PYTHON*',
  'PIP_*',
  'SSL_CERT_*',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'PYENV_ROOT',
  'PYENV_VERSION',
  'VIRTUAL_ENV',
  'CONDA_PREFIX',
  'CONDA_DEFAULT_ENV',
  'UV_*',
  'CUDA_HOME',
  'CUDA_PATH',
  'CUBLAS_*',
  'CUDNN_*',
  'NCCL_*',
  'TORCH_*',
  'PYTORCH_*',
  'XLA_*',
  'JAX_*',
  'TF_*',
  'TRITON_*',
  'ROCM_*',
  'HIP_*',
  'HSA_*',
  'OMP_*',
  'MKL_*',
  'OPENBLAS_*',
  'HF_HOME',
  'HF_DATASETS_CACHE',
  'HF_HUB_OFFLINE',
  'TRANSFORMERS_*',
  'WANDB_MODE',
  'WANDB_PROJECT',
  'WANDB_DIR',
  'XDG_CACHE_HOME',
];

// Set by shells and terminals for themselves; not worth a word when they are left out.
const unremarkable = [
  '_',
  'PWD',
  'OLDPWD',
  'SHLVL',
  'PS1',
  'PS2',
  'PROMPT*',
  'LS_COLORS',
  'LESS*',
  'PAGER',
  'EDITOR',
  'VISUAL',
  'COLOR*',
  'COLUMNS',
  'LINES',
  'TERM_*',
  'XDG_*',
  'SSH_*',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'DBUS_*',
  'TMUX*',
  'STY',
  'WINDOWID',
  'MAIL',
  'HOSTNAME',
  'HOSTTYPE',
  'OSTYPE',
  'MACHTYPE',
  'INVOCATION_ID',
  'JOURNAL_STREAM',
  'npm_*',
  'NODE*',
  'INIT_CWD',
  'DEBUG',
  'HIST*',
  'LAB_*',
  'FORCE_COLOR',
  'NO_COLOR',
  'MANPATH',
  'INFOPATH',
  'PYENV_*',
  'VSCODE_*',
  'GIT_*',
  'CI',
];

// META_MODE is the human's word for the shell that it is set in; a run that had it could open META_MODE. Which card a run gets is the queue's
// word: a number from the caller's shell would put the run on another card than the one that it holds. lab.yaml cannot pass them either.
const neverTaken: readonly string[] = ['META_MODE', ...cardVariables];

// Words in a name that mark a secret; such a name is taken only where lab.yaml names it exactly under env.secret.
const secretWord = /(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|AUTH)(?:_|$)/i;

/** What a job takes, what it passes without storing, and what was left behind. */
export interface CapturedEnvironment {
  env: Record<string, string>;
  /** Values of env.secret; never stored. */
  secrets: Record<string, string>;
  /** Names that were left out and might matter, sorted. */
  left: string[];
}

/** Sorts an environment. `pass` and `secret` are lab.yaml's env.pass and env.secret. */
export function captureEnvironment(
  environment: Record<string, string | undefined>,
  pass: string[],
  secret: string[],
): CapturedEnvironment {
  const captured: CapturedEnvironment = { env: {}, secrets: {}, left: [] };
  for (const [name, value] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined || neverTaken.includes(name)) continue;
    if (secret.includes(name)) captured.secrets[name] = value;
    else if (pass.includes(name) || (!secretWord.test(name) && (matches(name, allowed) || matches(name, pass))))
      captured.env[name] = value;
    else if (!matches(name, unremarkable)) captured.left.push(name);
  }
  return captured;
}

function matches(name: string, patterns: string[]): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}
