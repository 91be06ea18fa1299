/**
 * What a progress record looks like. Patterns meet the start of a record only (200 characters) and hold bounded
 * quantifiers, so a long line costs nothing.
 */

/** How many characters of a record decide whether it tells progress. */
export const headLength = 200;

/** An error that names a step ("ValueError: bad batch at step 12") tells no progress. */
const errorWords = /[A-Za-z](?:Error|Exception|Warning)\b|out of memory/;

const progressPatterns: readonly RegExp[] = [
  // step 00123, Iter: 5, Train Epoch: 3, [epoch 4/10], global_step=77
  /(?:^|[\s[({|"'_])(?:step|iter|iteration|epoch|episode|batch|update|round|trial|fold)s?["']?[ \t]{0,4}[:=#[(]{0,2}[ \t]{0,6}\d/i,
  // tqdm:  45%|████▌     | 45/100 [00:10<00:12, 4.3it/s]
  /\d%\|/,
  /\d{1,12}\/(?:\d{1,12}|\?) \[/,
  // keras and pip bars: 12/100 [====>.....], ━━━━━━ 45%
  /[━█▉▊▋▌▍▎▏╸#=>-]{5}[^%]{0,40}\d{1,3}(?:\.\d{1,4})?%/,
  /^[ \t]{0,8}\[?[ \t]{0,8}\d{1,9}[ \t]?\/[ \t]?\d{1,9}\]?(?:[ \t|:,]|$)/,
  /^[ \t]{0,8}\[?[ \t]{0,3}\d{1,3}(?:\.\d{1,4})?[ \t]?%/,
  // the dictionaries of trainers: {'loss': 2.31, 'learning_rate': …, 'epoch': 0.4}
  /^\{['"]loss['"]: /,
];

/** True where a record tells how far a run is: a step, an epoch, a bar, a percentage at its start. */
export function isProgressRecord(record: string): boolean {
  const head = record.slice(0, headLength);
  if (errorWords.test(head)) return false;
  return /\d|loss/.test(head) && progressPatterns.some((pattern) => pattern.test(head));
}
