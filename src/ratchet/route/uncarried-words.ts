/** What requests name of a session that no option of `lab autoresearch run` carries, with what helps. Data only; tried in this order. */

/** One kind of it. */
export interface UncarriedWords {
  pattern: RegExp;
  /** What does it, or why nothing does; no full stop. */
  help: string;
}

const amount =
  '(?:\\d+(?:[.,]\\d+)?|half an?|an?|one|two|three|four|five|six|seven|eight|ten|twelve|eine[rn]?|une|una)';
const span =
  '(?:h|hrs?|hours?|min|mins|minutes?|days?|nights?|stunden?|minuten?|tage?|heures?|jours?|horas?|minutos?|dias?)';
const digits = '\\d+(?:[.,]\\d+)?';
const clock = "(?:\\d{1,2}(?::\\d\\d)?(?: ?(?:am|pm|uhr|o'clock|h))?)";
const day =
  '(?:(?:tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday)(?: (?:morning|noon|evening|night))?|(?:the )?morning|noon|midnight|midday|dawn|lunch(?: ?time)?|morgen(?: fruh)?|mittag|mitternacht|(?:le |au )?matin|midi|minuit|la manana|manana|mediodia)';
const inTime =
  'a session begins at once and has no end by the clock: --max, Ctrl-C, or `timeout -s INT 8h lab autoresearch run …`';

/** Every kind. */
export const otherWords: readonly UncarriedWords[] = [
  {
    pattern: new RegExp(
      `\\b(?:(?:time|training)[ -]?budget|time[ -]?limit|hard limit|wall[ -]?time|timeout|budget)(?: (?:of|is|to|at))?[ :=]*${digits} ?(?:s|secs?|seconds?|min\\w*|h|hours?)?\\b|\\b(?:${digits} ?(?:s|h)|${digits}[ -]?min|${amount}[ -](?:secs?|seconds?|min|mins|minutes?|hours?))[ -](?:each|a piece|per (?:run|experiment|iteration)|an? (?:run|experiment)|(?:training )?(?:runs?|experiments?|budget))\\b`,
    ),
    help: 'the training budget is TIME_BUDGET in prepare.py, before a session; the hard limit is run.wallSeconds in lab.yaml',
  },
  {
    pattern:
      /\b(?:stop|end|halt|quit|until|till) (?:it |the loop )?(?:(?:when|if|once|after|as soon as|at) )?(?:(?! and )[^,.;])*?\b(?:val_bpb|bpb|loss|score|metric|improv\w*|gains?|crash\w*|fail\w*|plateau\w*|converge\w*)\b(?:(?! and )(?:[^,.;]|\.(?=\d)))*/,
    help: 'a session ends by --max or Ctrl-C alone',
  },
  {
    pattern: new RegExp(
      `(?<!\\b(?:last|past|previous|the) )(?:\\b(?:for|in|during|after|within|fur|pendant|durante|max|maximum|at most|up to|next|the)(?: (?:about|the|next|at most|up to))* ${amount} ?${span}\\b|\\b${digits} ?${span}\\b)(?! ago)(?! old)`,
    ),
    help: inTime,
  },
  {
    pattern: new RegExp(
      `\\b(?:until|till|til|bis|hasta|jusqu'(?:a|au)) (?:about |around |zum |a las? )?(?:${clock}(?! ?(?:experiment|iteration|run|gb|%))|${day}|i (?:am|'m|get|come|wake|return)\\b(?:(?! and )[^,.;])*)(?![\\w-])|\\b(?:at|by|before|around|from|after|um|vor|antes de) (?:about |the )?(?:\\d{1,2}:\\d\\d|\\d{1,2} ?(?:am|pm|uhr|o'clock)|${day})(?![\\w-])`,
    ),
    help: inTime,
  },
  {
    pattern:
      /\b(?:(?:both|all|every|each|several|two|three|four|five|six|seven|eight|\d+)(?: of)?(?: the| my| our| these)? ?x? ?(?:\w+ )?(?:gpus|cards|devices)|(?:the )?(?:first|second|third|fourth|other|last) (?:gpu|card|device))\b/,
    help: 'a session has one device, --device gpu0; several sessions, each with a tag and a device of its own',
  },
  {
    pattern:
      /\b(?:\d+|two|three|four|five|ten|several|more) (?:random |different )?seeds?\b|\bseeds? (?:\d+)(?:(?:, ?| and | )\d+)*/,
    help: 'run.seeds in lab.yaml; with --confirm the baseline runs with each of them',
  },
  {
    pattern:
      /\b(?:under|below|at most|max(?:imum)?|up to|within|less than|no more than|unter|hochstens)(?: of)? ?\d+(?:\.\d+)? ?(?:gb|gib|mb|mib)(?: of)?(?: (?:v?ram|memory))?\b|\bmemory (?:limit|ceiling|cap)(?: (?:of|is|to|at))?[ :=]*\d+(?:\.\d+)? ?(?:gb|gib|mb|mib)?\b/,
    help: 'the memory ceiling is decision.memoryFactor in lab.yaml times the baseline; a figure of your own belongs into the constraints of program.md',
  },
  {
    pattern:
      /(?<=\b(?:with|using|on|use|model|claude|codex) )(?:opus|sonnet|haiku|gpt-?\d[\w.-]*)(?: ?\d[\w.]*)?(?![\w-])/,
    help: 'the model of an agent is agents.model in lab.local.yaml',
  },
  {
    pattern:
      /\b(?:(?:(?:e-?)?mail|slack|ping|notify|message|text|wake|alert) (?:me|us)|let (?:me|us) know|send (?:me|us) (?:an? )?(?:e-?mail|message|note|mail))\b(?:(?! and )[^,.;])*/,
    help: 'notify.command or notify.url in lab.local.yaml sends messages, `lab notify test` tries them',
  },
  {
    pattern:
      /\b(?:from|off|on|starting (?:at|from)|based on) (?:the )?(?:branch (?!main\b|master\b)[\w./-]+|(?!main\b|master\b|this\b|that\b|same\b|a\b|its\b)[\w./-]+ branch|commit [0-9a-f]{6,40})(?![\w-])/,
    help: 'a session begins at what the main branch has',
  },
];
