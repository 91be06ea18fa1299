/** Words that ask for the whole way, for what came of a session, for the loop; and turns of speech that point the wrong way. Data only. */
import { row, type WishPattern } from './wish-pattern.ts';

const whole =
  '(?:whole|full|entire|complete|komplette[nrs]?|gesamte[nrs]?|ganze[nrs]?|complet|complete|entier|completo|entero)';
const wayOfAll = `(?:thing|workflow|walk-?through|process|procedure|cycle|pipeline|tour|journey|loop from|way|flow|routine|ablauf
    |prozess|durchgang|weg|processus|parcours|proceso|flujo|recorrido)`;

/** The whole way. */
export const walkthrough: readonly WishPattern[] = [
  ...row(
    'walkthrough',
    3,
    `(?:walk|guide|take|lead|talk) (?:me|us) through {det}(?:${whole} |all )?(?:[^\\s]+ )?${wayOfAll}`,
    String.raw`
      from (?:set-?up|install\w*|clon\w+|the clone) to {few}(?:results|adapt\w*|end|finish)
      |everything from (?:the )?(?:very )?(?:beginning|start|scratch)
    `,
    `
      (?:walk|guide|take|lead|talk) (?:me|us) through (?:it all|all|everything|autoresearch|the steps|each (?:step|mode)
      |every (?:step|mode))(?: of (?:it|this|them))?(?: (?:five )?(?:steps|modes|stages))?
    `,
    String.raw`
      ${whole} (?:[^\s]+ )?${wayOfAll}|${wayOfAll} ${whole}|tout(?:e)? (?:le|la) (?:parcours|processus|chemin|demarche)
      |todo el (?:recorrido|proceso|camino)
    `,
    '(?:the |los |les |die |alle )?(?:five|5|cinq|cinco|funf) (?:modes?|steps|stages|modos|pasos|etapes|modi|schritte)',
    '(?:a |the )?walk-?through',
    `
      all (?:the )?(?:five|5)(?: (?:of them|modes|steps|stages|phases))?|all (?:the )?(?:steps|modes|stages|phases)
      |every (?:mode|stage)|alle (?:funf )?(?:schritte|modi|phasen)|toutes les etapes|todos los (?:pasos|modos)
    `,
    `
      end[ -]to[ -]end|(?:from )?(?:start|a|beginning|zero|scratch) (?:to|till|until) (?:finish|z|end|the end|results
      |done)|soup to nuts|from the (?:very )?beginning to the end|von (?:anfang bis ende|vorne bis hinten|a bis z)
      |de a a z|du debut a la fin|de bout en bout|de principio a fin
    `,
    String.raw`
      everything(?:,)? (?:from .* to .*|step by step|end to end)|alles (?:schritt fur schritt|von anfang an)
      |fuhr\w* mich (?:komplett |ganz )?durch (?:alles|den ganzen|den kompletten|das ganze)(?: \w+)?
      |guide[- ]moi (?:a travers|dans) tout|guiame (?:por|en) todo|expli\w+ todo el (?:proceso|flujo)
    `,
  ),
];

/** Turns of speech whose single words would point the wrong way. */
export const turns: readonly WishPattern[] = [
  ...row(
    'nothing',
    0,
    'in the long run|run out of (?:time|ideas|patience)|first run|dry run|test run|as a result|no results? needed',
  ),
  ...row(
    'results',
    3,
    "run (?:me )?(?:the |some |last night's |through )*(?:numbers|figures|stats|statistics|results|analysis)",
  ),
  ...row(
    'next',
    3,
    String.raw`
      where (?:do|should|can) (?:i|we) (?:start|begin)|how (?:do|should|can|to)(?: i| we)? (?:get )?(?:start(?:ed)?|begin)
      |get(?:ting)? (?:me |us )?started|what now|now what|what(?: is|'s) (?:next|the next (?:step|thing))|what (?:should
      |do|can) (?:i|we) do (?:now|next|first)|next step|erste schritte|was (?:jetzt|nun|als nachstes|mache? ich (?:jetzt
      |nun|als nachstes))|wie geht(?: e|')s weiter|wo fange? ich an|par ou (?:je )?commenc\w+|et maintenant
      |por donde empiezo|y ahora que
    `,
  ),
  ...row(
    'results',
    3,
    `
      (?:what|which|welche|was|quelles?|que|cuales) {few}{few}(?:to try next|should (?:i|we|it) try next|try next)|(?:what
      |which) should {few}{few}(?:next|work on)|next (?:narrow )?famil(?:y|ies)(?: to try)?|(?:what|where) (?:to
      |should (?:i|we)) (?:try|look|explore) next
    `,
    String.raw`
      what (?:should |could |can )?(?:goes?|moves?|belongs?) (?:in|into|to|under) (?:.{0,20})?(?:what (?:has|have|was
      |we) (?:been |already )?tried|program\.md)
    `,
  ),
  ...row(
    'setup',
    3,
    'results? (?:of|from) {det}(?:setting up|set-?up|installation|baseline)|both (?:of )?(?:the |its )?numbers',
  ),
  ...row(
    'run',
    3,
    `
      set(?:ting)? up {det}(?:new |next |another |fresh |second |coming )*(?:sessions?|runs?|loop|night|experiments?
      |tonight)(?:'s)?(?: (?:run|session|experiments?))?
    `,
    `
      keep {few}(?:gpus?|machine|card|box|cards) (?:busy|warm|working|hot|going)|(?:for|over|through) the weekend
      |how far (?:we|it|you|i|they) can (?:push|get|take|bring|drive)
    `,
    'get {few}(?:experiments?|loop|session|agent|night|ratchet|iterations?) (?:going|started|running|rolling)',
  ),
  ...row(
    'results',
    3,
    `
      what {few}{few}(?:brought|gave|yielded|produced|turned up)|(?:show|tell|give) (?:me |us )?{few}(?:last night
      |letzte nacht|anoche|la nuit derniere)
    `,
  ),
  // "Program" as a verb, with no file.
  ...row(
    'run',
    3,
    String.raw`
      program (?:my|the|this|tonight|a|our) ?(?:night|evening|weekend|machine|gpu|box|run)?(?: to run)?(?!\.md
      | file)(?=.*(?:night|evening|weekend|run|morning)|$)
    `,
  ),
];

/** What came of it. */
export const looking: readonly WishPattern[] = [
  ...row(
    'results',
    3,
    'results?(?:\\.tsv)?|ergebnis(?:se|sen)?|resultat(?:e|s|en)?|resultados?|auswertung|bilan',
    String.raw`
      progress|leaderboard|scoreboard|plot(?:s|ted|ting)?|charts?|graph(?:s|en)?|picture|figure|curve|summary
      |summar(?:i[sz]e|ies)|recap|report|overview|status|debrief|fortschritt|ubersicht|zusammenfassung
      |fass\w* {few}zusammen|resume[rz]? (?:la|les|le|ce)|resumen|avance|progreso
    `,
    `
      (?:what|was) (?:happened|worked|helped|improved|failed|crashed|came out|got (?:kept|discarded)|stuck|changed|broke
      |ist {few}(?:passiert|(?:he)?rausgekommen|gewesen)|kam (?:heraus|raus)|did (?:it|the agent|we|i|they) (?:try|do|find
      |get|keep|learn))|que (?:paso|funciono)|qu'est-ce qui (?:a marche|s'est passe)|what {few}(?:gains?|wins?
      |improvements?|failures?|crashes)
    `,
    `
      (?:which|how many|welche[rns]?|wie viele?|quel(?:le)?s?|combien(?: de)?|cuantos?|cuales?) {few}{few}(?:experiments?
      |changes?|runs?|keeps?|ideas?|edits|rows|commits?|discards?|crashes|experimente|anderungen|(?:d'|l')?experiences?
      |experimentos|cambios)(?: {few}(?:helped|worked|failed|crashed|kept|won|improved|survived|ran|paid off))?
    `,
    'how much {few}(?:gain\\w*|improve\\w*|won|win|progress|better)',
    String.raw`
      how (?:did|is|are|was|were|has) {few}{few}(?:go|going|doing|do|went|gone|perform\w*|look(?:ing)?|far|turn out)
      |how far {few}(?:along|got|come|is)|wie (?:lief|lauft|war|weit|steht)|wie ist der stand|lauft (?:es|das|er|sie) noch
      |was gebracht|comment (?:ca|s'est|va)|como (?:va|fue|salio|quedo)
    `,
    String.raw`
      (?<=^(?:so |ok |hey |hi )*)(?:did|has|have|was|were) (?:it|we|the|any|anything|something|they|my|our|that|this
      |there) {few}{few}(?:beat\w*|improv\w*|work\w*|find|found|help\w*|crash\w*|finish\w*|g[eo]t|learn\w*|fail\w*|ma[kd]e
      |surviv\w*|happen\w*|progress|kept|keep|run|ran)
    `,
    String.raw`
      (?:gains?|improvements?|keeps?|wins?)(?: (?:is|are))?(?: [^\s]+)? real|(?:is|are) (?:it|that|this|these|those|they
      |the)(?: [^\s]+){0,2} real|noisy
    `,
    String.raw`
      (?:best|top|bestes?|meilleure?s?|mejor(?:es)?) (?:(?:\d+|two|three|five|ten|twenty) )?(?:val_bpb|bpb|loss|score
      |metric|number|run|commit|result|gains?|keep|keeps|one|so far|experiments?|change|changes|lauf|wert)s?|top \d+
      |best so far|biggest (?:gains?|wins?)|repeated failures?|keep rate|yield|success rate
    `,
    String.raw`
      (?:genuine|real|significant|true|actual) (?:gains?|improvements?|wins?|or (?:noise|luck|fluke))
      |within (?:the )?noise|(?:just|only|or) (?:noise|luck)|lucky|flukes?|anomal\w+|significan\w+|noise|outliers?
    `,
    String.raw`
      analy[sz](?:e|es|ing|is)|analysier\w*|analiza\w*|(?:compare|inspect|check|look at|go through
      |review) {few}(?:experiments?|runs?|rows?|session|log|numbers|history|night)|post-?mortem
    `,
    `
      (?:is|are|has|was) (?:it|the (?:loop|session|run|agent|night)|they|everything) (?:still )?(?:running|alive|done
      |finished|dead|over|working)|still running
    `,
  ),
  ...row(
    'results',
    2,
    `
      last night(?:'s)?(?: (?:run|session|experiments|numbers))?|(?:this|yesterday)(?:'s)? (?:morning|run|session)|(?:von
      |aus der) (?:gestern|letzten nacht)|letzte nacht|la nuit derniere|anoche
    `,
    'what (?:is|was) {det}baseline',
    String.raw`
      (?:run|session|experiment|loop|it|training|agent) (?:crash\w*|died|failed|stopped|hung|broke)|crash(?:ed|es)
      |why (?:did|is|was|does|has)
    `,
  ),
  ...row('results', 1, 'show|zeig\\w*|montre\\w*|muestra\\w*|display|tell me|look|see'),
];

/** What makes a run of "run": never the word after an article. */
export const running: readonly WishPattern[] = [
  ...row(
    'nothing',
    0,
    String.raw`
      (?:the|my|a|an|that|this|last|previous|each|every|one|same|long|failed|crashed|its|our|of|per|night's|these|those
      |which|first|second|current|running|stopped|whole|any|all|how) (?:\w+ )?runs?(?! (?:it|the|this|all|over|tonight
      |until|for|on))
    `,
    String.raw`
      runs? (?:keeps?|crash\w*|died|dies|failed|fails|is|are|was|were|has|had|took|takes|stopped|ended|got|gave|said|says)
      |sessions?|\d+ ?go
    `,
    '(?:loop|session|it|agent|training|run) (?:is|are) (?:still |already |now )?running',
    String.raw`
      (?:the|my|our|its|that|this) (?:loop|ratchet|training|agent|search)(?= (?:has|have|is|was|got|gets|seems?|looks?
      |keeps?|plateau\w*|stall\w*|stopped|died|crash\w*|hung|hangs|never|just|only|found|finds|makes?|made|tried|ended
      |\u0001))
    `,
    String.raw`
      (?:for|after|in|of|over|last|past|all|those|these|first) (?:\d+|many|several|few) (?:more )?(?:experiments?|runs?
      |iterations?)
    `,
  ),
  ...row(
    'run',
    3,
    `
      (?:do|start|launch|kick(?:ing)? off|begin|queue|fire up|give me|schedule|set off|restart|run) {few}(?:new |another |fresh )*(?:(?:the |an |a )?(?:loop
      |ratchet|experiments?|training|session|run|night|agent|autoresearch|search|experimentation|hunt))s?
    `,
    String.raw`
      (?:\d+|more|some|few|several|dozen|hundred|new|another|ein paar|mehr|weitere|otros|mas|plus d'
      |encore) (?:more )?(?:experiments?|runs?|iterations?|experimente|laufe|experiences|experimentos|trials|nights?
      |sessions?|rounds?)
    `,
    String.raw`
      over ?night|tonight|all night|through the night|(?:while|when) (?:i|we)(?: am|'m| are)? (?:sleep\w*|asleep
      |(?:am )?away|at lunch|out)|until (?:the )?morning|till morning|by (?:the )?morning|for ever|forever
      |over the weekend|uber nacht|uber ?nacht|heute nacht|die ganze nacht|diese nacht|toute la nuit|cette nuit
      |pendant la nuit|toda la noche|esta noche|durante la noche|bis morgen(?: fruh)?
    `,
    String.raw`
      let (?:it|him|her|them|the agent|'?er|this|'s) (?:run|rip|loose|go|cook|work|loop|train|roll|churn|grind)
      |lass\w* {few}(?:laufen|rennen|rattern)|weiterlaufen|laufen lassen|laisse\w* {few}tourner|deja\w* {few}(?:correr
      |corriendo)
    `,
    String.raw`
      keep (?:going|running|it (?:going|running)|iterating|trying|experimenting)|go on|carry on|continue|resum(?:e|ing)
      |pick(?:ing)? (?:[^\s]+ )?up|restart|weiter(?:machen|laufen)?|mach\w* weiter|fortsetz\w*|setz\w* {few}fort
      |continuer?|reprend(?:s|re|ez)|reprise|continua[r]?|sigue|reanuda\w*|seguir
    `,
    String.raw`
      iterat(?:e|ing)|hill-?climb|(?:beat|improve (?:on|over|upon)|outperform) (?:the |my |our )?baseline|(?:lower|reduce
      |decrease|improve|drive down|push down|minimi[sz]e|bring down|squeeze|get|verbesser\w*|senk\w*|baisser?
      |ameliore[rz]?|baja\w*|mejora\w*) {few}{few}(?:val_?bpb|bpb|val(?:idation)? loss|loss|perplexity|score
      |metric)(?: down| lower| further)?
    `,
    String.raw`
      try (?:out )?(?:\w+ ){0,4}(?:ideas?|things|variants?|changes|architectures?|optimizers?|hyperparameters|activations?
      |learning rates?|it all)|experiment with|explor(?:e|ing)
    `,
    '(?:the )?same (?:again|as (?:yesterday|before|last)|thing again)|(?:once|and) again|noch ?mal|encore une fois|otra vez',
    String.raw`
      runs?|running|start(?:e|en|et|er|s|ing)?|launch(?:es|ing)?|kick(?:ing)? (?:it |this |things )?off|begin|go(?: ahead
      | for it)?(?! (?:from|to|through|over|back|wrong|into)(?![\w-]))|train(?:ieren|iere)?|loop|ratchet|fire (?:it )?up
      |leg los|los geht'?s|fang\w* an|lauf(?:en)?|lance[rz]?|demarre[rz]?|entraine[rz]?|lanza\w*|ejecuta\w*|corre[r]?
      |inicia\w*|arranca\w*|empieza|entrena\w*|fuhr\w* {few}aus|vas-y|dale
    `,
  ),
  ...row(
    'run',
    2,
    String.raw`
      experiment(?:s|e|ing)?|better model|(?:improve|better) {few}(?:model|it|train\.py)|improve
      |optimi[sz]e {few}(?:train\.py|model|architecture|it|training)|experiences|experimentos
    `,
  ),
];
