/** Words that ask for the modes beside the loop: adapt, program, setup. Data only; their order counts (wish-words.ts). */
import { row, rowWithNegation, type WishPattern } from './wish-pattern.ts';

const writing = String.raw`(?:writ(?:e|ing)|mov(?:e|ing)|adapt(?:ing)?|adjust(?:ing)?|rewrit(?:e|ing)|refin(?:e|ing)|updat(?:e|ing)
    |edit(?:ing)?|improv(?:e|ing)|draft(?:ing)?|fill(?:ing)?(?: in| out)?|add|adding|complet(?:e|ing)|finish(?:ing)?
    |fix(?:ing)?|chang(?:e|ing)|creat(?:e|ing)|review(?:ing)?|revis(?:e|ing)|mak(?:e|ing)|extend(?:ing)?|put|record|set
    |polish(?:ing)?|optimi[sz](?:e|ing)|tidy|clean up|sharpen|note|schreib\w*|uberarbeit\w*|erganz\w*|aktualisier\w*
    |verbesser\w*|ecri[rst]\w*|redige\w*|complete[rz]?|mets|mettre a jour|escrib\w*|redacta\w*|actualiza\w*|completa\w*
    |mejora\w*)`;
const programFile = '{det}(?:current |existing )?(?:program(?:m?\\.md| file)|research program)';

/** Settings for a machine, and a search that is stuck. */
export const adapting: readonly WishPattern[] = [
  ...rowWithNegation(
    'adapt',
    3,
    '(?:cuda )?(?:out[ -]of[ -]memory|oom)(?:s|ed|ing| errors?)?|run(?:s|ning)? out of (?:gpu |video |v)?(?:memory|ram|vram)',
    String.raw`
      (?:does not|doesn'?t|do not|don'?t|will not|won'?t|can'?t|cannot|not|nicht|no) (?:even )?(?:fit|fits|passt
      |cabe)(?: {few}(?:memory|vram|card|gpu))?|passt nicht(?: \w+){0,3}|ne (?:tient|rentre) pas(?: \w+){0,3}
    `,
    String.raw`
      (?:not|nothing|no longer|stop(?:s|ped)?|hardly|barely) (?:is |seems to be |getting )?(?:improv\w*|(?:get
      |getting) (?:any )?better|helping)(?: any ?more)?
    `,
    `
      (?:not enough|too (?:much|little)|insufficient|nicht genug|zu (?:wenig|viel)|pas assez de
      |no (?:hay )?(?:suficiente)) (?:gpu |video )?(?:v?ram|memory|speicher|grafikspeicher|memoire|memoria)
    `,
  ),
  ...row(
    'adapt',
    3,
    `
      (?:device_?|total_?|micro[ -]?)?batch[ _-]?(?:size|grosse)s?|max_seq_len|eval_tokens
      |seq(?:uence)?[ _-]?len(?:gth)?s?|sequenzlange|context (?:length|window|size)|longueur de sequence
      |longitud de secuencia|tamano de lote|taille de (?:batch|lot)
    `,
    `
      (?:what|which|how (?:big|large|deep|much|many)) {few}{few}(?:fits?|would fit|can (?:i|it) fit|settings
      |hyperparameters|hyperparams)(?: {few}{few}(?:card|gpu|gb|gib|memory|vram))?
    `,
    `
      fits? (?:in|into|on|within|onto) |make it (?:fit|smaller)|fit(?:ting)? (?:it|this|the model|everything)|passt (?:das
      |es|in|auf)
    `,
    String.raw`
      (?:adapt|adjust|tailor|scale|shrink|downscale|size|configure|tune|resize)(?:ing|s)? {few}{few}(?:for|to|down|up|it
      |this|settings|hardware|gpu|card|vram|memory|laptop)|adapt|anpass\w*|adapter (?:a|au|le|la)|adaptar?(?:lo)?
      |ajusta\w*|ajuster
    `,
    `
      (?:scale|scaling|shrink) (?:it |this |things )?down|smaller (?:model|gpu|card|settings|config|batch)|(?:lower|reduce
      |less|cut|halve) {few}(?:v?ram|memory|gpu memory|depth)(?: usage| use| footprint)?
    `,
    String.raw`
      (?:can|could|will|would) (?:my|this|a|the|our) [^\s]+ (?:[^\s]+ ){0,2}?(?:handle|cope|manage|run|train)|(?:whether
      |if) (?:my|this|a|the|our) [^\s]+ (?:can|could|will) (?:handle|cope|manage|run|train)
    `,
    `
      (?:short(?:er)?|longer) (?:context|sequences?)|quicker|evaluation (?:takes|eats|is too|costs)|rut|same (?:things?
      |ideas?) (?:over|again)
    `,
    `
      (?:memory|vram) (?:table|tables|budget|usage|footprint|headroom|needs?|requirements?)|how much (?:v?ram|memory)
      |grafikspeicher
    `,
    String.raw`
      (?:fast|strong|big|good|powerful|large) enough|fast(?:er)?|too slow|slow(?:er)?|speed(?: (?:it|this|things|training
      |up))*|throughput|mfu|tokens? per sec\w*|schneller|zu langsam|plus vite|plus rapide|mas rapido
    `,
    String.raw`
      (?:(?:been|is|are|stays?|went|gone) flat|stuck|plateau(?:ed|s|ing)?|stall(?:ed|s|ing)?|local (?:minimum|optimum)
      |flat ?lin(?:ed|ing)|(?:no|without) (?:more )?(?:progress|improvements?|gains?) (?:for|since|in)|hangt fest
      |festgefahren|steckt fest|bloque\w*|estancad\w*|converged)
    `,
    `
      (?:search|exploration|exploring) strateg(?:y|ies)|(?:widen|broaden) (?:the )?(?:search|exploration)|bolder
      |suchstrategie|strategie de recherche|estrategia de busqueda
    `,
  ),
  ...row(
    'adapt',
    2,
    `
      strateg(?:y|ies)|hardware|memory (?:ceiling|limit)|depth|n_layers?|(?:gpu|card) (?:settings|config)|grafikkarte
      |carte graphique|tarjeta(?: grafica)?
    `,
  ),
  ...row('adapt', 1, 'gpus?|cards?|vram|cuda|utili[sz]ation'),
  ...row(
    'card',
    0,
    String.raw`
      (?:nvidia )?(?:rtx|gtx|geforce|quadro|tesla)(?: ?(?:pro )?[a-z]?\d{3,4})?(?: ?(?:ti|super))*|(?:a|h|b|v|p|t|l)(?:100
      |200|40|40s|4|10|10g|30|6000)|gh200|[2-5]0[5-9]0(?: ?ti)?
    `,
  ),
  ...row(
    'card',
    0,
    '\\d+ ?(?:gb|gib|gigs?|go) (?:of )?(?:vram|cards?|gpus?)|(?:vram|card|gpu) {few}\\d+ ?(?:gb|gib|gigs?|go)',
  ),
  ...row('adapt', 1, '\\d+ ?(?:gb|gib|gigs?)'),
];

/** The charter. */
export const programming: readonly WishPattern[] = [
  ...row(
    'nothing',
    0,
    `
      (?:follow(?:ing|s)?|according to|as (?:per|in|described in|written in|stated in)|per|with|using|use|from
      |read(?:ing)?|(?:have|take) a look at|look(?:ing)? at|see|obey|nach|gemass|laut|befolge|lies|selon|suis|lis|segun
      |sigue|lee) ${programFile}(?! (?:is|has|lacks|misses|needs))
    `,
  ),
  ...row(
    'nothing',
    0,
    '(?:use|using|based on|from|with|given|take) {det}(?:last |latest )?results?(?:\\.tsv)?(?= .*program)',
  ),
  ...row(
    'program',
    3,
    `${writing} {few}{few}${programFile}`,
    `(?:what we tried|what has been tried|was wir (?:probiert|versucht) haben) {few}${programFile}`,
    `
      ${writing} {few}{few}(?:what[ -](?:has|was|have|we)(?:'ve)?[ -](?:already[ -])?(?:been[ -])?tried
      |(?:research )?(?:goals?|directions?|priorities|constraints?)(?: section)?|sections?|charter
      |(?:agent'?s? )instructions|instructions (?:given )?(?:to|for|of) (?:the|my) agent|forschungsplan|richtungen|ziele?)
    `,
    '(?:make|have) (?:it|the agent) (?:look|try|focus|work|search|explore)|(?:our|the|my|new) goal (?:is|was|should|will)',
    `
      (?:new|better|other|different|fresh) (?:priorities|directions?|goals?|constraints?|(?:research )?plan)|(?:in|into|to
      |under) (?:the )?what[ -]has[ -]been[ -]tried
    `,
    `
      (?:steer|point|nudge|push|guide|direct|tell|aim|focus) (?:it|{det}(?:next |coming )?(?:agent|loop|search|session
      |exploration|experiments?|night)|him|her) {few}(?:to|towards?|at|away|not|on)|(?:stop|quit) (?:trying|exploring
      |testing|changing)
    `,
    `
      (?:state|define|set|prioriti[sz]e|reprioriti[sz]e|reorder|rethink) {few}(?:goals?|directions?|priorities
      |constraints?|research agenda)
    `,
    'program\\.md (?:lacks?|misses|needs|is (?:missing|incomplete|empty|outdated|stale|old)|has no)|missing sections?',
  ),
  ...row('program', 2, programFile, 'charter|research (?:agenda|directions?|plan)|program mode'),
];

/** Getting to the first two numbers. */
export const settingUp: readonly WishPattern[] = [
  ...row(
    'setup',
    1,
    `
      (?:is|are|was|'s|been|got|have it|has|already|everything|all|fully|now|fertig) (?:all |already |fully |now |properly )*(?:set[ -]?up
      |installed|cloned|prepared|ready|eingerichtet|installiert)
    `,
    `
      (?:after|of|from|since|during) (?:the |my |our )?(?:set-?up|setting up|installation|einrichtung)|set-?up (?:is|was
      |has been) (?:done|finished|complete|over)|set-?up (?:done|complete)
    `,
  ),
  ...row(
    'setup',
    3,
    String.raw`
      set(?:ting)?[ -]?(?:it |this |that |everything |things |me |us |all |the (?:repo|repository|whole thing|project
      |environment|env|machine) |(?:\w+ ){0,3})?up|setup|set-up
    `,
    String.raw`
      (?:re)?install(?:s|ing|ation)?|clon(?:e|es|ing)|bootstrap\w*|initiali[sz]e|onboard\w*|checkout the repo|(?:want|need
      |give me|make|create) {few}(?:training )?repo(?:sitory)?|adopt(?:s|ing)?|make (?:it|this)(?: \w+){0,3} a lab
      |turn (?:it|this)(?: \w+){0,3} into a lab|uv sync|sync {few}(?:dependencies|deps|environment|env)
    `,
    String.raw`
      (?:install|get|fetch|download|prepare|prepar|build) {few}(?:dependencies|deps|data|dataset|shards?|tokeni[sz]er
      |environment|env|venv)|prepare\.py|prepare(?: {det}(?:everything|repo|repository|machine|it all|things|it|project))?
      |data prep(?:aration)?|tokeni[sz]er
    `,
    String.raw`
      (?:run|measure|get|do|establish|make|record|need|want|take|redo|check|lauf|miss|fais|haz) {few}(?:unmodified |plain )?(?:baseline
      |base line|ausgangswert|reference run)(?: run)?(?: numbers?)?|baseline (?:run|first|again|measurement)|(?:first|just
      |only|one|a|unmodified) baseline|unmodified (?:code|train\.py)
    `,
    `
      get {few}(?:going|working|to (?:work|run)|ready)|(?:want|need|like|get) {few}{few}(?:installed|prepared|cloned
      |adopted|set up)|(?:just |only )?(?:one|a) single (?:training )?run|(?:just|only) one (?:training )?run
      |zum laufen (?:bringen|kriegen|bekommen)|zum laufen
    `,
    String.raw`
      einricht\w*|aufsetz\w*|setz\w* {few}{few}auf|richte\w* {few}{few}{few}ein|installier\w*|klon\w*|vorbereit\w*
      |bereite\w* {few}{few}vor|configur(?:er|e|ez|a|ar)|installe[rz]?|mettre en place|mets? {few}en place
      |prepare[rz]? {few}(?:environnement|donnees)|instala\w*|configura\w*|clona\w*|prepara\w*|montar?(?:lo)?
    `,
  ),
  ...row(
    'setup',
    2,
    String.raw`
      (?:is|are) (?:uv|python|torch|cuda|pytorch) [^\s]+|do (?:i|we) have (?:everything|all)|(?:machine|box|everything
      |repo) (?:is )?(?:ready|there)
    `,
    `
      uv|modulenotfounderror|importerror|no module named|command not found|dependencies|venv|environment|umgebung|entorno
      |environnement|base ?line(?= first)
    `,
  ),
];
