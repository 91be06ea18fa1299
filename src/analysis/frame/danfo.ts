/**
 * The part of danfojs-node that the lab uses. The build puts this file and everything behind it into dist/analysis-frame.cjs, which is read
 * when a frame is asked for and never before: it is imported inside functions alone, by import().
 */
export { DataFrame } from 'danfojs-node';
