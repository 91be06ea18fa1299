/**
 * The parts of Observable Plot and linkedom that draw. The build puts this file and everything behind it into dist/progress-picture.cjs,
 * which is read when a picture is asked for and never before: it is imported inside functions alone, by import().
 */
export { axisX, axisY, dot, gridY, line, link, plot, ruleY, text } from '@observablehq/plot';
export { parseHTML } from 'linkedom';
