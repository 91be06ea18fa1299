/** Words of tasks that are another tool's: prompts and skills, evals and tracing, literature, forks. Tried first. Data only. */
import { row, type WishPattern } from './wish-pattern.ts';

const optimise = String.raw`(?:optimi[sz]\w*|improv\w*|tun(?:e|es|ing)|refin\w*|rewrit\w*|iterat\w*(?: on)?|evolv\w*|polish\w*|tweak\w*|fix
    |better|sharpen|verbesser\w*|optimier\w*|amelior\w*|mejor\w*|reescrib\w*)`;
const find = String.raw`(?:find|search(?: for)?|collect|summari[sz]e|list|fetch|review|look up|gather|read|survey|recommend|suche?n?|finde
    |sammle|trouver?|cherche[rz]?|resume[rz]?|busca\w*|encuentra|reune)`;

/** Other products and tasks: what is not ours is told apart first. */
export const outside: readonly WishPattern[] = [
  ...row(
    'skill-autoresearch',
    3,
    String.raw`
      ${optimise} {few}{few}(?:skill\.md|claude\.md|agents\.md|system[ -]?prompts?|system message|prompts?(?: templates?)?
      |prompt|skills?|few-shot examples)(?! \w+ program)
    `,
    'auto-?research {det}(?:[^\\s]+ ){0,2}?(?:prompts?|skills?)(?:\\.md)?',
    String.raw`
      (?:loop|auto-?research|ratchet|experiments?|search|runs?|iterat\w+|it) {few}(?:on|over|for|of|against) (?:(?!shell
      |bash|command)[^\s]+ ){0,3}?(?:prompts?|skills?(?:\.md)?)
    `,
    '(?:which|what) prompts?|skill\\.md|prompt[ -](?:engineering|optimi[sz]\\w+|optimierung|tuning)|system ?prompts?',
    '{det}(?:claude|agent|codex|cursor) skills?',
  ),
  ...row(
    'skill-autoresearch',
    3,
    String.raw`
      (?<!program\.md.{0,80})(?:my|our|the|this|these|a|which|what) (?:(?!shell|bash|command)[^\s]+ ){0,2}prompts?
      |(?:cursor|copilot|agent) rules
    `,
  ),
  ...row(
    'llm-evals',
    3,
    'langsmith|langfuse|braintrust|promptfoo|helicone|ragas|deepeval|(?:w&b |wandb )?weave|opentelemetry|otel',
    String.raw`
      (?:trac(?:e|es|ing)|instrument\w*|observability|monitor\w*|log\w*) {few}{few}(?:app|application|chatbot|langchain
      |langgraph|llama-?index|crewai|rag|llm|api|production|openai|service)(?: {few}(?:calls|requests|traffic|app))?
    `,
    "(?:llm|app|application|chatbot|assistant|rag|agent)(?:'s)? {few}(?:trac(?:es|ing)|observability|telemetry)",
    String.raw`
      evals? {few}(?:for|of|on|against|fur|pour|para) {few}{few}(?:llm|chatbot|bot|app|application|assistant|rag|product
      |agents?|summari[sz]er|customer\w*|prompts?|feature|classifier|chat)(?: {few}(?:app|product|pipeline))?
    `,
    `
      (?:llm|chatbot|assistant|rag|product|app|application|agent)(?:'s)? {few}evals?|eval(?:uation)? (?:suite|set|harness
      |dataset) {few}{few}(?:llm|chatbot|assistant|rag|product|app|agent)
    `,
    String.raw`
      evaluat\w* {few}{few}(?:chatbot|assistant|rag|llm app\w*|customer\w*|support bot|answers of)(?: {few}(?:app|bot
      |pipeline))?
    `,
    '(?:compare|benchmark|evaluate|rate) {few}(?:gpt[^\\s]*|claude|gemini|chatgpt|llms?)',
    String.raw`
      (?:show|collect|record|view|inspect|capture|send) {few}traces|(?:scor|grad|rat|judg|evaluat
      |bewert)\w* {few}{few}(?:answers?|responses|replies|completions|conversations|antworten)
    `,
    String.raw`
      llm[ -](?:as[ -]an?[ -])?judge|hallucinat\w+|(?:write|build|create|design|set up|need|make|run) (?:some |my |our |the )?evals
    `,
  ),
  ...row(
    'literature',
    3,
    String.raw`
      (?:literature|lit) (?:review|survey|search|overview)|literatur(?:recherche|uberblick|ubersicht|suche)|(?:revue|etude
      |etat) de (?:la )?litterature|revision (?:de (?:la )?)?(?:literatura|bibliografica)|etat de l'art|estado del arte
      |related work|bibliograph\w+|state[ -]of[ -]the[ -]art (?:review|survey|in|on|for)
    `,
    `${find} {few}{few}{few}(?:papers?|publications?|arxiv|preprints?|literature|articulos|artikel|veroffentlichungen)`,
    'survey(?: of| on| about)?(?!.*(?:results?|runs?|experiments?|sessions?|keeps?|tried|rows?)(?![\\w-]))',
    `
      what (?:does|do) (?:the )?(?:research|literature|papers|studies|science) (?:say|show|know|suggest)|which papers
      |what papers|what does the literature|papers? (?:about|on)|what (?:people|others|researchers) (?:have )?(?:published
      |written)|(?:have|has) (?:people|others|researchers|anyone|anybody) {few}(?:published|written|shown|reported)
      |reading list|citations?|(?:most )?cited|cite|pdfs?|(?:who|what) else has|what (?:has been|is|was) (?:published
      |known|written) (?:about|on)
    `,
  ),
  ...row('literature', 3, 'literature|literatur|arxiv|background reading|reading list'),
  ...row(
    'fork',
    3,
    `
      (?:mlx|mps|metal|apple silicon|mac ?os|mac(?:book)?s?|m[1-5]|osx|windows|amd|rocm|cpu|directml)[ -](?:only )?(?:fork
      |port|version|variant|build)s?
    `,
    `
      (?:fork|port|version|variant)s? {few}(?:for|of|to|on|with|that (?:runs?|works?) (?:on|without)) {few}{few}(?:mlx|mps
      |metal|apple silicon|mac ?os|mac(?:book)?s?|m[1-5]|osx|windows|amd|rocm|cpu|cuda|a gpu)
    `,
    `
      (?:something|anything|equivalent|alternative)s? {few}(?:for|on) {few}(?:mlx|mps|metal|apple silicon|mac ?os
      |mac(?:book)?s?|m[1-5]|osx|windows|amd|rocm)
    `,
    `
      (?:does|will|can) (?:it|this|autoresearch) (?:even )?(?:run|work) (?:on|without) {few}(?:mlx|mps|metal|apple silicon
      |mac ?os|mac(?:book)?s?|m[1-5]|osx|windows|amd|rocm|cpu|cuda|gpu)
    `,
  ),
];
