/** What to use where the ratchet cannot answer, in words. Pure. */
import type { RatchetState, RouteOut } from '../../domain/ratchet.ts';

/** Where a way out leads, for the machine at hand. */
export function describeElsewhere(to: RouteOut, state: RatchetState): string {
  switch (to) {
    case 'skill-autoresearch':
      return 'skill-autoresearch: it optimises a prompt or a SKILL.md against evals; here a training run gives the number';
    case 'llm-evals':
      return 'a tool for applications: LangSmith, Braintrust, Weave or Promptfoo trace calls and evaluate answers; here train.py is changed and trained';
    case 'literature':
      return 'research tooling that searches literature; what it finds can go into "Prioritised directions" of program.md afterwards';
    case 'no-repository':
      return 'go to the folder with train.py and prepare.py, or `lab autoresearch setup --clone <url>` fetches one; `lab results FILE` reads a table from anywhere';
    case 'fork':
      return `${describeFork(state)}${
        state.hasRepository
          ? '; where this train.py trains without CUDA, `lab autoresearch setup` shows it with one run'
          : ''
      }`;
  }
}

function describeFork({ accelerator, platform }: RatchetState): string {
  if (accelerator === 'mlx' || platform === 'macos')
    return 'a fork for Apple machines: trevin-creator/autoresearch-mlx (MLX) or miolini/autoresearch-macos (MPS)';
  if (platform === 'windows')
    return 'a fork for Windows: jsegov/autoresearch-win-rtx (NVIDIA cards), or Linux inside WSL 2, where this works as it is';
  if (accelerator === 'rocm') return 'a fork for AMD cards: andyluo7/autoresearch';
  return 'a fork that trains without CUDA: autoresearch-mlx or autoresearch-macos (Apple), autoresearch-win-rtx (Windows), one of the CPU forks on a machine like this; or a machine with an NVIDIA card';
}
